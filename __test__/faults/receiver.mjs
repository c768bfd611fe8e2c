/** The receiving half of an end: the three ways in which messages, and streams cut off, come to the ledger. */
import { Buffer } from "node:buffer";
import { Checksum, checksumOf, Kind } from "./ledger.mjs";
import { isLastMessage } from "./messages.mjs";

/** @typedef {import("nodejs-websocket").Connection} Connection */
/** @typedef {import("nodejs-websocket").InStream} InStream */
/** @typedef {import("../support/random.mjs").Random} Random */

/** How long a slow reader takes for a piece, in milliseconds. */
const LONGEST_READ_MS = 30;

export class Receiver {
	/** The peer has sent its last message. */
	hasLast = false;
	/** @type {Connection} */
	#connection;
	/** @type {(kind: number, rest: Partial<import("./ledger.mjs").LedgerRecord>) => void} */
	#record;
	/** @type {() => void} */
	#onMessage;
	/** Messages begun. */
	count = 0;
	/** @type {Set<Promise<void>>} */
	#open = new Set();

	/**
	 * @param {Connection} connection
	 * @param {import("./plan.mjs").Reading} reading
	 * @param {Random} random
	 * @param {(kind: number, rest: Partial<import("./ledger.mjs").LedgerRecord>) => void} record
	 * @param {() => void} onMessage Called at the begin of each message.
	 */
	constructor(connection, reading, random, record, onMessage) {
		this.#connection = connection;
		this.#record = record;
		this.#onMessage = onMessage;
		if (reading === "message") {
			connection.on("message", (data) => this.#whole(data));
		} else if (reading === "stream") {
			connection.on("text", (text) => this.#whole(text));
			connection.on("binary", (stream) =>
				this.#track(this.#read(stream, random)),
			);
		} else {
			this.#track(this.#iterate());
		}
	}

	/** Everything that was begun has been read to its end, or cut off. */
	async finished() {
		while (this.#open.size > 0) await Promise.all(this.#open);
	}

	/** @param {Promise<void>} work */
	#track(work) {
		this.#open.add(work);
		work.finally(() => this.#open.delete(work));
	}

	/** @param {string | Buffer} data */
	#whole(data) {
		const isText = typeof data === "string";
		const bytes = isText ? Buffer.from(data) : data;
		this.#received(this.count++, isText, bytes.length, checksumOf(bytes));
		if (isText && isLastMessage(data)) this.hasLast = true;
		this.#onMessage();
	}

	/**
	 * @param {number} number
	 * @param {boolean} flag
	 * @param {number} length
	 * @param {number} checksum
	 */
	#received(number, flag, length, checksum) {
		this.#record(Kind.RECEIVED, { number, flag, length, checksum });
	}

	/** Ends with the connection; how that ended is told elsewhere. */
	async #iterate() {
		try {
			for await (const message of this.#connection) this.#whole(message);
		} catch {}
	}

	/**
	 * @param {InStream} stream
	 * @param {Random} random
	 */
	async #read(stream, random) {
		const number = this.count++;
		this.#onMessage();
		const checksum = new Checksum();
		const isSlow = random.chance(0.2);
		try {
			for await (const piece of stream) {
				checksum.update(piece);
				if (isSlow) {
					await new Promise((resolve) =>
						setTimeout(resolve, random.upTo(LONGEST_READ_MS)),
					);
				}
			}
		} catch {
			const { length } = checksum;
			this.#record(Kind.CUT_OFF, {
				number,
				length,
				checksum: checksum.digest(),
			});
			return;
		}
		this.#received(number, false, checksum.length, checksum.digest());
	}
}

/** The sending half of an end: messages of every kind, and pings, each with its record in the ledger. */
import { Buffer } from "node:buffer";
import { checksumOf, Kind } from "./ledger.mjs";
import { lastMessage, shortMessage } from "./messages.mjs";

/** @typedef {import("nodejs-websocket").Connection} Connection */
/** @typedef {import("./ledger.mjs").LedgerRecord} LedgerRecord */

const MOST_IN_A_BURST = 6;

/** Rarely a burst is a flood of short messages: more than a decoder delivers in one turn. */
const FLOOD_CHANCE = 0.002;
const FLOOD = 3000;

const LARGEST_PING = 125;

/** From this length on a Buffer that is sent may be kept by reference. */
const REFERENCE_BYTES = 32 * 1024;

/**
 * @typedef {object} SenderOptions
 * @property {(number: number) => import("./messages.mjs").Message} makeMessage
 * @property {import("../support/random.mjs").Random} random
 * @property {import("./waiting.mjs").Waiting} waiting Woken by 'drain', ended by 'close'.
 * @property {(kind: number, rest: Partial<LedgerRecord>) => void} record
 * @property {(what: string) => void} complain
 */

export class Sender {
	/** @type {Connection} */
	#connection;
	/** @type {SenderOptions} */
	#options;
	#messages = 0;
	#callbacks = 0;
	#pings = 0;

	/**
	 * @param {Connection} connection
	 * @param {SenderOptions} options
	 */
	constructor(connection, options) {
		this.#connection = connection;
		this.#options = options;
	}

	/** Some messages, as fast as the peer takes them. */
	async burst() {
		const { random, waiting } = this.#options;
		if (random.chance(FLOOD_CHANCE)) {
			for (let left = FLOOD; left > 0 && !waiting.isOver; left--)
				await this.#text(shortMessage(this.#messages));
		}
		for (let left = 1 + random.below(MOST_IN_A_BURST); left > 0; left--) {
			if (random.chance(0.1)) this.#ping();
			await this.#next();
		}
	}

	/** The last message. */
	async last() {
		await this.#text(lastMessage(this.#messages));
	}

	async #next() {
		const { makeMessage, waiting } = this.#options;
		if (waiting.isOver) return;
		const { data, isStreamed } = makeMessage(this.#messages);
		if (typeof data === "string") await this.#text(data);
		else if (isStreamed) await this.#stream(data);
		else await this.#binary(data);
	}

	/** @param {string} text */
	async #text(text) {
		this.#record(true, Buffer.from(text));
		await this.#handOver(this.#connection.sendText(text, this.#callback()));
	}

	/** @param {Buffer} data */
	async #binary(data) {
		this.#record(false, data);
		// The buffer is the program's own again from the callback on; a short one, which is copied, at once.
		const callback = this.#callback(() => data.fill(0));
		const hasRoom = this.#connection.sendBinary(data, callback);
		if (data.length < REFERENCE_BYTES) data.fill(0);
		await this.#handOver(hasRoom);
	}

	/** @param {Buffer} data */
	async #stream(data) {
		const { random, waiting, complain } = this.#options;
		this.#record(false, data);
		const out = this.#connection.beginBinary();
		if (out === undefined) return complain("got no OutStream");
		let isDone = false;
		out.on("drain", () => waiting.wake());
		out.on("close", () => {
			isDone = true;
			waiting.wake();
		});
		// Programs may do without: then nothing may be thrown.
		if (random.chance(0.5)) out.on("error", () => {});
		const most = random.pick([500, 5000, 50_000]);
		for (let at = 0; at < data.length && !isDone; ) {
			const piece = data.subarray(at, at + 1 + random.below(most));
			at += piece.length;
			const callback = this.#callback(() => piece.fill(0));
			if (!out.write(piece, callback))
				await waiting.until(() => isDone || !out.writableNeedDrain);
			if (random.chance(0.1)) this.#ping();
			if (random.chance(0.05))
				await waiting.until(() => isDone, random.upTo(20));
		}
		if (!isDone) out.end(this.#callback());
		await waiting.until(() => isDone);
	}

	#ping() {
		const { random, waiting, record } = this.#options;
		if (waiting.isOver) return;
		const number = this.#pings++;
		const text = `${number} `.padEnd(random.upTo(LARGEST_PING), ".");
		const payload = Buffer.from(text.slice(0, LARGEST_PING));
		const { length } = payload;
		record(Kind.PING_SENT, { number, length, checksum: checksumOf(payload) });
		this.#connection.sendPing(payload);
	}

	/** Waits where the peer is behind. @param {boolean | undefined} hasRoom */
	async #handOver(hasRoom) {
		if (hasRoom !== false) return;
		const { socket } = this.#connection;
		await this.#options.waiting.until(() => !socket.writableNeedDrain);
	}

	/** @param {() => void} [then] */
	#callback(then) {
		const { record } = this.#options;
		const number = this.#callbacks++;
		record(Kind.CALLBACK_GIVEN, { number });
		return (/** @type {Error | null | undefined} */ error) => {
			record(Kind.CALLBACK_CALLED, { number, flag: error != null });
			then?.();
		};
	}

	/**
	 * Before a message is sent.
	 *
	 * @param {boolean} flag It is text.
	 * @param {Buffer} bytes
	 */
	#record(flag, bytes) {
		const { length } = bytes;
		const number = this.#messages++;
		const checksum = checksumOf(bytes);
		this.#options.record(Kind.SENT, { number, flag, length, checksum });
	}
}

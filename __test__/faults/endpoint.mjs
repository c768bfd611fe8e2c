/**
 * One end of a connection: talks as the plan says until it has said everything, its peer has, or the connection is gone, and
 * keeps the ledger of it.
 */
import { Random } from "../support/random.mjs";
import { CLIENT, checksumOf, Kind, SERVER } from "./ledger.mjs";
import { conversationOf, randomOf } from "./plan.mjs";
import { Receiver } from "./receiver.mjs";
import { Sender } from "./sender.mjs";
import { Waiting } from "./waiting.mjs";

/** @typedef {import("nodejs-websocket").Connection} Connection */
/** @typedef {import("./ledger.mjs").LedgerRecord} LedgerRecord */

/**
 * What the ends of a process share.
 *
 * @typedef {object} EndpointOptions
 * @property {number} seed
 * @property {number} end CLIENT or SERVER.
 * @property {import("./messages.mjs").Messages} messages
 * @property {import("./ledger.mjs").LedgerWriter} ledger
 * @property {number} gapMs Mean time between two bursts of messages.
 * @property {"native" | "typescript"} engine Which is to serve.
 * @property {"native" | "socket"} transport What is to carry the bytes.
 * @property {(complaint: string) => void} complain
 */

const LONGEST_PAUSE_MS = 150;

export class Endpoint {
	/** Settles when the connection is gone and everything received of it has been read. */
	gone;
	/** @type {Connection} */
	#connection;
	/** @type {number} */
	#number;
	/** @type {EndpointOptions} */
	#options;
	#conversation;
	#random;
	#receiver;
	#sender;
	/** Over with the event 'close'. */
	#waiting = new Waiting();
	#isOpen = false;
	#hasBegun = false;
	/** Asked to come to an end. */
	#isWindingDown = false;
	#pings = 0;
	#pongs = 0;

	/**
	 * @param {Connection} connection Open, or connecting.
	 * @param {number} number Which connection it is.
	 * @param {EndpointOptions} options
	 */
	constructor(connection, number, options) {
		const { seed, end, messages } = options;
		this.#connection = connection;
		this.#number = number;
		this.#options = options;
		this.#conversation = conversationOf(seed, number);
		this.#random = randomOf(seed, number, end);
		/** @type {(kind: number, rest: Partial<LedgerRecord>) => void} */
		const record = (kind, rest) => this.#record(kind, rest);
		// When messages come is not the seed's to say: what is decided then must not shift what is decided otherwise.
		const receiving = Random.of(seed, number, end);
		this.#receiver = new Receiver(
			connection,
			this.#conversation.readings[end],
			receiving,
			record,
			() => {
				if (end === SERVER) this.#hasBegun = true;
				this.#waiting.wake();
				// In the middle of a chunk.
				if (receiving.chance(0.03)) this.#pause(receiving);
			},
		);
		this.#sender = new Sender(connection, {
			makeMessage: (index) => messages.make(number, end, index),
			random: this.#random,
			waiting: this.#waiting,
			record,
			complain: (what) => this.#complain(what),
		});
		this.#listen();
		this.gone = this.#settle();
	}

	/** The opening handshake is done. A server may have a word to say, then it waits for the client to begin. */
	open() {
		this.#isOpen = true;
		this.#record(Kind.OPENED);
		for (const what of /** @type {const} */ (["engine", "transport"])) {
			const used = this.#connection[what];
			if (used !== this.#options[what])
				this.#complain(`has the ${what} ${used}`);
		}
		this.#talk().catch((error) => this.#complain(String(error?.stack)));
	}

	/** Begins to talk. A server does so by itself, when its client has. */
	begin() {
		this.#hasBegun = true;
		this.#waiting.wake();
	}

	/** Says its last message soon. */
	windDown() {
		this.#isWindingDown = true;
		this.#waiting.wake();
	}

	#listen() {
		const connection = this.#connection;
		connection.on("ping", (_text, payload) =>
			this.#recordControl(Kind.PING_RECEIVED, this.#pings++, payload),
		);
		connection.on("pong", (_text, payload) =>
			this.#recordControl(Kind.PONG_RECEIVED, this.#pongs++, payload),
		);
		connection.on("drain", () => this.#waiting.wake());
		connection.on("close", (code) => {
			this.#record(Kind.CLOSE_EVENT, { code: code ?? 1005 });
			this.#waiting.end();
		});
		// Programs may do without: then nothing may be thrown.
		if (this.#random.chance(0.5))
			connection.on("error", (error) => this.#failed(error));
	}

	/** @param {Error & { code?: string }} error */
	#failed(error) {
		const code = error.code ?? "";
		const isNetwork = code === "ECONNRESET" || code === "EPIPE";
		const isLoss = code === "WS_ERR_CONNECTION_LOST";
		const isOpening = !this.#isOpen && code.startsWith("WS_ERR_HANDSHAKE_");
		if (!isNetwork && !isLoss && !isOpening)
			this.#complain(`told an error: ${error.stack}`);
	}

	async #settle() {
		const connection = this.#connection;
		const { code, wasClean } = await connection.closed;
		this.#record(Kind.CLOSED, { code, flag: wasClean });
		if (!this.#waiting.isOver)
			this.#complain("`closed` settled before 'close'");
		if (connection.readyState !== connection.CLOSED)
			this.#complain(`has the ready state ${connection.readyState}`);
		if (connection.outStream) this.#complain("has an open OutStream");
		await this.#receiver.finished();
	}

	async #talk() {
		const random = this.#random;
		const waiting = this.#waiting;
		const { greets, turns } = this.#conversation;
		if (greets && this.#options.end === SERVER) await this.#sender.burst();
		await waiting.until(() => this.#hasBegun);
		for (let turn = turns; turn > 0; turn--) {
			const gapMs = 2 * random.fraction() * this.#options.gapMs;
			await waiting.until(() => this.#isEnding, gapMs);
			if (this.#isEnding) break;
			if (random.chance(0.2)) this.#pause(random);
			await this.#sender.burst();
		}
		if (waiting.isOver) return;
		await this.#sender.last();
		await this.#part();
	}

	get #isEnding() {
		return (
			this.#waiting.isOver || this.#isWindingDown || this.#receiver.hasLast
		);
	}

	async #part() {
		const { closer, parting, code, reason } = this.#conversation;
		if (closer !== this.#options.end) return;
		if (parting === "agreed")
			await this.#waiting.until(() => this.#receiver.hasLast);
		if (this.#waiting.isOver) return;
		if (parting === "terminate") {
			this.#record(Kind.TERMINATE_CALLED);
			this.#connection.terminate();
		} else {
			const flag = this.#receiver.hasLast;
			this.#record(Kind.CLOSE_CALLED, { code: code ?? 1005, flag });
			this.#connection.close(code, reason);
		}
	}

	/** @param {Random} random */
	#pause(random) {
		const connection = this.#connection;
		connection.pause();
		setTimeout(() => connection.resume(), random.upTo(LONGEST_PAUSE_MS));
	}

	/** @param {number} kind @param {Partial<LedgerRecord>} [rest] */
	#record(kind, rest) {
		this.#options.ledger.write(kind, this.#number, this.#options.end, rest);
	}

	/** @param {number} kind @param {number} number @param {Buffer} payload */
	#recordControl(kind, number, payload) {
		const { length } = payload;
		this.#record(kind, { number, length, checksum: checksumOf(payload) });
	}

	/** @param {string} what */
	#complain(what) {
		const who = this.#options.end === CLIENT ? "client" : "server";
		this.#options.complain(`the ${who} of connection ${this.#number} ${what}`);
	}
}

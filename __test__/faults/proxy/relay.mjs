/** One connection through the proxy: a pipe each way, and the fault that the plan has for it. */
import { Random } from "../../support/random.mjs";
import { CLIENT, Kind, SERVER } from "../ledger.mjs";
import { connectionOf, faults, treatmentOf } from "../plan.mjs";
import { Pipe } from "./pipe.mjs";

/** @typedef {import("node:net").Socket} Socket */

/** A request line has to come within so many bytes. */
const MOST_BYTES = 1000;

const requestLine = /^GET (\S+) HTTP\/1\.1\r\n/;

/**
 * @typedef {object} RelayOptions
 * @property {number} seed
 * @property {import("../ledger.mjs").LedgerWriter} ledger
 * @property {() => Socket} connect Connects to the server.
 * @property {(complaint: string) => void} complain
 * @property {() => void} onGone Both sockets are closed.
 */

/**
 * Reads from `client` which connection it is, and relays it.
 *
 * @param {Socket} client
 * @param {RelayOptions} options
 */
export function relay(client, options) {
	let head = Buffer.alloc(0);
	const onData = (/** @type {Buffer} */ chunk) => {
		head = Buffer.concat([head, chunk]);
		const match = requestLine.exec(head.toString("latin1"));
		if (match === null && head.length < MOST_BYTES) return;
		client.off("data", onData);
		client.off("close", onClose);
		client.off("error", onError);
		const connection = connectionOf(match?.[1] ?? "");
		if (Number.isNaN(connection)) {
			options.complain(`no request: ${head.toString("latin1")}`);
			client.destroy();
			options.onGone();
			return;
		}
		new Relay(connection, client, options).begin(head);
	};
	const onClose = () => {
		options.complain("a client went away before its request");
		options.onGone();
	};
	const onError = () => {};
	client.on("data", onData).on("close", onClose).on("error", onError);
}

class Relay {
	/** @type {number} */
	#connection;
	/** @type {RelayOptions} */
	#options;
	#treatment;
	/** By end. @type {[Socket, Socket]} */
	#sockets;
	/** By sender. @type {[Pipe, Pipe]} */
	#pipes;
	/** By end: its socket has told that it sends nothing more. */
	#hasEnded = [false, false];
	/** By end: the proxy has reset it. */
	#wasReset = [false, false];
	#isFaulty = false;
	#open = 2;

	/**
	 * @param {number} connection
	 * @param {Socket} client
	 * @param {RelayOptions} options
	 */
	constructor(connection, client, options) {
		this.#connection = connection;
		this.#options = options;
		this.#treatment = treatmentOf(options.seed, connection);
		const server = options.connect();
		this.#sockets = [client, server];
		this.#pipes = [
			this.#pipe(client, server, CLIENT),
			this.#pipe(server, client, SERVER),
		];
		for (const end of [CLIENT, SERVER]) this.#watch(end);
	}

	/** @param {Buffer} head What the client has sent so far. */
	begin(head) {
		this.#pipes[CLIENT].receive(head);
	}

	/**
	 * @param {Socket} source
	 * @param {Socket} target
	 * @param {number} sender
	 */
	#pipe(source, target, sender) {
		const { fault, trigger } = this.#treatment;
		const strikes = fault !== null && trigger.end === sender;
		return new Pipe(
			source,
			target,
			this.#treatment,
			Random.of(this.#options.seed, this.#connection, sender),
			strikes ? () => this.#strike() : null,
		);
	}

	/** @param {number} end */
	#watch(end) {
		const socket = this.#sockets[end];
		socket.setNoDelay(true);
		socket.on("data", (chunk) => this.#pipes[end].receive(chunk));
		socket.on("end", () => {
			this.#hasEnded[end] = true;
		});
		socket.on("error", (error) => this.#failed(end, error));
		socket.on("close", () => this.#closed(end));
	}

	/** @param {number} end @param {NodeJS.ErrnoException} error */
	#failed(end, error) {
		if (this.#isFaulty) return;
		if (error.code === "ECONNRESET" || error.code === "EPIPE")
			this.#options.ledger.write(Kind.RESET, this.#connection, end);
		else this.#options.complain(`the proxy got ${error.message}`);
	}

	/** @param {number} end */
	#closed(end) {
		// An end that went without FIN, by itself, takes the other one with it.
		if (!this.#hasEnded[end] && !this.#wasReset[end]) this.#reset(1 - end);
		this.#pipes[1 - end].stop();
		this.#open--;
		if (this.#open > 0) return;
		for (const sender of [CLIENT, SERVER]) {
			const { messages, isFinished } = this.#pipes[sender];
			this.#options.ledger.write(Kind.PASSED, this.#connection, sender, {
				number: messages,
				flag: isFinished,
			});
		}
		this.#options.onGone();
	}

	#strike() {
		const { fault, trigger } = this.#treatment;
		if (fault === null || this.#isFaulty) return;
		this.#isFaulty = true;
		this.#options.ledger.write(Kind.FAULT, this.#connection, trigger.end, {
			number: faults.indexOf(fault),
		});
		const struck = this.#pipes[trigger.end];
		const other = this.#pipes[1 - trigger.end];
		switch (fault) {
			case "half-close":
				struck.finish();
				break;
			case "cut":
				other.release();
				struck.finish();
				other.finish();
				break;
			case "truncate":
				struck.finish();
				other.finish();
				break;
			case "reset":
				other.release();
				this.#resetBoth();
				break;
			case "truncate and reset":
				this.#resetBoth();
				break;
			case "reset one side":
				other.release();
				other.finish();
				this.#reset(1 - trigger.end);
		}
	}

	#resetBoth() {
		this.#reset(CLIENT);
		this.#reset(SERVER);
	}

	/** RST to an end. @param {number} end */
	#reset(end) {
		this.#wasReset[end] = true;
		const socket = this.#sockets[end];
		const pipe = this.#pipes[1 - end];
		pipe.isFinished = false;
		pipe.stop();
		// After a FIN the handle takes no reset.
		if (socket.writableEnded) socket.destroy();
		else socket.resetAndDestroy();
	}
}

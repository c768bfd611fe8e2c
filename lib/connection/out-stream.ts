import { Writable } from "node:stream";
import { plainBytes } from "../engine/buffer.js";
import { createError, WebSocketError } from "../errors.js";
import { ReadyState } from "../rfc6455/ready-state.js";
import type { SendCallback } from "../transport/link.js";

/** The method by which an OutStream sends the fragments of its message. */
export const sendFragment = Symbol("sendFragment");

/** What an OutStream needs of its connection. */
export interface OutStreamConnection {
	readonly readyState: number;
	outStream: OutStream | null;
	close(code?: number, reason?: string): void;
	/** Sends one fragment of a binary message; a connection that is not open drops it. */
	[sendFragment](
		payload: Uint8Array,
		isFirst: boolean,
		isFinal: boolean,
		callback?: SendCallback,
	): void;
}

/**
 * A binary message being sent: a Writable that gathers at least `minSize` bytes per frame, and ends the message when it
 * finishes.
 *
 * Where the connection ends before that it is destroyed: later writes are dropped and their callbacks get the error, which
 * is emitted only if somebody listens for 'error'.
 */
export class OutStream extends Writable {
	/** The connection the message is sent over. */
	readonly connection: OutStreamConnection;
	/** Least bytes in a frame that is not the last. */
	readonly minSize: number;
	/** Whether a frame of the message has been sent. */
	hasSent = false;
	#chunks: Uint8Array[] = [];
	#byteLength = 0;
	#isEnded = false;
	#isCutOff = false;

	/**
	 * @param connection an open connection
	 * @param minSize least bytes in a frame that is not the last
	 */
	constructor(connection: OutStreamConnection, minSize: number) {
		super();
		this.connection = connection;
		this.minSize = minSize;
		// First of all listeners, so that the connection is free again in the user's own 'finish'.
		this.on("finish", () => this.#release());
	}

	/** What has been written and not been sent. */
	get buffer(): Buffer {
		return Buffer.concat(this.#chunks, this.#byteLength);
	}

	override _write(
		chunk: Buffer,
		_encoding: BufferEncoding,
		callback: (error?: Error | null) => void,
	): void {
		const bytes = plainBytes(chunk);
		this.#byteLength += bytes.length;
		if (this.#byteLength < this.minSize) {
			// From the callback on the chunk is its writer's to use again.
			this.#chunks.push(Buffer.from(bytes));
			callback();
		} else {
			this.#chunks.push(bytes);
			this.#sendGathered(false, callback);
		}
	}

	override _final(callback: (error?: Error | null) => void): void {
		this.#sendGathered(true);
		callback();
	}

	override _destroy(
		error: Error | null,
		callback: (error?: Error | null) => void,
	): void {
		this.#release();
		// A message begun and not ended: the peer must not take it for complete, and nothing else can follow it.
		if (
			this.hasSent &&
			!this.#isEnded &&
			!this.#isCutOff &&
			this.connection.readyState === ReadyState.OPEN
		) {
			this.connection.close(1011, "A binary message was abandoned");
		}
		callback(error);
	}

	/** The connection has ended. @internal */
	cutOff(error: () => Error): void {
		this.#isCutOff = true;
		this.destroy(this.listenerCount("error") > 0 ? error() : undefined);
	}

	#release(): void {
		if (this.connection.outStream === this) this.connection.outStream = null;
	}

	#sendGathered(
		isFinal: boolean,
		callback?: (error?: Error | null) => void,
	): void {
		const payload = this.#chunks.length === 1 ? this.#chunks[0] : this.buffer;
		this.#chunks = [];
		this.#byteLength = 0;
		const isFirst = !this.hasSent;
		this.hasSent = true;
		this.#isEnded = isFinal;
		const done =
			callback &&
			((error?: Error | null) => this.#sent(error ?? null, callback));
		this.connection[sendFragment](payload, isFirst, isFinal, done);
	}

	#sent(error: Error | null, callback: (error?: Error | null) => void): void {
		if (error === null) {
			callback();
			return;
		}
		const lost =
			error instanceof WebSocketError
				? error
				: createError("WS_ERR_CONNECTION_LOST", { cause: error });
		// A write may fail before the connection is known to be lost. Destroyed first, so that the Writable does not emit the
		// error where nobody listens.
		this.cutOff(() => lost);
		callback(lost);
	}
}

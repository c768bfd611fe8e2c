/**
 * The seam between a connection and whatever carries its bytes.
 *
 * A Link owns the decoder, the encoder and the outbox of one connection. Session and Connection see only this interface,
 * so that a socket, a TLS stream, or I/O done in native code are the same to them.
 */
import type { DecoderSink, EngineName } from "../engine/engine.js";
import type { ErrorCode } from "../errors.js";

/** Called once when the data has left for the operating system (`null`), or when it never will (the error). */
export type SendCallback = (error?: Error | null) => void;

/** Where a Link reports: what the decoder has read, and what became of the transport. */
export interface LinkSink extends Omit<DecoderSink, "failure"> {
	/** So many bytes came from the transport; the events they hold follow. */
	received(byteLength: number): void;
	/** The bytes break a rule or a limit, or were taken away: the last event about bytes. */
	failure(failure: ErrorCode, detail?: string): void;
	/** The outbox is empty again after a send returned false. */
	drain(): void;
	/** The peer ended its side (FIN): no more bytes come. */
	ended(): void;
	/** The transport reported an error; `closed` follows. */
	failed(error: Error): void;
	/** The transport is gone. Comes exactly once, and last. */
	closed(): void;
}

export interface Link {
	readonly transport: "socket" | "native";
	readonly engine: EngineName;
	/** Bytes accepted by the sends that have not been handed to the operating system. */
	readonly bufferedAmount: number;
	/** Whether `bufferedAmount` is at least `bytes`: cheap, asked at every send. What was gathered may be flushed for it. */
	hasBuffered(bytes: number): boolean;
	/** Whether earlier output waits for the peer, and is at least `bytes`. If so, `drain` follows. */
	isCongested(bytes: number): boolean;
	/** Starts reading. Events go to `sink`; `head` are bytes that came behind the opening handshake. */
	open(sink: LinkSink, head: Uint8Array): void;
	/**
	 * Sends a frame with `text` as UTF-8. `first` is the frame's first byte (FIN, RSV, opcode).
	 *
	 * @returns false when the outbox is over its high-water mark; `drain` follows.
	 */
	sendText(first: number, text: string, callback?: SendCallback): boolean;
	/** Sends a frame with `payload`. A payload of 32 KiB or more may be held by reference until the callback. */
	sendBytes(
		first: number,
		payload: Uint8Array,
		callback?: SendCallback,
	): boolean;
	/** Hands the outbox to the transport now. */
	flush(): void;
	/** Stops reading, also in the middle of a chunk. */
	pause(): void;
	resume(): void;
	/** Sends what waits, then FIN. Reading goes on. */
	shutdown(): void;
	/** Ends the transport at once; what waits is handed to the operating system first as far as it takes it. */
	destroy(): void;
}

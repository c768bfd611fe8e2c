/**
 * The frame engine: what turns bytes into events and messages into frames.
 *
 * Two engines implement these interfaces, `native` (Rust, through N-API) and `typescript`. Given the same bytes and the
 * same limits they deliver the same events in the same order, however the bytes are cut; one contract suite and a
 * differential test hold them to it. An engine knows nothing of sockets, ready states or users.
 */
import type { DecoderFailure } from "../errors.js";
import type { DecoderLimits } from "../rfc6455/limits.js";

export type EngineName = "native" | "typescript";

/** Which end of the connection this endpoint is. A server receives masked frames and sends unmasked ones. */
export type Role = "server" | "client";

/**
 * Where a Decoder delivers what it has read. Calls come synchronously from within `feed` and `resume`, in the order of the
 * bytes. Buffers are views of the chunk that was fed, or of memory of their own; either way they belong to the receiver.
 */
export interface DecoderSink {
	/** A whole text message, valid UTF-8. */
	text(message: string): void;
	/** A whole binary message: one that arrived in one piece, or one for which `binaryBegin` answered "collect". */
	binary(message: Buffer): void;
	/**
	 * The first header of a binary message that is not here in one piece (or is longer than the limits for a collected
	 * one). The answer says how the rest is wanted: "collect" ends in `binary`, "stream" in pieces and `binaryEnd`.
	 */
	binaryBegin(): "collect" | "stream";
	/** A piece of a streamed binary message, never empty. */
	binaryData(piece: Buffer): void;
	/** The streamed binary message is complete. */
	binaryEnd(): void;
	ping(payload: Buffer): void;
	pong(payload: Buffer): void;
	/** A close frame; code 1005 and an empty reason where it has no payload. Whatever follows it is discarded unread. */
	close(code: number, reason: string): void;
	/** The bytes break a rule or a limit. Comes once, is the last event, and what follows is discarded unread. */
	failure(failure: DecoderFailure): void;
}

export interface DecoderOptions {
	role: Role;
	limits: DecoderLimits;
}

/**
 * A streaming parser for one connection: bytes in whatever cuts → events.
 *
 * It may stop in the middle of a chunk, because the sink called `suspend` or because `EVENTS_PER_TURN` events were
 * delivered in one call. It then keeps the rest itself; `resume` goes on where it stopped. While it holds a rest, further
 * chunks that are fed queue up behind it.
 */
export interface Decoder {
	/**
	 * Parses `chunk`, which it owns from here on (payloads are unmasked in place).
	 *
	 * @returns true when all that was fed has been delivered, false when a rest waits for `resume`.
	 * @throws TypeError (`WS_ERR_BUFFER`) where the chunk is not a Uint8Array, or its memory is shared or detached.
	 */
	feed(chunk: Uint8Array): boolean;
	/** Goes on after a stop. Returns as `feed` does. Does nothing while suspended; call `unsuspend` first. */
	resume(): boolean;
	/** Stops delivery after the event being delivered. Takes effect at once, also from within the sink. */
	suspend(): void;
	/** Lets delivery go on, by the `feed` it was stopped in if that has not returned, else by the next `resume`. */
	unsuspend(): void;
	/** Bytes held for messages that are not complete yet (text, and binary being collected). */
	readonly pendingBytes: number;
	/** Frees what the decoder holds. Nothing is delivered any more; feeding is allowed and does nothing. */
	destroy(): void;
}

/** After this many events `feed` and `resume` return, so that a chunk of tiny frames cannot hold the event loop. */
export const EVENTS_PER_TURN = 2048;

/**
 * Writes frames into an OutputArena. Stateless but for the random masks, so that one encoder serves all connections of a
 * role. `first` is the first byte of the frame: FIN, RSV and opcode.
 */
export interface Encoder {
	/** Appends a frame with `text` in UTF-8 (lone surrogates become U+FFFD). Returns the bytes appended. */
	text(arena: OutputArena, first: number, text: string): number;
	/** Appends a frame with a copy of `payload`, masked if this is a client's. Returns the bytes appended. */
	binary(arena: OutputArena, first: number, payload: Uint8Array): number;
	/**
	 * Appends only the header of a frame whose payload follows by reference. Servers only: a client has to mask a copy.
	 * Returns the bytes appended.
	 */
	header(arena: OutputArena, first: number, payloadLength: number): number;
}

/**
 * Output memory: frames are appended at `used`. When they do not fit, `reserve` puts a fresh slab in place; what was
 * written stays alive through the views taken of it, so slabs are never written twice.
 */
export interface OutputArena {
	/** The slab being filled. */
	slab: Buffer;
	/** Bytes of it that are taken. */
	used: number;
	/** Makes sure that `bytes` fit behind `used`, replacing the slab if they do not. */
	reserve(bytes: number): void;
}

export interface Engine {
	readonly name: EngineName;
	createDecoder(options: DecoderOptions, sink: DecoderSink): Decoder;
	createEncoder(role: Role): Encoder;
	/** Masks `length` bytes of `source` into `output` from `offset` on (call-compatible with bufferutil). */
	mask(
		source: Uint8Array,
		mask: Uint8Array,
		output: Uint8Array,
		offset: number,
		length: number,
	): void;
	/** Unmasks `buffer` in place (call-compatible with bufferutil). */
	unmask(buffer: Uint8Array, mask: Uint8Array): void;
	/** Whether `buffer` is valid UTF-8 (call-compatible with utf-8-validate). */
	isValidUTF8(buffer: Uint8Array): boolean;
}

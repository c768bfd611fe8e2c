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
	 * The first header of a binary message that is not here in one piece, is longer than the limits for a collected one, or
	 * is compressed. The answer says how the rest is wanted: "collect" ends in `binary`, "stream" in pieces and
	 * `binaryEnd`.
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
	/** The limits hold for messages as they are after inflating. */
	limits: DecoderLimits;
	/** Its owner never drops it without `destroy`: seeing to those that are dropped costs each connection some microseconds. */
	isOwned?: boolean;
	/** There where permessage-deflate was agreed on: RSV1 then marks compressed messages. */
	inflate?: InflateOptions;
}

/** How the peer compresses (RFC 7692), and how the decoder says that it can go on. */
export interface InflateOptions {
	/** The peer's matches reach back at most 2^windowBits bytes: 8 to 15. */
	windowBits: number;
	/** Whether the peer's messages may refer to those before them: a window is then kept between messages. */
	contextTakeover: boolean;
	/**
	 * Called from the event loop when a decoder that `isWaiting` can go on: `resume` has something to do. An engine that
	 * inflates within `feed` and `resume` never calls it.
	 */
	ready(): void;
}

/**
 * A streaming parser for one connection: bytes in whatever cuts → events.
 *
 * It may stop in the middle of a chunk: because the sink called `suspend`, because `EVENTS_PER_TURN` events were delivered or
 * `INFLATE_BYTES_PER_TURN` bytes inflated in one call, or because it waits for a thread to inflate. It then keeps the rest
 * itself; `resume` goes on where it stopped. While it holds a rest, further chunks that are fed queue up behind it.
 */
export interface Decoder {
	/**
	 * Parses `chunk`, which it owns from here on (payloads are unmasked in place).
	 *
	 * @returns true when all that was fed has been delivered, false when a rest waits for `resume`.
	 * @throws TypeError (`WS_ERR_BUFFER`) where the chunk is not a Uint8Array, or its memory is shared or detached; and `loss`
	 */
	feed(chunk: Uint8Array): boolean;
	/**
	 * Goes on after a stop. Returns as `feed` does. Does nothing while suspended (call `unsuspend` first) and while it
	 * waits.
	 */
	resume(): boolean;
	/** Stops delivery after the event being delivered. Takes effect at once, also from within the sink. */
	suspend(): void;
	/** Lets delivery go on, by the `feed` it was stopped in if that has not returned, else by the next `resume`. */
	unsuspend(): void;
	/**
	 * A receiver has transferred the memory of a chunk away that held more: nothing is delivered any more, as after `destroy`.
	 * `feed` or `resume` has thrown this error, unless the receiver threw one of its own. Else null.
	 */
	readonly loss: Error | null;
	/** Whether a thread inflates what is to be delivered next. `InflateOptions.ready` is called when it has. */
	readonly isWaiting: boolean;
	/** Bytes held for messages that are not complete yet (text, and binary being collected), as they are after inflating. */
	readonly pendingBytes: number;
	/** Frees what the decoder holds. Nothing is delivered any more; feeding is allowed and does nothing. */
	destroy(): void;
}

/** After this many events `feed` and `resume` return, so that a chunk of tiny frames cannot hold the event loop. */
export const EVENTS_PER_TURN = 2048;

/**
 * After so many bytes have come out of the inflater, or gone in, `feed` and `resume` return: a few bytes may become a
 * thousand times as many, and take the time that those take.
 */
export const INFLATE_BYTES_PER_TURN = 64 * 1024;

/** A piece this long is compressed within the call that brings it, in bytes; a longer one in slices, between other work. */
export const DEFLATE_NOW_BYTES = 64 * 1024;

/** How messages are compressed. The numbers are zlib's. */
export interface DeflaterOptions {
	/** Effort: 0 (none) to 9. */
	level: number;
	/** Size of the table of what occurred where: 2^(memoryLevel + 7) entries of two bytes at most; 1 to 9. */
	memoryLevel: number;
	/** Matches reach back at most 2^windowBits bytes: 9 to 15. (zlib cannot write raw streams with 8.) */
	windowBits: number;
	/** Whether messages refer to those before them: a window is then kept between messages. */
	contextTakeover: boolean;
}

/** Compresses the messages of one connection (RFC 7692 section 7.2.1), one piece after the other. */
export interface Deflater {
	/**
	 * Compresses `payload`, the next piece of a message, or all of it. What comes out is never empty; it ends in a flush, so
	 * that the peer can inflate all that has gone in. Of the last piece's flush the last four bytes (00 00 FF FF) are left
	 * out.
	 *
	 * @param isFinal the message ends with this piece
	 * @param done called from the event loop with what came out, which belongs to the receiver, where it takes longer; until
	 *   then `payload` must not change and `deflate` must not be called
	 * @returns what came out, valid until the engine is called again; null where `done` will bring it. A piece of up to
	 *   `DEFLATE_NOW_BYTES` is always done at once.
	 */
	deflate(
		payload: Uint8Array,
		isFinal: boolean,
		done: (bytes: Uint8Array) => void,
	): Uint8Array | null;
	/** Completes what is under way within this call, however long it takes: `done` is called before it returns. */
	finish(): void;
	/** Between messages: gives back the memory it keeps. The next message refers to none before it. */
	release(): void;
	/** Frees what it holds. What is under way is dropped, its `done` is not called. */
	destroy(): void;
}

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
	/** Takes no memory worth mentioning before the first message. */
	createDeflater(options: DeflaterOptions): Deflater;
	/** Memory that a deflater with context takeover keeps between messages, in bytes. Without takeover it keeps none. */
	deflaterBytes(options: DeflaterOptions): number;
	/** Memory that a decoder keeps between messages to inflate with context takeover, in bytes. */
	inflaterBytes(windowBits: number): number;
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

/**
 * The streaming parser of one connection: headers, unmasking, UTF-8, assembly and limits, in the order of the bytes.
 *
 * Law: whatever an event leads to, the state is that of after the event before the sink is called. So a sink may throw,
 * suspend or destroy at any event, and nothing is lost or repeated.
 *
 *   HEADER → PAYLOAD → FRAME_END → HEADER            every frame that takes the long way
 *   HEADER → BEGUN → PAYLOAD → …                     the first frame of a binary message that the sink was asked about
 *   PAYLOAD | FRAME_END → INFLATING → where it came from   of a compressed message, while something comes out
 *   HEADER → HEADER                                  a frame that is here in one piece (the short way)
 *
 * The short way allocates nothing but what it delivers.
 */
import { createError, type DecoderFailure } from "../../errors.js";
import { CloseCode, isValidCloseCode } from "../../rfc6455/close-code.js";
import {
	compressedLimit,
	type DecoderLimits,
	TINY_FRAGMENT_BYTES,
} from "../../rfc6455/limits.js";
import {
	FIN,
	isControl,
	MAX_CONTROL_PAYLOAD,
	Opcode,
	RSV1,
} from "../../rfc6455/opcode.js";
import { Assembly, copied } from "../assembly.js";
import {
	CHUNK_TAKEN,
	checkBytes,
	FastBuffer,
	type RawBuffer,
} from "../buffer.js";
import {
	type Decoder,
	type DecoderOptions,
	type DecoderSink,
	EVENTS_PER_TURN,
	INFLATE_BYTES_PER_TURN,
	type InflateOptions,
} from "../engine.js";
import {
	BROKEN,
	FrameHeader,
	MAX_HEADER_BYTES,
	NEED_MORE,
	parseHeader,
} from "./header.js";
import { INFLATE_LAST_BYTES, Inflater } from "./inflater.js";
import { highBits, rotateKey, unmaskRange, wordsOf } from "./mask.js";
import { decodeText } from "./text.js";
import {
	isValidRange,
	UTF8_ACCEPT,
	UTF8_REJECT,
	validateRange,
} from "./utf8.js";

// Flags.
const SERVER = 1;
/** `#run` is on the stack. */
const RUNNING = 2;
const SUSPENDED = 4;
/** After close, failure or destroy: nothing more is delivered. */
const ENDED = 8;
/** The text being assembled is not pure ASCII. */
const NON_ASCII = 16;
/** The message being received is compressed. */
const COMPRESSED = 32;
/** The inflater is busy, and says when it is not. */
const WAITING = 64;

// Where in a frame the decoder is.
const HEADER = 0;
const PAYLOAD = 1;
/** From here on a step can be taken without further bytes. The mode of a binary message was asked for. */
const BEGUN = 2;
/** The payload is complete, what it leads to was not delivered yet. */
const FRAME_END = 3;
/** What comes out of the inflater is delivered, before anything else is read. */
const INFLATING = 4;

/** A compressed payload goes to the inflater in pieces of this length, in bytes: so much may come of each. */
const INFLATE_STEP_BYTES = 16 * 1024;

// The data message being received.
const NONE = 0;
const TEXT = 1;
const COLLECT = 2;
const STREAM = 3;

const NOTHING = Buffer.alloc(0);

const header = new FrameHeader();

/** A call of zlib is counted as so many bytes more: for tiny messages it is all that they cost. */
const ZLIB_CALL_BYTES = 1024;

export class TypeScriptDecoder implements Decoder {
	readonly #sink: DecoderSink;
	readonly #limits: DecoderLimits;
	#flags: number;
	#phase = HEADER;
	/** The chunk being parsed, its length when it came, how far it is parsed, and those that were fed behind it. */
	#chunk: RawBuffer | null = null;
	#length = 0;
	#position = 0;
	#queue: RawBuffer[] | null = null;
	/** What is here of a header or of a control frame's payload that was cut. */
	#held: RawBuffer | null = null;
	#heldBytes = 0;
	/** The frame: first byte, payload bytes still to come, key for the next of them. */
	#first = 0;
	#remaining = 0;
	#key = 0;
	/** The message: kind, declared payload lengths so far, tiny fragments so far, state of its UTF-8, bytes held. */
	#message = NONE;
	#messageBytes = 0;
	#tinyFragments = 0;
	#utf8 = UTF8_ACCEPT;
	#assembly: Assembly | null = null;
	/** There where messages may be compressed. Made for the first that is. */
	readonly #inflate: InflateOptions | null;
	#inflater: Inflater | null = null;
	/** Where the decoder is when the inflater is through; HEADER where the frame, and with FIN the message, then ends. */
	#afterInflating = PAYLOAD;
	/** Bytes that came out of it: of this message, and in this turn, in which what went in counts, too. */
	#inflatedBytes = 0;
	#turnBytes = 0;
	#loss: Error | null = null;

	constructor(options: DecoderOptions, sink: DecoderSink) {
		this.#sink = sink;
		this.#limits = options.limits;
		this.#inflate = options.inflate ?? null;
		this.#flags = options.role === "server" ? SERVER : 0;
	}

	get loss(): Error | null {
		return this.#loss;
	}

	get pendingBytes(): number {
		return (this.#assembly?.length ?? 0) + (this.#inflater?.heldBytes ?? 0);
	}

	get isWaiting(): boolean {
		return (this.#flags & WAITING) !== 0;
	}

	feed(chunk: Uint8Array): boolean {
		checkBytes(chunk, "chunk");
		if ((this.#flags & ENDED) !== 0) return true;
		if (chunk.length !== 0) {
			const bytes =
				chunk instanceof Buffer
					? (chunk as RawBuffer)
					: new FastBuffer(chunk.buffer, chunk.byteOffset, chunk.length);
			if (this.#chunk === null) {
				this.#chunk = bytes;
				this.#length = bytes.length;
				this.#position = 0;
			} else {
				this.#queue ??= [];
				this.#queue.push(bytes);
			}
		}
		return this.#run();
	}

	resume(): boolean {
		return this.#run();
	}

	suspend(): void {
		this.#flags |= SUSPENDED;
	}

	unsuspend(): void {
		this.#flags &= ~SUSPENDED;
	}

	destroy(): void {
		this.#end();
	}

	/** Delivers until nothing is left, the turn is used up, or somebody stops it. Returns whether nothing is left. */
	#run(): boolean {
		if ((this.#flags & (RUNNING | SUSPENDED | WAITING)) !== 0)
			return !this.#hasRest();
		this.#flags |= RUNNING;
		this.#turnBytes = 0;
		try {
			let budget = EVENTS_PER_TURN;
			while (this.#advance()) {
				if (budget <= 0 || (this.#flags & (SUSPENDED | WAITING)) !== 0)
					return false;
				budget = this.#parse(this.#chunk as RawBuffer, budget);
			}
			return true;
		} catch (error) {
			// A receiver that took the chunk away and threw as well.
			if (this.#isTaken()) this.#lose();
			throw error;
		} finally {
			this.#flags &= ~RUNNING;
		}
	}

	#hasRest(): boolean {
		const chunk = this.#chunk;
		if (chunk === null) return false;
		return (
			this.#phase >= BEGUN ||
			this.#position < this.#length ||
			(this.#queue !== null && this.#queue.length !== 0)
		);
	}

	/** Goes on to the next chunk where one is used up. Returns whether there is something left to do. */
	#advance(): boolean {
		for (;;) {
			const chunk = this.#chunk;
			if (chunk === null) return false;
			if (this.#phase >= BEGUN || this.#position < this.#length) return true;
			this.#chunk = this.#queue?.shift() ?? null;
			this.#length = this.#chunk?.length ?? 0;
			this.#position = 0;
		}
	}

	/** Parses `chunk` from `#position` on, until its end or a stop. Returns how many events are left of `budget`. */
	#parse(chunk: RawBuffer, budget: number): number {
		const end = this.#length;
		if (this.#isTaken()) this.#lost();
		const words = wordsOf(chunk);
		let left = budget;
		for (;;) {
			const before = this.#position;
			if (before === end && this.#phase < BEGUN) return left;
			const delivered =
				this.#phase === HEADER
					? this.#frame(chunk, words, before, end)
					: this.#step(chunk, words, before, end);
			if (delivered) {
				left--;
				if ((this.#flags & ENDED) !== 0) return left;
				// A receiver that transfers its view to another thread takes the whole chunk away.
				if (chunk.length !== end && this.#isTaken()) this.#lost();
				if ((this.#flags & SUSPENDED) !== 0 || left === 0) return left;
			}
			if ((this.#flags & WAITING) !== 0) return left;
			if (this.#turnBytes >= INFLATE_BYTES_PER_TURN) return 0;
		}
	}

	/** Reads a header and, where the payload is here in one piece, the frame. Returns whether an event was delivered. */
	#frame(
		chunk: RawBuffer,
		words: DataView | null,
		position: number,
		end: number,
	): boolean {
		const server = (this.#flags & SERVER) !== 0;
		const message = this.#message;
		let start: number;
		if (this.#held === null) {
			const size = parseHeader(
				chunk,
				position,
				end,
				server,
				message !== NONE,
				this.#inflate !== null,
				header,
			);
			if (size === NEED_MORE) {
				this.#hold(chunk, position, end, MAX_HEADER_BYTES);
				return false;
			}
			if (size === BROKEN) return this.#fail(header.failure);
			start = position + size;
		} else {
			start = this.#heldHeader(chunk, position, end, server);
			if (start === NEED_MORE) return false;
			if (start === BROKEN) return this.#fail(header.failure);
		}

		const first = header.first;
		const length = header.length;
		const stop = start + length;
		const opcode = first & 0x0f;
		if (
			stop > end ||
			(first & FIN) === 0 ||
			(first & RSV1) !== 0 ||
			opcode === Opcode.CONTINUATION
		) {
			return this.#begin(start);
		}
		const key = header.key;
		if (opcode === Opcode.TEXT) {
			if (length > this.#limits.maxMessageBytes) {
				return this.#fail("WS_ERR_MESSAGE_TOO_BIG");
			}
			const high = server
				? unmaskRange(chunk, words, start, stop, key)
				: highBits(chunk, words, start, stop);
			this.#position = stop;
			if (high === 0) {
				this.#sink.text(chunk.latin1Slice(start, stop));
			} else if (isValidRange(chunk, start, stop)) {
				this.#sink.text(decodeText(chunk, start, stop));
			} else {
				return this.#fail("WS_ERR_INVALID_UTF8");
			}
			return true;
		}
		if (opcode === Opcode.BINARY) {
			const limits = this.#limits;
			if (length > limits.maxMessageBytes || length > limits.maxStreamBytes) {
				return this.#begin(start);
			}
			if (server) unmaskRange(chunk, words, start, stop, key);
			this.#position = stop;
			this.#sink.binary(
				new FastBuffer(chunk.buffer, chunk.byteOffset + start, length),
			);
			return true;
		}
		if (server) unmaskRange(chunk, words, start, stop, key);
		this.#position = stop;
		return this.#control(
			opcode,
			new FastBuffer(chunk.buffer, chunk.byteOffset + start, length),
		);
	}

	/** Completes the held header from `chunk`. Returns where the payload starts in it, `NEED_MORE` or `BROKEN`. */
	#heldHeader(
		chunk: RawBuffer,
		position: number,
		end: number,
		server: boolean,
	): number {
		const held = this.#held as RawBuffer;
		const before = this.#heldBytes;
		const known = this.#hold(chunk, position, end, MAX_HEADER_BYTES);
		const size = parseHeader(
			held,
			0,
			known,
			server,
			this.#message !== NONE,
			this.#inflate !== null,
			header,
		);
		if (size === NEED_MORE || size === BROKEN) return size;
		this.#held = null;
		return position + size - before;
	}

	/**
	 * Keeps what `chunk` has from `position` on, up to `capacity` bytes together with what is kept already, and consumes
	 * it. Returns how many bytes are kept.
	 */
	#hold(
		chunk: RawBuffer,
		position: number,
		end: number,
		capacity: number,
	): number {
		if (this.#held === null) {
			this.#held = Buffer.alloc(capacity) as RawBuffer;
			this.#heldBytes = 0;
		}
		const stop = Math.min(end, position + capacity - this.#heldBytes);
		chunk.copy(this.#held, this.#heldBytes, position, stop);
		this.#heldBytes += stop - position;
		this.#position = stop;
		return this.#heldBytes;
	}

	/** Starts the long way of the frame in `header`, whose payload starts at `start`. Returns whether an event was delivered. */
	#begin(start: number): boolean {
		const first = header.first;
		const opcode = first & 0x0f;
		this.#position = start;
		this.#first = first;
		this.#remaining = header.length;
		this.#key = header.key;
		if (isControl(opcode)) {
			this.#phase = PAYLOAD;
			return false;
		}
		if (opcode !== Opcode.CONTINUATION) {
			this.#messageBytes = 0;
			this.#tinyFragments = 0;
			this.#inflatedBytes = 0;
			if ((first & RSV1) !== 0) this.#flags |= COMPRESSED;
			else this.#flags &= ~COMPRESSED;
			if (opcode === Opcode.BINARY) {
				// "collect" unless the sink says otherwise, also where it throws: that is what the limits hold.
				this.#message = COLLECT;
				this.#phase = BEGUN;
				if (this.#sink.binaryBegin() === "stream") this.#message = STREAM;
				return true;
			}
			this.#message = TEXT;
			this.#utf8 = UTF8_ACCEPT;
			this.#flags &= ~NON_ASCII;
		}
		return this.#admit();
	}

	/** Holds the frame against the limits, before memory is taken for it. Returns whether it failed. */
	#admit(): boolean {
		const length = this.#remaining;
		const limits = this.#limits;
		const total = this.#messageBytes + length;
		let limit = this.#limit();
		if ((this.#flags & COMPRESSED) !== 0) limit = compressedLimit(limit);
		if (total > limit || length > Number.MAX_SAFE_INTEGER) {
			return this.#fail("WS_ERR_MESSAGE_TOO_BIG");
		}
		this.#messageBytes = total;
		const first = this.#first;
		const fragment =
			(first & FIN) === 0 || (first & 0x0f) === Opcode.CONTINUATION;
		if (fragment && length < TINY_FRAGMENT_BYTES) {
			this.#tinyFragments++;
			if (this.#tinyFragments > limits.maxFragments) {
				return this.#fail("WS_ERR_TOO_MANY_FRAGMENTS");
			}
		}
		this.#phase = length === 0 ? FRAME_END : PAYLOAD;
		return false;
	}

	/** What the message may have, in bytes. */
	#limit(): number {
		return this.#message === STREAM
			? this.#limits.maxStreamBytes
			: this.#limits.maxMessageBytes;
	}

	/** One step of the long way. Returns whether an event was delivered. */
	#step(
		chunk: RawBuffer,
		words: DataView | null,
		position: number,
		end: number,
	): boolean {
		if (this.#phase === PAYLOAD) {
			return this.#payload(chunk, words, position, end);
		}
		if (this.#phase === INFLATING) return this.#inflating();
		if (this.#phase === BEGUN) return this.#admit();
		this.#phase = HEADER;
		const opcode = this.#first & 0x0f;
		if (isControl(opcode)) {
			const held = this.#held as RawBuffer;
			const payload = new FastBuffer(
				held.buffer,
				held.byteOffset,
				this.#heldBytes,
			);
			this.#held = null;
			return this.#control(opcode, payload);
		}
		const isCompressed = (this.#flags & COMPRESSED) !== 0;
		if ((this.#first & FIN) === 0) {
			// Who sends a message bit by bit wants it read so.
			if (isCompressed && this.#message === STREAM) {
				this.#inflaterInUse().flush();
				this.#phase = INFLATING;
				this.#afterInflating = HEADER;
			}
			return false;
		}
		return isCompressed ? this.#inflateLast(NOTHING) : this.#messageEnd();
	}

	#inflaterInUse(): Inflater {
		this.#inflater ??= new Inflater(this.#inflate as InflateOptions, () =>
			this.#inflated(),
		);
		return this.#inflater;
	}

	/** The inflater is not busy any more. */
	#inflated(): void {
		if ((this.#flags & WAITING) === 0) return;
		this.#flags &= ~WAITING;
		this.#inflate?.ready();
	}

	/** Delivers what has come out of the inflater, or goes on where it is through. Returns whether an event was delivered. */
	#inflating(): boolean {
		const inflater = this.#inflaterInUse();
		const piece = inflater.take();
		if (piece !== null) return this.#inflatedPiece(piece);
		if (inflater.proceed()) {
			this.#phase = this.#afterInflating;
			if (this.#phase !== HEADER || (this.#first & FIN) === 0) return false;
			return this.#messageEnd();
		}
		if (inflater.isBroken) return this.#fail("WS_ERR_INVALID_COMPRESSION");
		this.#flags |= WAITING;
		return false;
	}

	/** How many bytes of a payload go to the inflater now, where `here` are here: all of them where the message ends with them. */
	#inflateStep(here: number): number {
		const isLast = here === this.#remaining && (this.#first & FIN) !== 0;
		return Math.min(
			here,
			isLast && here <= INFLATE_LAST_BYTES ? here : INFLATE_STEP_BYTES,
		);
	}

	/** Inflates what is left of a message. Returns whether an event was delivered. */
	#inflateLast(bytes: Uint8Array): boolean {
		const whole = this.#inflaterInUse().end(bytes);
		this.#afterInflating = HEADER;
		if (whole === null || this.#message === STREAM) {
			this.#phase = INFLATING;
			return whole !== null && whole.length > 0 && this.#inflatedPiece(whole);
		}
		this.#phase = HEADER;
		if (this.#failsInflated(whole)) return true;
		if (this.#message === COLLECT) {
			this.#message = NONE;
			this.#sink.binary(copied(whole, true));
			return true;
		}
		if (this.#utf8 !== UTF8_ACCEPT) return this.#fail("WS_ERR_INVALID_UTF8");
		this.#deliverText(whole as RawBuffer);
		return true;
	}

	#inflatedPiece(piece: Buffer): boolean {
		if (this.#failsInflated(piece)) return true;
		if (this.#message === STREAM) {
			// In memory of its own: zlib's output may share some with what is not the receiver's.
			this.#sink.binaryData(copied(piece, false));
			return true;
		}
		this.#assembly ??= new Assembly();
		this.#assembly.append(piece);
		return false;
	}

	/** Holds what has come out of the inflater against the limits, and the encoding of a text. Returns whether it failed. */
	#failsInflated(piece: Buffer): boolean {
		const before = this.#inflatedBytes;
		this.#inflatedBytes += piece.length;
		this.#turnBytes += piece.length;
		const limit = this.#limit();
		const isOver = this.#inflatedBytes > limit;
		if (this.#message === TEXT) {
			// In the order of the bytes: those within the limit are looked at before it.
			const end = isOver ? limit - before : piece.length;
			const high = highBits(piece, wordsOf(piece), 0, end);
			if (high !== 0 || this.#utf8 !== UTF8_ACCEPT) {
				this.#flags |= NON_ASCII;
				this.#utf8 = validateRange(piece, 0, end, this.#utf8);
				if (this.#utf8 === UTF8_REJECT)
					return this.#fail("WS_ERR_INVALID_UTF8");
			}
		}
		return isOver && this.#fail("WS_ERR_MESSAGE_TOO_BIG");
	}

	/** Takes what `chunk` has of the frame's payload. */
	#payload(
		chunk: RawBuffer,
		words: DataView | null,
		start: number,
		end: number,
	): boolean {
		const isInflated =
			(this.#flags & COMPRESSED) !== 0 && !isControl(this.#first & 0x0f);
		const here = Math.min(this.#remaining, end - start);
		const count = isInflated ? this.#inflateStep(here) : here;
		const stop = start + count;
		let high: number;
		if ((this.#flags & SERVER) !== 0) {
			high = unmaskRange(chunk, words, start, stop, this.#key);
			this.#key = rotateKey(this.#key, count);
		} else {
			high = highBits(chunk, words, start, stop);
		}
		this.#remaining -= count;
		this.#position = stop;
		if (this.#remaining === 0) this.#phase = FRAME_END;
		if (isControl(this.#first & 0x0f)) {
			this.#hold(chunk, start, stop, MAX_CONTROL_PAYLOAD);
			return false;
		}
		const piece = new FastBuffer(chunk.buffer, chunk.byteOffset + start, count);
		if (isInflated) {
			this.#turnBytes += count + ZLIB_CALL_BYTES;
			if (this.#phase === FRAME_END && (this.#first & FIN) !== 0)
				return this.#inflateLast(piece);
			this.#inflaterInUse().push(piece);
			this.#afterInflating = this.#phase;
			this.#phase = INFLATING;
			return false;
		}
		if (this.#message === STREAM) {
			this.#sink.binaryData(piece);
			return true;
		}
		if (this.#message === TEXT && (high !== 0 || this.#utf8 !== UTF8_ACCEPT)) {
			this.#flags |= NON_ASCII;
			this.#utf8 = validateRange(chunk, start, stop, this.#utf8);
			if (this.#utf8 === UTF8_REJECT) return this.#fail("WS_ERR_INVALID_UTF8");
		}
		this.#assembly ??= new Assembly();
		this.#assembly.append(piece, this.#remaining);
		if (this.#assembly.isLost) this.#lost();
		return false;
	}

	/** The last frame of a data message is complete. */
	#messageEnd(): boolean {
		const message = this.#message;
		const assembly = this.#assembly;
		if (message === TEXT && this.#utf8 !== UTF8_ACCEPT) {
			return this.#fail("WS_ERR_INVALID_UTF8");
		}
		this.#message = NONE;
		this.#assembly = null;
		if (message === STREAM) {
			this.#sink.binaryEnd();
			return true;
		}
		const whole = (
			assembly === null ? Buffer.alloc(0) : (assembly.take() ?? this.#lost())
		) as RawBuffer;
		if (message === COLLECT) this.#sink.binary(whole);
		else this.#deliverText(whole);
		return true;
	}

	#deliverText(bytes: RawBuffer): void {
		this.#message = NONE;
		this.#sink.text(
			(this.#flags & NON_ASCII) !== 0
				? decodeText(bytes, 0, bytes.length)
				: bytes.latin1Slice(0, bytes.length),
		);
	}

	/** A whole control frame, unmasked. */
	#control(opcode: number, payload: RawBuffer): true {
		if (opcode === Opcode.PING) this.#sink.ping(payload);
		else if (opcode === Opcode.PONG) this.#sink.pong(payload);
		else this.#close(payload);
		return true;
	}

	/** RFC 6455 section 5.5.1. */
	#close(payload: RawBuffer): void {
		const length = payload.length;
		let code: number = CloseCode.NO_STATUS;
		let reason = "";
		// "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer"
		if (length === 1) {
			this.#fail("WS_ERR_CLOSE_PAYLOAD");
			return;
		}
		if (length > 1) {
			code = (payload[0] << 8) | payload[1];
			if (!isValidCloseCode(code)) {
				this.#fail("WS_ERR_CLOSE_CODE");
				return;
			}
			if (!isValidRange(payload, 2, length)) {
				this.#fail("WS_ERR_INVALID_UTF8");
				return;
			}
			reason = payload.utf8Slice(2, length);
		}
		this.#end();
		this.#sink.close(code, reason);
	}

	#fail(failure: DecoderFailure): true {
		this.#end();
		this.#sink.failure(failure);
		return true;
	}

	/** Nothing more is delivered; what is held is let go. */
	#end(): void {
		this.#flags = (this.#flags | ENDED) & ~WAITING;
		this.#inflater?.destroy();
		this.#phase = HEADER;
		this.#chunk = null;
		this.#queue = null;
		this.#held = null;
		this.#assembly = null;
	}

	/** Whether the memory of the chunk is gone, and there was more in it. */
	#isTaken(): boolean {
		const chunk = this.#chunk;
		return (
			chunk !== null &&
			chunk.length !== this.#length &&
			this.#position < this.#length
		);
	}

	#lose(): Error {
		this.#end();
		this.#loss = createError("WS_ERR_BUFFER", { detail: CHUNK_TAKEN });
		return this.#loss;
	}

	#lost(): never {
		throw this.#lose();
	}
}

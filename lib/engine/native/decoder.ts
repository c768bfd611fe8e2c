/**
 * The native decoder's side in JavaScript: it passes chunks in, and turns the records that come out into calls of the sink.
 *
 * The addon parses a batch of records ahead of their delivery. Law: a record is taken off before the sink is called with
 * it, so a sink may throw, suspend, feed or destroy at any event, and nothing is lost or repeated.
 */
import { createError, decoderFailureCodes } from "../../errors.js";
import { Assembly } from "../assembly.js";
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
} from "../engine.js";
import { Kind, MORE, WORDS_PER_RECORD } from "./binding.js";
import type { DecoderHost } from "./host.js";
import { rebase } from "./rebase.js";
import type { Slot } from "./slots.js";

/**
 * Whether non-ASCII texts become strings natively, by way of UTF-16. Until Node 22 that is 1.2 to 7 times as fast as
 * `utf8Slice` from 32 bytes on; since Node 24 `utf8Slice` is 1.2 to 10 times as fast at every length.
 */
const NATIVE_TEXT = Number.parseInt(process.versions.node, 10) < 24;

/** Shorter texts are not worth the call. */
const MIN_NATIVE_TEXT_BYTES = 32;

/** From so many bytes to come on they are received where they are to be. */
const MIN_PLACED_BYTES = 16 * 1024;

/** The chunk of records that are about no bytes. */
const NO_BYTES = Buffer.alloc(0) as RawBuffer;

/**
 * ASCII texts that follow each other become one string of up to so many bytes, headers and all, from which each is cut: asking
 * Node for a string costs more than making a short one. A text that is kept keeps at most that string alive.
 */
const JOINT_TEXT_BYTES = 512;

/** How a binary message is wanted, as `feed` takes it. */
const NOT_ASKED = 0;
const COLLECT = 1;
const STREAM = 2;

export class NativeDecoder implements Decoder {
	readonly #host: DecoderHost;
	readonly #sink: DecoderSink;
	readonly #slot: Slot;
	/** The chunk being parsed, its length when it came, how far it is parsed, and those that were fed behind it. */
	#chunk: RawBuffer | null = null;
	#length = 0;
	#position = 0;
	/** Where the bytes end in a chunk whose memory is also that of others, and not to be kept for long; 0 in any other. */
	#sharedEnd = 0;
	#queue: RawBuffer[] | null = null;
	/** Whether the addon has more to say about the chunk. */
	#more = false;
	/** Records that were not delivered before a stop, copied. */
	#saved: Uint32Array | null = null;
	#answer = NOT_ASKED;
	#assembly: Assembly | null = null;
	/** Whether the reactor receives the rest of a frame into the room of the assembly. */
	#isPlacing = false;
	/** Bytes of an incomplete text or compressed message that the addon holds. */
	#heldBytes = 0;
	/** Bytes that were inflated in this turn, or came out of that. */
	#inflatedBytes = 0;
	#running = false;
	#suspended = false;
	/** After close, failure or destroy: nothing more is delivered. */
	#ended = false;
	#loss: Error | null = null;

	constructor(host: DecoderHost, options: DecoderOptions, sink: DecoderSink) {
		this.#host = host;
		this.#sink = sink;
		this.#slot = host.allocate(this, options);
	}

	/** What is to be inflated is inflated in the call. */
	get isWaiting(): boolean {
		return false;
	}

	get loss(): Error | null {
		return this.#loss;
	}

	get pendingBytes(): number {
		return this.#heldBytes + (this.#assembly?.length ?? 0);
	}

	feed(chunk: Uint8Array): boolean {
		checkBytes(chunk, "chunk");
		if (this.#ended) return true;
		if (chunk.length !== 0) {
			const bytes =
				chunk instanceof Buffer
					? (chunk as RawBuffer)
					: new FastBuffer(chunk.buffer, chunk.byteOffset, chunk.length);
			if (this.#chunk === null) this.#begin(bytes);
			else {
				this.#queue ??= [];
				this.#queue.push(bytes);
			}
		}
		return this.#run();
	}

	resume(): boolean {
		return this.#run();
	}

	/** The number of the native half. */
	get slotIndex(): number {
		return this.#slot.index;
	}

	/**
	 * Delivers bytes that the addon has parsed with the native half of this decoder, which has no rest.
	 *
	 * @param slab where the bytes are; it stays alive as long as a view of it
	 * @param words from `at` on: where in the slab they start and end, what `feed` writes before its records with the number
	 *   of those and whether there is more, and the records
	 * @returns as `feed`
	 */
	feedParsed(slab: RawBuffer, words: Uint32Array, at: number): boolean {
		if (this.#ended) return true;
		const host = this.#host;
		const start = at + 6;
		const end = start + words[at + 4] * WORDS_PER_RECORD;
		this.#more = words[at + 5] !== 0;
		// What is left for later must not take what follows it in the slab for its own.
		const isWhole = !this.#more && !this.#suspended;
		this.#chunk = isWhole
			? slab
			: (slab.subarray(0, words[at + 1]) as RawBuffer);
		this.#length = this.#chunk.length;
		this.#position = words[at] + words[at + 2];
		this.#sharedEnd = words[at + 1];
		this.#heldBytes = words[at + 3];
		if (this.#suspended && end > start) this.#save(words.slice(start, end));
		let isDone = false;
		try {
			isDone = this.#run(words, start, end);
		} finally {
			if (!isDone && this.#sharedEnd > 0) host.kept |= host.slabBit;
			if (isDone) this.#placeRest();
		}
		return isDone;
	}

	/**
	 * Delivers what the addon has parsed of bytes that it has received into the room that it was given.
	 *
	 * @param words as in `feedParsed`; the first record is that of the bytes
	 * @returns as `feed`
	 */
	feedPlaced(words: Uint32Array, at: number): boolean {
		const assembly = this.#assembly;
		if (this.#ended || assembly === null) return true;
		const start = at + 6 + WORDS_PER_RECORD;
		const end = at + 6 + words[at + 4] * WORDS_PER_RECORD;
		assembly.advance(words[at + 2]);
		this.#isPlacing = assembly.room !== null;
		this.#begin(NO_BYTES);
		this.#more = words[at + 5] !== 0;
		this.#heldBytes = words[at + 3];
		if (this.#suspended && end > start) this.#save(words.slice(start, end));
		return this.#run(words, start, end);
	}

	/** Saves records for later, behind the end of a message whose bytes were placed: it is about none of a chunk. */
	#save(records: Uint32Array): void {
		const saved = this.#saved;
		if (saved === null) this.#saved = records;
		else {
			this.#saved = new Uint32Array(saved.length + records.length);
			this.#saved.set(saved);
			this.#saved.set(records, saved.length);
		}
	}

	/** Has the rest of a frame received into the final memory of its message, where that is worth a call. */
	#placeRest(): void {
		if (this.#isPlacing || this.#assembly === null) return;
		const { room } = this.#assembly;
		if (room === null || room.length < MIN_PLACED_BYTES) return;
		const { binding } = this.#host;
		this.#isPlacing = binding.reactorPlace(this.#slot.index, room);
	}

	suspend(): void {
		this.#suspended = true;
		this.#unshare();
	}

	unsuspend(): void {
		this.#suspended = false;
	}

	destroy(): void {
		this.#end();
	}

	/**
	 * Delivers until nothing is left, the turn is used up, or somebody stops it; first of all the records at start..end of
	 * `words`. Returns whether nothing is left.
	 */
	#run(words: Uint32Array | null = null, start = 0, end = 0): boolean {
		if (this.#running || this.#suspended || this.#chunk === null) {
			if (this.#suspended) this.#unshare();
			return !this.#hasRest();
		}
		const host = this.#host;
		this.#running = true;
		host.depth++;
		try {
			let budget = EVENTS_PER_TURN;
			this.#inflatedBytes = 0;
			if (words !== null) budget = this.#deliver(words, start, end, budget);
			while (this.#hasRest()) {
				if (
					budget <= 0 ||
					this.#suspended ||
					this.#inflatedBytes >= INFLATE_BYTES_PER_TURN
				) {
					return false;
				}
				const saved = this.#saved;
				this.#saved = null;
				budget =
					saved === null
						? this.#batch(budget)
						: this.#deliver(saved, 0, saved.length, budget);
			}
			if (this.#chunk !== null) this.#chunk = null;
			return true;
		} catch (error) {
			// A receiver that took the chunk away and threw as well.
			if (this.#chunk?.length !== this.#length && this.#hasRest()) this.#lose();
			throw error;
		} finally {
			host.depth--;
			this.#running = false;
			if (this.#suspended) this.#unshare();
		}
	}

	#hasRest(): boolean {
		return (
			this.#saved !== null ||
			this.#more ||
			(this.#queue !== null && this.#queue.length !== 0)
		);
	}

	#begin(chunk: RawBuffer): void {
		this.#chunk = chunk;
		this.#length = chunk.length;
		this.#position = 0;
		this.#sharedEnd = 0;
		this.#more = true;
	}

	/** Moves what is left of a shared chunk to memory of its own: whoever suspends may do so for long. */
	#unshare(): void {
		const chunk = this.#chunk;
		const end = this.#sharedEnd;
		if (end === 0 || this.#running || chunk === null || !this.#hasRest())
			return;
		this.#sharedEnd = 0;
		const saved = this.#saved;
		const from =
			saved === null ? this.#position : rebase(saved, this.#position);
		// Not from Node's pool: that is shared, too.
		const rest = Buffer.allocUnsafeSlow(end - from);
		rest.set(chunk.subarray(from, end));
		this.#chunk = rest as RawBuffer;
		this.#length = rest.length;
		this.#position -= from;
	}

	/** Has the addon parse on, and delivers what it found. Returns how many events are left of `budget`. */
	#batch(budget: number): number {
		if (!this.#more) this.#begin(this.#queue?.shift() as RawBuffer);
		if (this.#chunk?.length !== this.#length) this.#lost();
		const host = this.#host;
		const words = host.records();
		const result = host.binding.feed(
			this.#slot.index,
			host.recordsNumber(),
			this.#chunk as RawBuffer,
			this.#position,
			this.#answer,
		);
		if (result < 0) return this.#lost();
		this.#answer = NOT_ASKED;
		this.#more = (result & MORE) !== 0;
		this.#position += words[0];
		this.#heldBytes = words[1];
		this.#inflatedBytes += Math.max(words[2], words[3]);
		const end = WORDS_PER_RECORD * (1 + (result & (MORE - 1)));
		return this.#deliver(words, WORDS_PER_RECORD, end, budget);
	}

	/** Delivers the records at start..end of `words`; saves those that are left when it stops or the sink throws. */
	#deliver(
		words: Uint32Array,
		start: number,
		end: number,
		budget: number,
	): number {
		const chunk = this.#chunk as RawBuffer;
		const sink = this.#sink;
		const length = this.#length;
		const stop = Math.min(end, start + budget * WORDS_PER_RECORD);
		// Asking a view for its memory is a call: once for all records.
		let memory: ArrayBufferLike | null = null;
		let offset = 0;
		let joint = "";
		let jointStart = 0;
		let jointEnd = -1;
		let at = start;
		try {
			while (at < stop) {
				// A receiver that transfers its view to another thread takes the whole chunk away.
				if (chunk.length !== length) this.#lost();
				const kind = words[at];
				const a = words[at + 1];
				const b = words[at + 2];
				at += WORDS_PER_RECORD;
				if (kind === Kind.TEXT_ASCII) {
					if (b > jointEnd) {
						jointStart = a;
						jointEnd = endOfTexts(words, at, stop, a, b);
						joint = chunk.latin1Slice(a, jointEnd);
					}
					sink.text(joint.slice(a - jointStart, b - jointStart));
				} else if (kind === Kind.BINARY) {
					this.#keep();
					if (memory === null) {
						memory = chunk.buffer;
						offset = chunk.byteOffset;
					}
					sink.binary(new FastBuffer(memory, offset + a, b));
				} else if (kind === Kind.TEXT_UTF8) {
					sink.text(this.#textAt(chunk, a, b));
				} else {
					this.#rare(chunk, kind, a, b, words[at - 1]);
				}
				if (this.#ended || this.#suspended) break;
			}
		} finally {
			if (at < end && !this.#ended) this.#saved = words.slice(at, end);
		}
		return budget - (at - start) / WORDS_PER_RECORD;
	}

	/** A view was taken of the chunk: where that is in a receive slab, what was read there is not written again. */
	#keep(): void {
		this.#host.kept |= this.#host.slabBit;
	}

	#textAt(chunk: RawBuffer, start: number, end: number): string {
		return NATIVE_TEXT && end - start >= MIN_NATIVE_TEXT_BYTES
			? (this.#host.binding.textSlice(chunk, start, end) as string)
			: chunk.utf8Slice(start, end);
	}

	#heldText(ascii: boolean): string {
		const { binding } = this.#host;
		if (ascii || NATIVE_TEXT) return binding.takeText(this.#slot.index);
		const bytes = binding.takeBytes(this.#slot.index) as RawBuffer;
		return bytes.utf8Slice(0, bytes.length);
	}

	#rare(chunk: RawBuffer, kind: number, a: number, b: number, c: number): void {
		const sink = this.#sink;
		const { binding } = this.#host;
		const { index } = this.#slot;
		switch (kind) {
			case Kind.TEXT_HELD:
				sink.text(this.#heldText(a !== 0));
				break;
			case Kind.BINARY_BEGIN:
				// "collect" unless the sink says otherwise, also where it throws: that is what the limits hold.
				this.#answer = COLLECT;
				this.#assembly = new Assembly();
				this.#isPlacing = false;
				if (sink.binaryBegin() === "stream") {
					this.#answer = STREAM;
					this.#assembly = null;
				}
				break;
			case Kind.BINARY_DATA: {
				const piece = new FastBuffer(chunk.buffer, chunk.byteOffset + a, b);
				const assembly = this.#assembly;
				if (assembly === null) {
					this.#keep();
					sink.binaryData(piece);
				} else {
					const left = assembly.isUnplaced ? binding.payloadLeft(index) : 0;
					if (assembly.append(piece, left)) this.#keep();
					if (assembly.isLost) this.#lost();
				}
				break;
			}
			case Kind.BINARY_HELD:
				this.#assembly = null;
				sink.binary(binding.takeBytes(index));
				break;
			case Kind.BINARY_DATA_HELD:
				sink.binaryData(binding.takeBytes(index));
				break;
			case Kind.BINARY_END: {
				const assembly = this.#assembly;
				this.#assembly = null;
				if (assembly === null) sink.binaryEnd();
				else sink.binary(assembly.take() ?? this.#lost());
				break;
			}
			case Kind.PING:
				this.#keep();
				sink.ping(new FastBuffer(chunk.buffer, chunk.byteOffset + a, b));
				break;
			case Kind.PING_HELD:
				sink.ping(binding.takeBytes(index));
				break;
			case Kind.PONG:
				this.#keep();
				sink.pong(new FastBuffer(chunk.buffer, chunk.byteOffset + a, b));
				break;
			case Kind.PONG_HELD:
				sink.pong(binding.takeBytes(index));
				break;
			case Kind.CLOSE: {
				const reason = chunk.utf8Slice(a, b);
				this.#end();
				sink.close(c, reason);
				break;
			}
			case Kind.CLOSE_HELD: {
				const reason = binding.takeText(index);
				this.#end();
				sink.close(c, reason);
				break;
			}
			default:
				this.#end();
				sink.failure(decoderFailureCodes[a]);
		}
	}

	/** Nothing more is delivered; what is held is let go. */
	#end(): void {
		this.#ended = true;
		this.#host.free(this.#slot);
		this.#chunk = null;
		this.#queue = null;
		this.#more = false;
		this.#saved = null;
		this.#assembly = null;
		this.#heldBytes = 0;
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

/** The end of the last of the texts at `start`..`end` and, as far as they are short, in the records from `at` to `stop`. */
function endOfTexts(
	words: Uint32Array,
	at: number,
	stop: number,
	start: number,
	end: number,
): number {
	const limit = start + JOINT_TEXT_BYTES;
	let last = end;
	for (let next = at; next < stop; next += WORDS_PER_RECORD) {
		const nextEnd = words[next + 2];
		if (words[next] !== Kind.TEXT_ASCII || nextEnd > limit) break;
		if (nextEnd > last) last = nextEnd;
	}
	return last;
}

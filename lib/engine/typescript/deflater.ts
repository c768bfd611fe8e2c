/**
 * The compressing half of permessage-deflate (RFC 7692 section 7.2.1) over node:zlib.
 *
 * Every slice is a stream of its own that starts from the history as its dictionary and ends in a flush. Slices so made can
 * be put behind one another, so nothing of zlib lives from message to message: a connection at rest keeps its window, and
 * without context takeover nothing. Short pieces are compressed at once: that costs a fifth of a trip through the pool. Where
 * there is no history, a stream that all share does it.
 */
import { Buffer } from "node:buffer";
import {
	constants,
	deflateRaw,
	deflateRawSync,
	type ZlibOptions,
} from "node:zlib";
import {
	DEFLATE_NOW_BYTES,
	type Deflater,
	type DeflaterOptions,
} from "../engine.js";
import { History } from "./history.js";
import { enterJob, leaveJob } from "./jobs.js";
import { deflateStream, dropStream, sharedRoom } from "./zlib-now.js";

/** What one job compresses, in bytes. */
const SLICE_BYTES = 64 * 1024;

/** What a flush ends in, and a message leaves out. */
const TAIL_BYTES = 4;

/** zlib wants at least this much room for output, in bytes. */
const MIN_ROOM_BYTES = 256;

/**
 * What the next message may refer to, in bytes: five eighths of the window. Hashing the dictionary is most of the work for a
 * short message, and what is further back makes it smaller by 1 to 2 % only.
 */
export function historyBytes(windowBits: number): number {
	return (2 ** windowBits * 5) / 8;
}

/** A piece that is compressed slice by slice. */
interface Work {
	readonly payload: Uint8Array;
	readonly isFinal: boolean;
	readonly done: (bytes: Uint8Array) => void;
	readonly slices: Buffer[];
	/** Bytes of `payload` that are compressed. */
	position: number;
}

export class TypeScriptDeflater implements Deflater {
	readonly #options: DeflaterOptions;
	readonly #history: History;
	#work: Work | null = null;

	constructor(options: DeflaterOptions) {
		this.#options = options;
		this.#history = new History(historyBytes(options.windowBits));
	}

	deflate(
		payload: Uint8Array,
		isFinal: boolean,
		done: (bytes: Uint8Array) => void,
	): Uint8Array | null {
		if (payload.length <= DEFLATE_NOW_BYTES) {
			const slice = this.#deflateNow(payload);
			this.#remember(payload, isFinal);
			return isFinal ? withoutTail(slice) : slice;
		}
		const work = { payload, isFinal, done, slices: [], position: 0 };
		this.#work = work;
		enterJob(() => this.#start(work));
		return null;
	}

	finish(): void {
		const work = this.#work;
		if (work === null) return;
		// What a job has under way comes to nothing: its slice is made again.
		this.#work = null;
		do {
			const slice = sliceOf(work);
			// In memory of its own: there may be more than one.
			this.#took(work, Buffer.from(this.#deflateNow(slice)));
		} while (work.position < work.payload.length);
		work.done(resultOf(work));
	}

	release(): void {
		this.#history.forget();
	}

	destroy(): void {
		this.#work = null;
		this.#history.forget();
	}

	/** Compresses the next slice in the pool. */
	#start(work: Work): void {
		if (this.#work !== work) {
			leaveJob();
			return;
		}
		const slice = sliceOf(work);
		deflateRaw(slice, this.#zlibOptions(slice), (_error, output) => {
			leaveJob();
			// Dropped, or finished by force, in the meantime. zlib has nothing to complain of but a lack of memory.
			if (this.#work !== work) return;
			this.#took(work, output);
			if (work.position < work.payload.length) {
				enterJob(() => this.#start(work));
				return;
			}
			this.#work = null;
			work.done(resultOf(work));
		});
	}

	/** Compresses a slice. What comes of it is valid until the engine is called again. */
	#deflateNow(slice: Uint8Array): Buffer {
		const stream =
			this.#history.bytes === undefined ? deflateStream(this.#options) : null;
		if (stream !== null) {
			const room = sharedRoom();
			const isFit = stream.run(slice, room, 0, room.length);
			const { outputBytes } = stream;
			if (isFit) stream.reset();
			else dropStream(stream);
			// A room that is full may lack the rest.
			if (isFit && outputBytes < room.length)
				return room.subarray(0, outputBytes);
		}
		return deflateRawSync(slice, this.#zlibOptions(slice));
	}

	#took(work: Work, output: Buffer): void {
		const slice = sliceOf(work);
		work.slices.push(output);
		work.position += slice.length;
		const isLast = work.position === work.payload.length;
		this.#remember(slice, work.isFinal && isLast);
	}

	#zlibOptions(input: Uint8Array): ZlibOptions {
		const { level, memoryLevel, windowBits } = this.#options;
		return {
			level,
			memLevel: memoryLevel,
			windowBits,
			finishFlush: constants.Z_SYNC_FLUSH,
			chunkSize: Math.max(MIN_ROOM_BYTES, input.length),
			dictionary: this.#history.bytes,
		};
	}

	#remember(bytes: Uint8Array, isMessageEnd: boolean): void {
		if (this.#options.contextTakeover || !isMessageEnd)
			this.#history.append(bytes);
		else this.#history.forget();
	}
}

function sliceOf({ payload, position }: Work): Uint8Array {
	return payload.subarray(position, position + SLICE_BYTES);
}

function resultOf({ slices, isFinal }: Work): Buffer {
	const whole = Buffer.concat(slices);
	return isFinal ? withoutTail(whole) : whole;
}

function withoutTail(bytes: Buffer): Buffer {
	return bytes.subarray(0, bytes.length - TAIL_BYTES);
}

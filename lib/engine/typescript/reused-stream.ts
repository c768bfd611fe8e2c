/**
 * A raw DEFLATE stream, one way or the other, that works within the call, and begins anew for every message.
 *
 * `deflateRawSync` and `inflateRawSync` make a stream for each call: its tables, a quarter of a megabyte that has to be zeroed,
 * are more work than a short message is. Node has no public way to use a stream again within a call. The handle beneath it
 * has: it has been the same since Node 8, and others rely on it (minizlib, and so npm; pngjs). `isReusable` tells whether it
 * is what is expected.
 */
import { Buffer } from "node:buffer";
import {
	constants,
	createDeflateRaw,
	createInflateRaw,
	type DeflateRaw,
	type InflateRaw,
} from "node:zlib";

/** What is used of a stream beside its public side. */
interface Innards {
	readonly _handle: {
		writeSync(
			flush: number,
			input: Uint8Array,
			inputAt: number,
			inputBytes: number,
			output: Uint8Array,
			outputAt: number,
			outputBytes: number,
		): void;
	} | null;
	/** What the last call has left: bytes of room for output, and of input. */
	readonly _writeState: Uint32Array;
}

export class ReusedStream {
	/** What the last run has used of its input, in bytes. */
	usedBytes = 0;
	/** What it has put out, in bytes. */
	outputBytes = 0;
	readonly #stream: (DeflateRaw | InflateRaw) & Innards;

	constructor(stream: DeflateRaw | InflateRaw) {
		this.#stream = stream as typeof stream & Innards;
		// A broken stream is told of by `run`.
		stream.on("error", () => {});
	}

	/**
	 * Runs `input` through, as far as there is room in bytes `start` to `end` of `output`, and flushes.
	 *
	 * @returns false where the input is broken: the stream is of no use any more
	 */
	run(
		input: Uint8Array,
		output: Uint8Array,
		start: number,
		end: number,
	): boolean {
		const { _handle: handle, _writeState: left } = this.#stream;
		const { length } = input;
		handle?.writeSync(
			constants.Z_SYNC_FLUSH,
			input,
			0,
			length,
			output,
			start,
			end - start,
		);
		if (handle === null || this.#stream.destroyed) return false;
		this.outputBytes = end - start - left[0];
		this.usedBytes = length - left[1];
		return true;
	}

	/** Begins anew. */
	reset(): void {
		this.#stream.reset();
	}

	close(): void {
		this.#stream.destroy();
	}
}

let isKnownReusable: boolean | undefined;

/** Whether streams can be used so in this runtime. */
export function isReusable(): boolean {
	isKnownReusable ??= probe();
	return isKnownReusable;
}

/** Two messages there and back, and a broken one. */
function probe(): boolean {
	const deflating = new ReusedStream(createDeflateRaw());
	const inflating = new ReusedStream(createInflateRaw());
	const compressed = Buffer.alloc(64);
	const output = Buffer.alloc(64);
	try {
		for (const text of ["Hello, hello", "Hello again, again"]) {
			const input = Buffer.from(text);
			if (!deflating.run(input, compressed, 1, 63)) return false;
			const bytes = compressed.subarray(1, 1 + deflating.outputBytes);
			if (deflating.usedBytes !== input.length) return false;
			if (!inflating.run(bytes, output, 2, 62)) return false;
			if (inflating.usedBytes !== bytes.length) return false;
			if (!output.subarray(2, 2 + inflating.outputBytes).equals(input))
				return false;
			deflating.reset();
			inflating.reset();
		}
		// A block of a type that there is not.
		return !inflating.run(Buffer.from([0x07]), output, 0, 64);
	} catch {
		return false;
	} finally {
		deflating.close();
		inflating.close();
	}
}

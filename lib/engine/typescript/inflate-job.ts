/**
 * One raw DEFLATE stream that is inflated in libuv's pool: input → chunks of output, one at a time.
 *
 *   give → busy ─┬→ output is here: take it, `proceed` → busy …
 *                └→ the input is used up, as far as the stream reaches: `isDone`
 *
 * Between two chunks others have their turn; of a stream that was just stopped, zlib may have one chunk more under way.
 */
import type { Buffer } from "node:buffer";
import { createInflateRaw, type InflateRaw } from "node:zlib";
import { enterJob, leaveJob } from "./jobs.js";

export interface InflateJobOptions {
	windowBits: number;
	/** What the stream may refer to. */
	dictionary: Buffer | undefined;
	/** Longest chunk of output, in bytes. */
	chunkBytes: number;
	/** Takes a chunk; from within the stream, where nothing may be thrown. */
	output(chunk: Buffer): void;
	/** It is not busy any more. Called on a tick of its own. */
	ready(): void;
}

export class InflateJob {
	/** Between `give` or `proceed` and `ready`. */
	isBusy = false;
	/** The bytes are no DEFLATE stream. */
	isBroken = false;
	readonly #options: InflateJobOptions;
	readonly #stream: InflateRaw;
	/** What the stream had used of earlier input. */
	#usedBefore = 0;
	/** zlib has used of the input what it wants. */
	#isWritten = true;
	#hasPlace = false;
	#isClosed = false;

	constructor(options: InflateJobOptions) {
		this.#options = options;
		const { windowBits, dictionary, chunkBytes } = options;
		this.#stream = createInflateRaw({
			windowBits,
			dictionary,
			chunkSize: chunkBytes,
			// No second chunk is made before the first is taken.
			highWaterMark: 1,
		} as never);
		this.#stream.on("data", (chunk: Buffer) => this.#data(chunk));
		this.#stream.on("error", () => this.#failed());
	}

	/** Whether all input was used that the stream reaches to, and its output was taken. */
	get isDone(): boolean {
		return this.#isWritten && this.#stream.readableLength === 0;
	}

	/** Bytes of the last input that belong to the stream. Fewer than it has: the stream has ended before them. */
	get usedBytes(): number {
		return this.#stream.bytesWritten - this.#usedBefore;
	}

	/** Starts on `input`, which must not change until it is done. */
	give(input: Buffer): void {
		this.isBusy = true;
		this.#isWritten = false;
		this.#usedBefore = this.#stream.bytesWritten;
		this.#enter(() => {
			this.#stream.write(input, () => this.#written());
			this.#stream.resume();
		});
	}

	/** Goes on to the next chunk of output. */
	proceed(): void {
		this.isBusy = true;
		this.#enter(() => {
			if (this.isDone) this.#tell();
			else this.#stream.resume();
		});
	}

	close(): void {
		this.#isClosed = true;
		this.#leave();
		this.#stream.destroy();
	}

	#enter(start: () => void): void {
		enterJob(() => {
			this.#hasPlace = true;
			if (this.#isClosed || this.isBroken) this.#leave();
			else start();
		});
	}

	#leave(): void {
		if (!this.#hasPlace) return;
		this.#hasPlace = false;
		leaveJob();
	}

	#data(chunk: Buffer): void {
		if (this.#isClosed) return;
		this.#stream.pause();
		this.#options.output(chunk);
		this.#tell();
	}

	#written(): void {
		if (this.#isClosed || this.isBroken) return;
		this.#isWritten = true;
		// Without a place it was stopped at a chunk, and is asked to proceed.
		if (this.#hasPlace) this.#tell();
	}

	#failed(): void {
		if (this.#isClosed) return;
		this.isBroken = true;
		this.#tell();
	}

	#tell(): void {
		this.#leave();
		this.isBusy = false;
		process.nextTick(this.#options.ready);
	}
}

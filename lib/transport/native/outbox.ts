/**
 * What one native link has been asked to send and the kernel has not taken: frames that lie side by side in an arena as one
 * range, large payloads by reference, and the callbacks, each with the place in the stream of bytes that it waits for.
 */
import { Buffer } from "node:buffer";
import type { OutputArena } from "../../engine/engine.js";
import type { SendCallback } from "../link.js";

/** Nothing, where two parts are sent in one call and there is but one. */
const NOTHING = Buffer.alloc(0);

/**
 * Hands two parts, the first from `offset` on, to the kernel for the socket of that slot: how many bytes it took, or a
 * negative error number.
 */
export type SendParts = (
	slot: number,
	first: Uint8Array,
	offset: number,
	second: Uint8Array,
) => number;

export class Outbox {
	/** Bytes waiting. */
	byteLength = 0;
	/** The range still growing, of `slab`. */
	slab: Buffer | null = null;
	start = 0;
	end = 0;
	/** What comes before it, the first part from `#offset` on. */
	#parts: Uint8Array[] | null = null;
	#offset = 0;
	/** Bytes taken since the beginning, and the callbacks that wait for more. */
	#taken = 0;
	#callbacks: SendCallback[] | null = null;
	#marks: number[] | null = null;

	/** Whether the range is all there is. */
	get isOneRange(): boolean {
		return this.#parts === null && this.slab !== null;
	}

	/** Takes the last `bytes` bytes of `arena`. */
	appendFromArena(arena: OutputArena, bytes: number): void {
		const end = arena.used;
		const start = end - bytes;
		this.byteLength += bytes;
		if (this.slab === arena.slab && this.end === start) {
			this.end = end;
			return;
		}
		this.#seal();
		this.slab = arena.slab;
		this.start = start;
		this.end = end;
	}

	/** Takes `bytes` by reference. */
	appendReference(bytes: Uint8Array): void {
		if (bytes.byteLength === 0) return;
		this.#seal();
		this.byteLength += bytes.byteLength;
		this.#append(bytes);
	}

	/** Has `callback` called when all that was appended so far has been taken. */
	addCallback(callback: SendCallback): void {
		this.#callbacks ??= [];
		this.#marks ??= [];
		this.#callbacks.push(callback);
		this.#marks.push(this.#taken + this.byteLength);
	}

	/** The kernel has taken the first `bytes` bytes of the range, which was all there was. */
	takenOfRange(bytes: number): void {
		this.#taken += bytes;
		this.byteLength -= bytes;
		this.start += bytes;
		if (this.start === this.end) this.slab = null;
	}

	/** Sends until nothing is left or the kernel is full. Returns 0, or a negative error number. */
	send(send: SendParts, slot: number): number {
		this.#seal();
		for (;;) {
			const parts = this.#parts;
			if (parts === null) return 0;
			const first = parts[0];
			const second = parts.length > 1 ? parts[1] : NOTHING;
			const taken = send(slot, first, this.#offset, second);
			if (taken < 0) return taken;
			const wanted = first.byteLength - this.#offset + second.byteLength;
			this.#take(taken);
			if (taken < wanted) return 0;
		}
	}

	/** Moves what lies in `slab` to memory of its own: it is about to be written again. */
	moveFrom(slab: Buffer): void {
		this.#seal();
		const parts = this.#parts;
		if (parts === null) return;
		for (let i = 0; i < parts.length; i++) {
			if (parts[i].buffer === slab.buffer) parts[i] = Buffer.from(parts[i]);
		}
	}

	/** The callbacks whose bytes have been taken, in order; null for none. They are the caller's from here on. */
	takeCallbacks(): SendCallback[] | null {
		const callbacks = this.#callbacks;
		const marks = this.#marks;
		if (callbacks === null || marks === null) return null;
		let count = 0;
		while (count < marks.length && marks[count] <= this.#taken) count++;
		if (count === 0) return null;
		if (count === callbacks.length) {
			this.#callbacks = null;
			this.#marks = null;
			return callbacks;
		}
		marks.splice(0, count);
		return callbacks.splice(0, count);
	}

	/** Drops everything. Returns the callbacks that waited. */
	clear(): SendCallback[] | null {
		const callbacks = this.#callbacks;
		this.#callbacks = null;
		this.#marks = null;
		this.#parts = null;
		this.#offset = 0;
		this.slab = null;
		this.byteLength = 0;
		return callbacks;
	}

	#append(part: Uint8Array): void {
		if (this.#parts === null) this.#parts = [part];
		else this.#parts.push(part);
	}

	#seal(): void {
		if (this.slab === null) return;
		this.#append(this.slab.subarray(this.start, this.end));
		this.slab = null;
	}

	#take(bytes: number): void {
		this.#taken += bytes;
		this.byteLength -= bytes;
		const parts = this.#parts as Uint8Array[];
		let left = bytes + this.#offset;
		let done = 0;
		while (done < parts.length && left >= parts[done].byteLength)
			left -= parts[done++].byteLength;
		this.#offset = left;
		if (done === parts.length) this.#parts = null;
		else if (done > 0) parts.splice(0, done);
	}
}

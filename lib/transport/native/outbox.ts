import { Buffer } from "node:buffer";
import { constants } from "node:os";
import type { SendCallback } from "../link.js";
import { GATHER_BYTES, Outbox } from "../outbox.js";

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

/**
 * The outbox of a link over the kernel, which takes what it has room for. Each callback has the place in the stream of bytes
 * that it waits for.
 */
export class NativeOutbox extends Outbox {
	/** What is being sent, the first part from `#offset` on. It goes before everything else. */
	#parts: Buffer[] | null = null;
	#offset = 0;
	/** Bytes taken since the beginning, and the callbacks that wait for more. */
	#taken = 0;
	#callbacks: SendCallback[] | null = null;
	#marks: number[] | null = null;

	override get isOneRange(): boolean {
		return this.#parts === null && super.isOneRange;
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
		for (;;) {
			this.#parts ??= this.#nextParts();
			const parts = this.#parts;
			if (parts === null) return 0;
			const first = parts[0];
			const second = parts.length > 1 ? parts[1] : NOTHING;
			// None is empty, unless its memory was transferred away: the frame that it was part of cannot be ended.
			if (first.byteLength === 0 || parts[1]?.byteLength === 0)
				return -constants.errno.EFAULT;
			const taken = send(slot, first, this.#offset, second);
			if (taken < 0) return taken;
			const wanted = first.byteLength - this.#offset + second.byteLength;
			this.#take(taken);
			if (taken < wanted) return 0;
		}
	}

	override hold(reused: Buffer): void {
		const parts = this.#parts;
		if (parts !== null) {
			for (let i = 0; i < parts.length; i++) {
				if (parts[i].buffer === reused.buffer) parts[i] = Buffer.from(parts[i]);
			}
		}
		super.hold(reused);
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

	/** Ready for another link: it is empty, and nobody waits. */
	reset(): this {
		this.#taken = 0;
		return this;
	}

	/** Drops everything. Returns the callbacks that waited. */
	clear(): SendCallback[] | null {
		const callbacks = this.#callbacks;
		this.#callbacks = null;
		this.#marks = null;
		this.#parts = null;
		this.#offset = 0;
		this.takeSegments();
		this.byteLength = 0;
		return callbacks;
	}

	#nextParts(): Buffer[] | null {
		const segments = this.takeSegments();
		if (segments.length === 0) return null;
		// Frames of several links that took turns: a copy is cheaper than a call for every other one.
		return segments.length > 2 && this.byteLength < GATHER_BYTES
			? [Buffer.concat(segments)]
			: segments;
	}

	#take(bytes: number): void {
		this.#taken += bytes;
		this.byteLength -= bytes;
		const parts = this.#parts as Buffer[];
		let left = bytes + this.#offset;
		let done = 0;
		// One whose memory was transferred away is no part that was taken: `send` finds it.
		while (
			done < parts.length &&
			parts[done].byteLength > 0 &&
			left >= parts[done].byteLength
		)
			left -= parts[done++].byteLength;
		this.#offset = left;
		if (done === parts.length) this.#parts = null;
		else if (done > 0) parts.splice(0, done);
	}
}

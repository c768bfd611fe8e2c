/**
 * What a link has been asked to send and has not handed over yet: consecutive frames of an arena joined into segments, and
 * large payloads by reference.
 */
import { Buffer } from "node:buffer";
import { Assembly } from "../engine/assembly.js";
import type { OutputArena } from "../engine/engine.js";
import type { SendCallback } from "./link.js";

/** From this payload length on a server sends by reference, in bytes: below it a copy is cheaper than a second segment. */
export const REFERENCE_BYTES = 32 * 1024;

/** Output of one link that leaves at once, in bytes: to gather more would only delay the peer. */
export const GATHER_BYTES = 64 * 1024;

export abstract class Outbox {
	/** Bytes waiting. */
	byteLength = 0;
	/** The segment still growing: a range of an arena slab; null for none. */
	slab: Buffer | null = null;
	start = 0;
	end = 0;
	/** What goes before it. */
	#segments: Buffer[] | null = null;
	/** What goes before the segments, in memory of its own. */
	#held: Assembly | null = null;

	/** Whether a range of a slab is all there is. */
	get isOneRange(): boolean {
		return this.slab !== null && this.#segments === null && this.#held === null;
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

	/** Takes `payload` by reference. */
	appendReference(payload: Uint8Array): void {
		if (payload.byteLength === 0) return;
		this.#seal();
		this.byteLength += payload.byteLength;
		this.#push(asBuffer(payload));
	}

	/**
	 * What is here stays for a while: it is moved to memory of its own. A few bytes must not keep the slab alive that all
	 * links share, nor each be an object.
	 *
	 * @param reused a slab that will be written again, of which nothing may stay
	 */
	hold(reused: Buffer | null = null): void {
		this.#seal();
		if (this.#segments === null) return;
		this.#held ??= new Assembly();
		for (const segment of this.#segments) {
			if (segment.buffer === reused?.buffer) this.#held.appendCopy(segment);
			else this.#held.append(segment);
		}
		this.#segments = null;
	}

	/** All that is here, in order. It is the caller's from here on, and still counted. */
	protected takeSegments(): Buffer[] {
		this.#seal();
		let segments = this.#segments ?? [];
		this.#segments = null;
		if (this.#held !== null) {
			segments = [...this.#held.takeParts().map(asBuffer), ...segments];
			this.#held = null;
		}
		return segments;
	}

	#seal(): void {
		if (this.slab === null) return;
		this.#push(this.slab.subarray(this.start, this.end));
		this.slab = null;
	}

	#push(segment: Buffer): void {
		if (this.#segments === null) this.#segments = [segment];
		else this.#segments.push(segment);
	}
}

/** Calls callbacks in order. One that throws does not take the others with it. */
export function settle(callbacks: SendCallback[], error: Error | null): void {
	let i = 0;
	try {
		while (i < callbacks.length) callbacks[i++](error);
	} finally {
		if (i < callbacks.length)
			process.nextTick(settle, callbacks.slice(i), error);
	}
}

function asBuffer(bytes: Uint8Array): Buffer {
	return Buffer.isBuffer(bytes)
		? bytes
		: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * What one link has been asked to send and has not handed to its socket yet: consecutive frames of the shared arena joined
 * into segments, large payloads by reference, and the callbacks to call when all of it has left.
 */
import { Buffer } from "node:buffer";
import { Arena } from "../../engine/arena.js";
import { Assembly } from "../../engine/assembly.js";
import type { SendCallback } from "../link.js";

/**
 * The output arena of this thread. One for all links, so that an idle connection holds no output memory; frames that one
 * link appends in a row lie side by side and leave as one segment.
 */
export const arena = new Arena();

export interface Batch {
	segments: Buffer[];
	callbacks: SendCallback[] | null;
}

export class Outbox {
	/** Bytes waiting. */
	byteLength = 0;
	#segments: Buffer[] | null = null;
	/** The segment still growing: a range of an arena slab. */
	#slab: Buffer | null = null;
	#start = 0;
	#end = 0;
	/** What goes before the segments, in memory of its own. */
	#held: Assembly | null = null;
	#callbacks: SendCallback[] | null = null;

	/** Takes the last `bytes` bytes of the arena. */
	appendFromArena(bytes: number): void {
		const end = arena.used;
		const start = end - bytes;
		this.byteLength += bytes;
		if (this.#slab === arena.slab && this.#end === start) {
			this.#end = end;
			return;
		}
		this.#seal();
		this.#slab = arena.slab;
		this.#start = start;
		this.#end = end;
	}

	/** Takes `payload` by reference. */
	appendReference(payload: Uint8Array): void {
		this.#seal();
		this.byteLength += payload.byteLength;
		this.#push(asBuffer(payload));
	}

	addCallback(callback: SendCallback): void {
		if (this.#callbacks === null) this.#callbacks = [callback];
		else this.#callbacks.push(callback);
	}

	/**
	 * What is here stays for a while: it is moved to memory of its own. A few bytes must not keep the slab alive that all
	 * links share, nor each be an object.
	 */
	hold(): void {
		this.#seal();
		if (this.#segments === null) return;
		this.#held ??= new Assembly();
		for (const segment of this.#segments) this.#held.append(segment);
		this.#segments = null;
	}

	/** Hands everything over and is empty. */
	take(): Batch {
		this.#seal();
		let segments = this.#segments ?? [];
		if (this.#held !== null) {
			segments = [...this.#held.takeParts().map(asBuffer), ...segments];
			this.#held = null;
		}
		const batch = { segments, callbacks: this.#callbacks };
		this.#segments = null;
		this.#callbacks = null;
		this.byteLength = 0;
		return batch;
	}

	#seal(): void {
		if (this.#slab === null) return;
		this.#push(this.#slab.subarray(this.#start, this.#end));
		this.#slab = null;
	}

	#push(segment: Buffer): void {
		if (this.#segments === null) this.#segments = [segment];
		else this.#segments.push(segment);
	}
}

function asBuffer(bytes: Uint8Array): Buffer {
	return Buffer.isBuffer(bytes)
		? bytes
		: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

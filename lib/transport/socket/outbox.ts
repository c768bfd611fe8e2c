/**
 * What one link has been asked to send and has not handed to its socket yet: consecutive frames of the shared arena joined
 * into segments, large payloads by reference, and the callbacks to call when all of it has left.
 */
import { Buffer } from "node:buffer";
import { Arena } from "../../engine/arena.js";
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
		this.#push(
			Buffer.isBuffer(payload)
				? payload
				: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
		);
	}

	addCallback(callback: SendCallback): void {
		if (this.#callbacks === null) this.#callbacks = [callback];
		else this.#callbacks.push(callback);
	}

	/** Hands everything over and is empty. */
	take(): Batch {
		this.#seal();
		const segments = this.#segments ?? [];
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

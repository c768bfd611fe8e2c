import { Arena } from "../../engine/arena.js";
import type { SendCallback } from "../link.js";
import { Outbox } from "../outbox.js";

/**
 * The output arena of this thread. One for all links, so that an idle connection holds no output memory; frames that one
 * link appends in a row lie side by side and leave as one segment.
 */
export const arena = new Arena();

export interface Batch {
	segments: Buffer[];
	callbacks: SendCallback[] | null;
}

/** The outbox of a link over a stream, which takes all of it at once, and calls back when all of it has left. */
export class SocketOutbox extends Outbox {
	#callbacks: SendCallback[] | null = null;

	addCallback(callback: SendCallback): void {
		if (this.#callbacks === null) this.#callbacks = [callback];
		else this.#callbacks.push(callback);
	}

	/** Hands everything over and is empty. */
	take(): Batch {
		const batch = {
			segments: this.takeSegments(),
			callbacks: this.#callbacks,
		};
		this.#callbacks = null;
		this.byteLength = 0;
		return batch;
	}
}

/**
 * The message that was compressed last in this tick, so that one which is sent to many connections is compressed once. Only
 * without context takeover: what comes out then depends on the message and the settings alone.
 */
import { Buffer } from "node:buffer";
import {
	DEFLATE_NOW_BYTES,
	type DeflaterOptions,
	type Engine,
} from "../engine/engine.js";

export class LastCompressed {
	/** A copy, because the sender may go on to use its memory. */
	#data: string | Buffer | null = null;
	#compressed: Buffer | null = null;
	#options: DeflaterOptions | null = null;
	#engine: Engine | null = null;

	/** What `data` was compressed to with the same settings, or null. */
	find(
		data: string | Uint8Array,
		options: DeflaterOptions,
		engine: Engine,
	): Buffer | null {
		const known = this.#data;
		if (known === null || known.length !== data.length) return null;
		const { level, memoryLevel, windowBits } = options;
		const isSame =
			engine === this.#engine &&
			level === this.#options?.level &&
			memoryLevel === this.#options.memoryLevel &&
			windowBits === this.#options.windowBits &&
			(typeof known === "string" ? known === data : equals(known, data));
		return isSame ? this.#compressed : null;
	}

	/** Remembers it until the end of the tick. */
	keep(
		data: string | Uint8Array,
		compressed: Uint8Array,
		options: DeflaterOptions,
		engine: Engine,
	): void {
		if (data.length > DEFLATE_NOW_BYTES) return;
		if (this.#data === null) process.nextTick(() => this.#forget());
		this.#data = typeof data === "string" ? data : Buffer.from(data);
		this.#compressed = Buffer.from(compressed);
		this.#options = options;
		this.#engine = engine;
	}

	#forget(): void {
		this.#data = null;
		this.#compressed = null;
	}
}

function equals(known: Buffer, data: string | Uint8Array): boolean {
	return typeof data !== "string" && known.equals(data);
}

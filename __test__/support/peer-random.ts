/** Random messages and cuts that a seed repeats exactly. */

import { bytePool, textPool } from "./content-pool.mjs";
import type { Random } from "./random.js";

const LONGEST = 200 * 1024;

/** Messages of 0 to 200 KiB: ASCII, other text (with broken surrogate pairs, too) and binary. */
export class RandomMessages {
	readonly #random: Random;
	readonly #ascii: string;
	readonly #mixed: string;
	readonly #bytes: Buffer;

	constructor(random: Random) {
		this.#random = random;
		const { ascii, mixed } = textPool(random, 2 * LONGEST);
		this.#ascii = ascii;
		this.#mixed = mixed;
		this.#bytes = bytePool(random, 2 * LONGEST);
	}

	/** Small ones are as frequent as large ones, and lengths around those of the header's forms come often. */
	#length(): number {
		const random = this.#random;
		const around = random.pick([
			0, 8, 125, 127, 1024, 4096, 16_384, 32_768, 65_535, 131_072,
		]);
		if (random.chance(0.3)) return Math.max(0, around + random.upTo(4) - 2);
		return random.upTo(random.pick([32, 256, 4096, 70_000, LONGEST]));
	}

	next(): string | Buffer {
		const random = this.#random;
		const length = this.#length();
		const at = random.upTo(LONGEST);
		switch (random.upTo(2)) {
			case 0:
				return this.#ascii.slice(at, at + length);
			case 1:
				// Units, not bytes: up to three bytes each.
				return this.#mixed.slice(at, at + Math.floor(length / 3));
			default:
				// A copy: a receiver that keeps views of the sender's memory must not pass by accident.
				return Buffer.from(this.#bytes.subarray(at, at + length));
		}
	}
}

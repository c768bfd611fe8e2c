/**
 * Repeatable random numbers: the same seed gives the same numbers on every machine (mulberry32). Not for secrets.
 *
 * Plain JavaScript, because test programs in processes of their own use it, too; tests import `random.ts`.
 */
export class Random {
	/** @type {number} */
	#state;

	/** @param {number} seed */
	constructor(seed) {
		this.#state = seed >>> 0;
	}

	/**
	 * A generator for the thing that `numbers` name together: independent of every other one, in whatever order they are
	 * made.
	 *
	 * @param {number[]} numbers Integers.
	 */
	static of(...numbers) {
		let seed = 0x811c9dc5;
		for (const number of numbers) {
			seed = Math.imul(seed ^ number, 0x9e3779b1);
			seed ^= seed >>> 15;
		}
		return new Random(seed);
	}

	/** From 0 up to, and without, 1. */
	fraction() {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = this.#state;
		mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	}

	/**
	 * An integer from 0 to `below - 1`.
	 *
	 * @param {number} below
	 */
	below(below) {
		return Math.floor(this.fraction() * below);
	}

	/**
	 * An integer from 0 to `most`.
	 *
	 * @param {number} most
	 */
	upTo(most) {
		return this.below(most + 1);
	}

	/**
	 * True with the given chance.
	 *
	 * @param {number} chance
	 */
	chance(chance) {
		return this.fraction() < chance;
	}

	/**
	 * @template T
	 * @param {readonly T[]} choices
	 * @returns {T}
	 */
	pick(choices) {
		return choices[this.below(choices.length)];
	}
}

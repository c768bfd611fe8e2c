/** Repeatable random numbers: the same seed gives the same numbers on every machine (mulberry32). Not for secrets. */
export class Random {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** From 0 up to, and without, 1. */
	fraction(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = this.#state;
		mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	}

	/** An integer from 0 to `below - 1`. */
	below(below: number): number {
		return Math.floor(this.fraction() * below);
	}

	/** An integer from 0 to `most`. */
	upTo(most: number): number {
		return this.below(most + 1);
	}

	/** True with the given chance. */
	chance(chance: number): boolean {
		return this.fraction() < chance;
	}

	pick<T>(choices: readonly T[]): T {
		return choices[this.below(choices.length)];
	}
}

/** The seed of a test whose inputs differ from run to run: that of NODEJS_WEBSOCKET_TEST_SEED, else one from the clock. */
export function seedOfRun(): number {
	return Number(process.env.NODEJS_WEBSOCKET_TEST_SEED ?? Date.now() % 2 ** 32);
}

/** The random numbers of the nth input of a run. */
export function nthRandom(seed: number, n: number): Random {
	return new Random(seed + n * 0x9e3779b1);
}

/** Repeatable random numbers, and the seed of a test. */
import { Random } from "./random.mjs";

export { Random };

/** The seed of a test whose inputs differ from run to run: that of NODEJS_WEBSOCKET_TEST_SEED, else one from the clock. */
export function seedOfRun(): number {
	return Number(process.env.NODEJS_WEBSOCKET_TEST_SEED ?? Date.now() % 2 ** 32);
}

/** The random numbers of the nth input of a run. */
export function nthRandom(seed: number, n: number): Random {
	return new Random(seed + n * 0x9e3779b1);
}

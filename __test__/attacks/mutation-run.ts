/**
 * A run of many damaged handshakes against one role.
 *
 * NODEJS_WEBSOCKET_TEST_SEED sets the seed, NODEJS_WEBSOCKET_TEST_MUTATIONS how many there are for each role and engine.
 */
import { expect } from "vitest";
import type { Bench } from "../support/compat-bench.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { next } from "../support/compat-wait.js";
import { nthRandom, type Random, seedOfRun } from "../support/random.js";

const mutations = Number(process.env.NODEJS_WEBSOCKET_TEST_MUTATIONS ?? 1500);

/** How many handshakes go on at the same time. */
const LANES = 24;

/** For a whole run. It bounds a failure and measures nothing. */
export const runTimeoutMs = 120_000 + mutations * 50;

/** Short, so that what ends in silence takes little time. On a busy machine any handshake may meet it. */
export const handshakeTimeoutMs = 1000;

/** Runs `attack` once for every mutation, some at a time. A failure says how to have it again. */
async function attackAll(
	seed: number,
	attack: (random: Random, n: number) => Promise<void>,
): Promise<void> {
	let n = 0;
	const lane = async () => {
		while (n < mutations) {
			const mine = n++;
			try {
				await attack(nthRandom(seed, mine), mine);
			} catch (error) {
				n = mutations;
				const { message } = error as Error;
				throw new Error(`mutation ${mine} of seed ${seed}: ${message}`, {
					cause: error,
				});
			}
		}
	};
	await Promise.all(Array.from({ length: LANES }, lane));
}

/**
 * Makes all attacks of a run. `attack` returns what came of it, in a word; `usual` are the words that must be among them:
 * the mutations are neither all hopeless nor all harmless. Nothing may be thrown that nobody catches.
 */
export async function runMutations(
	bench: Bench,
	usual: readonly (string | number)[],
	attack: (random: Random, n: number) => Promise<string | number>,
): Promise<void> {
	const seed = seedOfRun();
	console.log(`mutated handshakes: ${mutations}, seed ${seed}`);
	const uncaught: unknown[] = [];
	const see = (error: unknown) => uncaught.push(error);
	process.on("uncaughtExceptionMonitor", see);
	bench.afterwards(() => process.off("uncaughtExceptionMonitor", see));
	const outcomes = new Map<string | number, number>();
	await attackAll(seed, async (random, n) => {
		const outcome = await attack(random, n);
		outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
	});
	expect(uncaught).toEqual([]);
	expect([...outcomes.keys()]).toEqual(expect.arrayContaining([...usual]));
}

/** Sends back what comes by 'text'. */
export function echo(connection: ConnectionLike): void {
	connection.on("text", (text: string) => connection.sendText(text));
}

/** A handshake that is in order is served, and so is a message. */
export async function expectEcho(bench: Bench, url: string): Promise<void> {
	const far = bench.connect(url);
	await next(far, "connect");
	const answer = next(far, "text");
	far.sendText("still here");
	expect(await answer).toEqual(["still here"]);
}

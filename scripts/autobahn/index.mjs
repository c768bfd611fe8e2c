/** The Autobahn testsuite against the built package: install, run, tell. */
import { existsSync } from "node:fs";
import { nativeFile } from "../setup/native.mjs";
import { StepError, step } from "../support/step.mjs";
import { knownIds } from "./cases.mjs";
import { casesFor } from "./combinations.mjs";
import { installSuite } from "./install.mjs";
import { describeResult } from "./results.mjs";
import { runCombinations } from "./run.mjs";
import { suiteIds } from "./suite.mjs";

/** @typedef {import("./combinations.mjs").Combination} Combination */

/**
 * Installs the suite where it is not.
 *
 * @returns {Promise<{ ids: string[] } | { reason: string }>} Its cases, or why it cannot be had here.
 */
export async function prepareSuite() {
	/** @type {string[]} */
	let ids = [];
	let reason = "";
	await step("Autobahn suite", async (line) => {
		try {
			const done = await installSuite(line);
			ids = knownIds(await suiteIds());
			return done;
		} catch (error) {
			if (!(error instanceof StepError)) throw error;
			if (error.details) process.stdout.write(`\n${error.details.trim()}\n`);
			reason = error.message;
			return `not possible, ${reason}`;
		}
	});
	return reason ? { reason } : { ids };
}

/** Without the addon there is no native engine. @param {Combination} combination */
const isPossible = ({ engine }) =>
	engine !== "native" || existsSync(nativeFile());

/**
 * Runs cases against those of the combinations that are possible here, and prints what came of it.
 *
 * @param {Combination[]} combinations
 * @param {string[]} ids
 */
export async function testCombinations(combinations, ids) {
	const possible = combinations.filter(isPossible);
	const work = possible
		.map((combination) => ({ combination, ids: casesFor(combination, ids) }))
		.filter((each) => each.ids.length > 0);
	/** @type {import("./run.mjs").Result[]} */
	let results = [];
	await step("Autobahn cases", async (line) => {
		line.start("running");
		results = await runCombinations(work, line.progress);
		return "done";
	});
	for (const result of results)
		process.stdout.write(`${describeResult(result)}\n`);
	if (possible.length < combinations.length)
		process.stdout.write("The native engine is left out: it is not built.\n");
	return results;
}

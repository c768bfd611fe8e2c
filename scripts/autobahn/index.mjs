/** The Autobahn testsuite against the built package: install, run, tell. */
import { existsSync } from "node:fs";
import { nativeFile } from "../setup/native.mjs";
import { StepError, step } from "../support/step.mjs";
import { knownIds } from "./cases.mjs";
import { installSuite } from "./install.mjs";
import {
	buildHash,
	joinParts,
	keepPassed,
	keptResult,
	partsFor,
} from "./parts.mjs";
import { describeResult } from "./results.mjs";
import { runParts } from "./run.mjs";
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

/** Without the addon there is no native engine, and its transport is Linux's. @param {Combination} combination */
const isPossible = ({ engine, transport }) =>
	(engine !== "native" || existsSync(nativeFile())) &&
	(transport !== "native" || process.platform === "linux");

/**
 * Runs cases against those of the combinations that are possible here, and prints what came of it.
 *
 * @param {Combination[]} combinations
 * @param {string[]} ids
 * @param {boolean} [isResumed] Whether what has passed with this build is left as it is.
 */
export async function testCombinations(combinations, ids, isResumed = false) {
	const possible = combinations.filter(isPossible);
	const work = possible.flatMap((each) => partsFor(each, ids));
	const build = buildHash();
	const kept = work.map((part) =>
		isResumed ? keptResult(part, build) : undefined,
	);
	await step("Autobahn cases", async (line) => {
		line.start("running");
		const left = work.filter((_, index) => !kept[index]);
		const results = await runParts(left, {
			progress: line.progress,
			result: (part, result) => keepPassed(part, result, build),
		});
		for (const [index, result] of results.entries())
			kept[work.indexOf(left[index])] = result;
		return "done";
	});
	const results = joinParts(kept.filter((each) => each !== undefined));
	for (const result of results)
		process.stdout.write(`${describeResult(result)}\n`);
	if (possible.length < combinations.length)
		process.stdout.write(
			"Left out is what this machine has not: the native engine or its transport.\n",
		);
	return results;
}

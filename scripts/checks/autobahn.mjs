/** The Autobahn testsuite as a check: one count for each case and combination. */
import { select, sets } from "../autobahn/cases.mjs";
import { combinations } from "../autobahn/combinations.mjs";
import { testCombinations } from "../autobahn/index.mjs";
import { countResult } from "../autobahn/results.mjs";

/**
 * @param {string[]} ids The suite's cases.
 * @returns {Promise<import("./tally.mjs").Counts>}
 */
export async function testAutobahn(ids) {
	const results = await testCombinations(combinations, select(ids, sets.fast));
	const counts = results.map(countResult);
	const failures = counts.flatMap((each) => each.failures);
	return {
		passed: counts.reduce((sum, { passed }) => sum + passed, 0),
		failed: failures.length,
		// Combinations that are not possible here.
		skipped: combinations.length - results.length,
		failures,
	};
}

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
	const counts = { passed: 0, failed: 0, skipped: 0 };
	for (const { passed, failed } of results.map(countResult)) {
		counts.passed += passed;
		counts.failed += failed;
	}
	// Combinations that are not possible here.
	counts.skipped = combinations.length - results.length;
	return counts;
}

/** The smoke test of the benchmarks: every scenario with both engines, for a moment. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runInherited } from "../support/child.mjs";
import { cache, inRoot } from "../support/paths.mjs";

/** @typedef {import("./tally.mjs").Counts} Counts */

/** The parts of the results that are read here. @typedef {{ scenarios: { id: string, entries: { candidate: string, failure?: string }[] }[] }} Results */

/**
 * Counts a candidate in a scenario as a test.
 *
 * @param {Results} results
 * @returns {Counts}
 */
export function countResults({ scenarios }) {
	const entries = scenarios.flatMap(({ id, entries }) =>
		entries.map(({ candidate, failure }) => ({
			name: `${id}, ${candidate}`,
			error: failure,
		})),
	);
	const failures = entries.filter(({ error }) => error !== undefined);
	return {
		passed: entries.length - failures.length,
		failed: failures.length,
		skipped: 0,
		failures,
	};
}

/** @returns {Promise<Counts>} */
export async function smokeBench() {
	const folder = join(cache, "bench");
	const file = join(folder, "results.json");
	rmSync(file, { force: true });
	const code = await runInherited(process.execPath, [
		inRoot("bench", "run.mjs"),
		"--smoke",
		`--output=${folder}`,
	]);
	const counts = existsSync(file)
		? countResults(JSON.parse(readFileSync(file, "utf8")))
		: { passed: 0, failed: 0, skipped: 0 };
	// Nothing was measured, or the report could not be made.
	if (code !== 0 && counts.failed === 0) counts.failed = 1;
	return counts;
}

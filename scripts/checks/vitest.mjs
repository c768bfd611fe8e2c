/** The vitest suites: run live, counted by the report that vitest writes beside. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runInherited } from "../support/child.mjs";
import { cache, packageCommand } from "../support/paths.mjs";

/** @typedef {import("./tally.mjs").Counts} Counts */

/**
 * The parts of vitest's JSON report that are read here.
 *
 * @typedef {object} Report
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {{ status: string, assertionResults: Assertion[] }[]} testResults
 */

/**
 * A test. `meta` is what it left for who reads the report.
 *
 * @typedef {object} Assertion
 * @property {string} status
 * @property {{ interop?: import("./interop-matrix.mjs").Outcome }} [meta]
 */

/** @typedef {"node" | "native-transport" | "browser"} Project */

/** @param {Project} project */
const reportFile = (project) => join(cache, `vitest-${project}.json`);

/**
 * The report of the last run of a project, in a list; an empty one where there is none.
 *
 * @param {Project} project
 * @returns {Report[]}
 */
export function readReport(project) {
	const file = reportFile(project);
	return existsSync(file) ? [JSON.parse(readFileSync(file, "utf8"))] : [];
}

/**
 * Counts a report. A file that could not be loaded has no tests of its own: it counts as one that failed.
 *
 * @param {Report} report
 * @returns {Counts}
 */
export function countReport(report) {
	const brokenFiles = report.testResults.filter(
		({ status, assertionResults }) =>
			status === "failed" &&
			!assertionResults.some((result) => result.status === "failed"),
	).length;
	return {
		passed: report.numPassedTests,
		failed: report.numFailedTests + brokenFiles,
		skipped: report.numPendingTests + report.numTodoTests,
	};
}

/**
 * @param {Project} project
 * @param {string[]} filters Parts of file names; none means all files.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Counts>}
 */
export async function runVitest(project, filters, env) {
	const file = reportFile(project);
	mkdirSync(cache, { recursive: true });
	rmSync(file, { force: true });
	const code = await runInherited(
		process.execPath,
		[
			packageCommand("vitest", "vitest"),
			"run",
			"--project",
			project,
			"--reporter=default",
			"--reporter=json",
			`--outputFile.json=${file}`,
			...(filters.length > 0 ? ["--passWithNoTests"] : []),
			...filters,
		],
		env,
	);
	const [counts = { passed: 0, failed: 0, skipped: 0 }] =
		readReport(project).map(countReport);
	// Errors outside of any test, or no report at all.
	if (code !== 0 && counts.failed === 0) counts.failed = 1;
	return counts;
}

/** The vitest suites: run live, counted by the report that vitest writes beside. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { runInherited } from "../support/child.mjs";
import { cache, packageCommand, root } from "../support/paths.mjs";

/** @typedef {import("./failures.mjs").Failure} Failure */
/** @typedef {import("./tally.mjs").Counts} Counts */

/**
 * The parts of vitest's JSON report that are read here.
 *
 * @typedef {object} Report
 * @property {number} numPassedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {TestFile[]} testResults
 */

/**
 * A file of tests. `name` is its path, `message` why it could not be loaded.
 *
 * @typedef {object} TestFile
 * @property {string} name
 * @property {string} status
 * @property {string} [message]
 * @property {Assertion[]} assertionResults
 */

/**
 * A test. `meta` is what it left for who reads the report.
 *
 * @typedef {object} Assertion
 * @property {string} status
 * @property {string} fullName
 * @property {number | null} [duration] In milliseconds.
 * @property {string[] | null} [failureMessages] Stacks.
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
 * What a test failed with, without the runner's own part of the stack.
 *
 * @param {Assertion} result
 */
function errorOf({ failureMessages, duration }) {
	const lines = (failureMessages ?? []).join("\n").split("\n");
	return (
		lines
			.filter((line) => !/^ +at .*node_modules/.test(line))
			.join("\n")
			// The report has this instead of the message where a test or its hook timed out.
			.replace(
				"Error: STACK_TRACE_ERROR",
				`timed out after ${Math.round(duration ?? 0)} ms`,
			)
	);
}

/**
 * The tests of a file that failed. One that could not be loaded has no tests of its own: it is one that failed.
 *
 * @param {TestFile} testFile
 * @returns {Failure[]}
 */
function failuresOf({ name, status, message, assertionResults }) {
	const file = relative(root, name);
	const failures = assertionResults
		.filter((result) => result.status === "failed")
		.map((result) => ({
			name: `${file} > ${result.fullName}`,
			error: errorOf(result),
		}));
	if (status === "failed" && failures.length === 0)
		failures.push({
			name: file,
			error: message || "a hook of its tests failed: vitest printed why above",
		});
	return failures;
}

/**
 * Counts a report.
 *
 * @param {Report} report
 * @returns {Counts}
 */
export function countReport(report) {
	const failures = report.testResults.flatMap(failuresOf);
	return {
		passed: report.numPassedTests,
		failed: failures.length,
		skipped: report.numPendingTests + report.numTodoTests,
		failures,
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
	if (code === 0 || counts.failed > 0) return counts;
	// No report at all, or errors outside of any test, which it does not have.
	const name = "an error outside of all tests: vitest printed it above";
	return { ...counts, failed: 1, failures: [{ name }] };
}

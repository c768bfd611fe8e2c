/** What is printed of results. */
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "../support/paths.mjs";
import { nameOf } from "./combinations.mjs";

/** @typedef {import("./run.mjs").Result} Result */
/** @typedef {import("./verdict.mjs").Verdict} Verdict */

/** So many failures of one combination are explained; the others are named. */
const EXPLAINED = 10;

/** The suite's texts are HTML, broken anywhere. @param {string} html */
const plain = (html) =>
	html
		.replaceAll(/<[^>]*>/g, " ")
		.replaceAll(/\s+/g, " ")
		.trim();

/** @param {Verdict} verdict */
function explain({ id, reason, report: file }) {
	const lines = [`  FAILED ${id}: ${reason}`];
	if (file && existsSync(file)) {
		const { expectation, result, resultClose } = JSON.parse(
			readFileSync(file, "utf8"),
		);
		lines.push(
			`    expected: ${plain(expectation)}`,
			`    got:      ${plain(result)} Closing: ${plain(resultClose)}`,
			`    report:   ${relative(root, file).replace(/\.json$/, ".html")}`,
		);
	}
	return lines;
}

/**
 * One line on a combination, and under it what failed.
 *
 * @param {Result} result
 */
export function describeResult(result) {
	const { combination, verdicts, problems, seconds } = result;
	const failed = verdicts.filter(({ passed }) => !passed);
	const informational = verdicts.filter((each) => each.informational);
	const others = failed.slice(EXPLAINED).map(({ id }) => id);
	const counts = [
		`${verdicts.length - failed.length} passed`,
		`${failed.length} failed`,
		`${informational.length} informational`,
	];
	return [
		`${nameOf(combination)}: ${counts.join(", ")} (${seconds.toFixed(1)} s)`,
		...problems.map((problem) => `  FAILED ${problem}`),
		...failed.slice(0, EXPLAINED).flatMap(explain),
		...(others.length > 0 ? [`  FAILED ${others.join(", ")}`] : []),
	].join("\n");
}

/**
 * What a run adds to the sum of all checks.
 *
 * @param {Result} result
 */
export function countResult({ combination, verdicts, problems }) {
	const name = nameOf(combination);
	const failed = verdicts.filter(({ passed }) => !passed);
	const failures = [
		...problems.map((error) => ({ name, error })),
		...failed.map(({ id, reason }) => ({
			name: `${name} ${id}`,
			error: reason,
		})),
	];
	return {
		passed: verdicts.length - failed.length,
		failed: failures.length,
		failures,
	};
}

/** The part of CONFORMANCE.md that is the suite's: what passed, on what, and when. */
import { readFileSync } from "node:fs";
import { inRoot } from "../support/paths.mjs";
import { writeSection } from "../support/section.mjs";
import { sectionOf, sections } from "./cases.mjs";
import { suiteVersion } from "./install.mjs";

/** @typedef {import("./run.mjs").Result} Result */
/** @typedef {import("./verdict.mjs").Verdict} Verdict */

/** @param {string[]} cells */
const row = (cells) => `| ${cells.join(" | ")} |`;

/** Passed of those that were run. @param {Verdict[]} verdicts */
function cell(verdicts) {
	if (verdicts.length === 0) return "";
	const passed = verdicts.filter((verdict) => verdict.passed);
	return `${passed.length}/${verdicts.length}`;
}

/** @param {Result} result */
function rowOf({ combination, verdicts }) {
	const { role, engine, transport, binary } = combination;
	const bySection = sections.map(({ number }) =>
		cell(verdicts.filter(({ id }) => sectionOf(id) === number)),
	);
	return row([role, engine, transport, binary, ...bySection, cell(verdicts)]);
}

/**
 * The table: a row for each combination, a column for each section of the suite.
 *
 * @param {Result[]} results
 */
export function conformanceTable(results) {
	const heads = [
		...["role", "engine", "transport", "binary messages"],
		...sections.map(({ number }) => String(number)),
		"all",
	];
	return [row(heads), row(heads.map(() => "---")), ...results.map(rowOf)].join(
		"\n",
	);
}

/** @param {Result[]} results */
function part(results) {
	const { version } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));
	const informational = new Set(
		results.flatMap(({ verdicts }) =>
			verdicts.filter((each) => each.informational).map(({ id }) => id),
		),
	);
	const day = new Date().toISOString().slice(0, 10);
	return `${day}, version ${version}, Node.js ${process.versions.node} on ${process.platform} ${process.arch}, autobahntestsuite ${suiteVersion}.
Cases passed, of those that were run:

${conformanceTable(results)}

Sections: ${sections.map(({ number, title }) => `${number} ${title}`).join(", ")}.

Passed is "OK", for what came back and for the closing handshake. The suite has no other word than "INFORMATIONAL" for
${[...informational].join(", ")}. "NON-STRICT" is a failure.`;
}

/** @param {Result[]} results */
export function writeConformance(results) {
	writeSection(inRoot("CONFORMANCE.md"), "autobahn", part(results));
}

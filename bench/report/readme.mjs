/** The part of the README that is made of results. */
import { busyText, machineText, versionsText } from "./method.mjs";
import { markdownTable } from "./tables.mjs";

const BEGIN = "<!-- bench -->";
const END = "<!-- /bench -->";

/** @param {import("../results.mjs").Results} results */
function readmePart(results) {
	return [
		markdownTable(results),
		"",
		`Measured on ${results.date.slice(0, 10)}: ${machineText(results.machine)}`,
		versionsText(results),
		busyText(results.machine),
	]
		.filter((line) => line !== undefined)
		.join("\n");
}

/**
 * The README with the part between its markers replaced.
 *
 * @param {string} readme
 * @param {import("../results.mjs").Results} results
 * @throws where the markers are missing
 */
export function withResults(readme, results) {
	const begin = readme.indexOf(BEGIN);
	const end = readme.indexOf(END);
	if (begin < 0 || end < begin)
		throw new Error(`README.md has no ${BEGIN} … ${END}`);
	return `${readme.slice(0, begin + BEGIN.length)}\n\n${readmePart(results)}\n\n${readme.slice(end)}`;
}

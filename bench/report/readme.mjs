/** The part of the README that is made of results. */
import { withSection } from "../../scripts/support/section.mjs";
import { busyText, machineText, versionsText } from "./method.mjs";
import { markdownTable } from "./tables.mjs";

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
export const withResults = (readme, results) =>
	withSection(readme, "bench", readmePart(results));

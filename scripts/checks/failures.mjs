/** What failed, at the end of the output: often its last lines are all that is kept of a run. */
import { stripVTControlCharacters } from "node:util";

/**
 * A test that failed.
 *
 * @typedef {object} Failure
 * @property {string} name Its full name, and the file it is in where there is one.
 * @property {string} [error] What it failed with, of any length.
 */

/** All failures together are told in so many lines. */
const LINES = 20;
/** So many of an error, at most. */
const ERROR_LINES = 6;
/** The columns of a line. */
const WIDTH = 160;

/** An error's lines without colours, and without what could move a terminal's cursor. @param {string} text */
const plainLines = (text) =>
	stripVTControlCharacters(text)
		.split(/[\r\n]+/)
		.map((line) => line.replaceAll(/\p{Cc}/gu, " ").slice(0, WIDTH))
		.filter((line) => line.trim() !== "");

/**
 * Names what failed, a line each, and says of the errors what there is room for: the fewer there are, the more.
 *
 * @param {Failure[]} failures
 * @returns {string[]}
 */
export function describeFailures(failures) {
	const named = failures.slice(0, LINES);
	const room = Math.floor(LINES / named.length) - 1;
	const lines = named.flatMap(({ name, error = "" }) => [
		`FAILED   ${plainLines(name).join(" ")}`,
		...plainLines(error)
			.slice(0, Math.min(room, ERROR_LINES))
			.map((line) => `         ${line}`),
	]);
	if (failures.length > LINES)
		lines.push(`FAILED   ${failures.length - LINES} more`);
	return lines;
}

/** The table over all scenarios: for a terminal, and in Markdown. */
import { ratioText, short, size } from "./format.mjs";

/** @typedef {import("../results.mjs").Results} Results */
/** @typedef {import("../results.mjs").ScenarioResult} ScenarioResult */

/**
 * Head and rows: a scenario a row, a candidate a column. Engine operations have a row each, at one size.
 *
 * @param {Results} results
 * @param {(text: string, ratio: number) => string} emphasize For ratios.
 */
export function cells({ candidates, scenarios }, emphasize) {
	const shown = candidates.filter(({ id }) =>
		scenarios.some(({ entries }) =>
			entries.some(({ candidate }) => candidate === id),
		),
	);
	const rows = scenarios.map((scenario) => [
		titleOf(scenario),
		...shown.map(({ id }) => cellOf(scenario, id, emphasize)),
	]);
	return { head: ["", ...shown.map(({ label }) => label)], rows };
}

/** The size that stands for all of an operation. */
const SHOWN_BYTES = 64 * 1024;

/** @param {import("../results.mjs").Entry} entry */
const pointOf = ({ points }) =>
	points?.find(({ bytes }) => bytes === SHOWN_BYTES);

/** @param {ScenarioResult} scenario */
function titleOf({ title, entries, metric }) {
	if (entries.some(({ points }) => points))
		return `${title}, ${size(SHOWN_BYTES)}`;
	return metric.better === "less" ? `${title} (less is better)` : title;
}

/** @param {ScenarioResult} scenario @param {string} id @param {(text: string, ratio: number) => string} emphasize */
function cellOf({ entries, metric, reference }, id, emphasize) {
	const entry = entries.find(({ candidate }) => candidate === id);
	if (!entry) return "";
	const { figure, ratio } = entry.points ? (pointOf(entry) ?? entry) : entry;
	if (!figure) return "failed";
	const text = short(figure.median, metric.unit);
	return ratio && id !== reference
		? `${text} ${emphasize(ratioText(ratio.median), ratio.median)}`
		: text;
}

/** @param {Results} results */
export function terminalTable(results) {
	const { head, rows } = cells(results, (text) => `(${text})`);
	const all = [head, ...rows];
	const widths = head.map((_, column) =>
		Math.max(...all.map((row) => row[column].length)),
	);
	return all
		.map((row) =>
			row
				.map((text, column) =>
					column === 0
						? text.padEnd(widths[column])
						: text.padStart(widths[column]),
				)
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}

/** @param {Results} results */
export function markdownTable(results) {
	const { head, rows } = cells(results, (text) => `**${text}**`);
	/** @param {string[]} row */
	const line = (row) =>
		`| ${row.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
	return [
		line(head),
		`|---|${"--:|".repeat(head.length - 1)}`,
		// With the name that --only knows it by.
		...rows.map(([title, ...figures], i) =>
			line([`${title} \`${results.scenarios[i].id}\``, ...figures]),
		),
	].join("\n");
}

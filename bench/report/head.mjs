/** The top of the page: what a newcomer wants to know first, and may stop reading after. */
import { wholeTable } from "./figures.mjs";
import { ratioText } from "./format.mjs";
import { busyText, machineText } from "./method.mjs";
import { overview } from "./overview.mjs";
import { element, escapeText } from "./svg.mjs";
import { comparedScenarios, mainReference, verdicts } from "./verdict.mjs";

/** @typedef {import("../results.mjs").Results} Results */
/** @typedef {import("./people.mjs").People} People */

/** @param {Results} results @param {People} people */
export function head(results, people) {
	const reference = people.label(mainReference(results));
	const compared = comparedScenarios(results);
	const warning = busyText(results.machine);
	return [
		element("h1", {}, "How fast is nodejs-websocket?"),
		paragraph(
			"lead",
			"It has two engines that do the same: a native one, written in Rust, and one in TypeScript that serves where the native one cannot be loaded. Both are compared with other WebSocket libraries here.",
		),
		paragraph(
			"lead",
			`Measured against ${reference} on ${results.date.slice(0, 10)}: ${machineText(results.machine)}`,
		),
		...(warning ? [paragraph("warning", warning)] : []),
		...(compared.length > 0
			? [
					element(
						"div",
						{ class: "tiles" },
						verdicts(results).map((verdict) => tile(verdict, reference)),
					),
					element("section", { class: "card" }, [
						element(
							"h2",
							{},
							`How many times better than ${escapeText(reference)}`,
						),
						element("p", { class: "about" }, legend(results)),
						overview(compared, people, reference),
						paragraph(
							"note",
							"4× means: four times the messages with the same CPU time, or a quarter of the memory or time. Each step of the axis doubles.",
						),
					]),
				]
			: []),
		element("section", { class: "card figures" }, [
			element("h2", {}, "In figures"),
			paragraph(
				"about",
				"What is counted, and what that shows, is said below for each scenario.",
			),
			wholeTable(results),
		]),
	].join("\n");
}

/** @param {string} kind Its class. @param {string} words */
const paragraph = (kind, words) =>
	element("p", { class: kind }, escapeText(words));

/** As overview.mjs draws ours. */
const marks = ["●", "○"];

/** @param {Results} results */
function legend({ candidates }) {
	return candidates
		.filter(({ isOurs }) => isOurs)
		.map(({ id, label }, i) =>
			element(
				"span",
				{ class: "key", style: `color: var(--${id})` },
				`${marks[i] ?? "◆"} ${escapeText(label)}`,
			),
		)
		.join(" ");
}

/** @param {import("./verdict.mjs").Verdict} verdict @param {string} reference */
function tile({ id, label, average, better, level, worse, failed }, reference) {
	const counts = Object.entries({ better, level, worse, failed })
		.filter(([, count]) => count > 0)
		.map(([word, count]) =>
			element("span", { class: word }, `${count} ${word}`),
		);
	return element("div", { class: "tile", style: `--accent: var(--${id})` }, [
		element(
			"div",
			{ class: "tile-name" },
			`nodejs-websocket, ${escapeText(label)}`,
		),
		element(
			"div",
			{ class: "tile-figure" },
			average === null ? "–" : ratioText(average),
		),
		element("div", {}, [
			`as good as ${escapeText(reference)}, in the geometric mean of ${better + level + worse} scenarios:<br>`,
			counts.join(", "),
		]),
	]);
}

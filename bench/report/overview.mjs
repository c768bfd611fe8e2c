/** The picture at the top: how many times better than the reference, scenario by scenario, on a logarithmic axis. */
import { ratioText } from "./format.mjs";
import { element, line, logScale, picture, text } from "./svg.mjs";

const ROW = 32;
const TOP = 46;
const LEFT = 270;
const RIGHT = 800;
/** Width of a column of ratios, right of the plot. */
const COLUMN = 96;
/** Right of the last column. */
const MARGIN = 8;

/** @typedef {import("../results.mjs").ScenarioResult} ScenarioResult */
/** @typedef {import("./people.mjs").People} People */

const ticks = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16, 32, 64, 128];

/** @param {number} tick */
const tickText = (tick) => (tick < 1 ? `1/${1 / tick}` : `${tick}×`);

/**
 * @param {ScenarioResult[]} scenarios Those with one figure.
 * @param {People} people
 * @param {string} referenceLabel
 */
export function overview(scenarios, people, referenceLabel) {
	const ratios = scenarios.flatMap(({ entries }) =>
		entries.flatMap(({ candidate, ratio }) =>
			ratio && people.get(candidate).isOurs ? [ratio.median] : [],
		),
	);
	const least = Math.min(0.5, ...ratios.map((ratio) => ratio / 1.2));
	const most = Math.max(2, ...ratios.map((ratio) => ratio * 1.2));
	const x = logScale(least, most, LEFT, RIGHT);
	const bottom = TOP + scenarios.length * ROW;
	const axis = ticks
		.filter((tick) => tick >= least && tick <= most)
		.flatMap((tick) => [
			line(x(tick), TOP - 6, x(tick), bottom, tick === 1 ? "one" : "grid"),
			text(x(tick), bottom + 18, tickText(tick), {
				"text-anchor": "middle",
				class: "tick",
			}),
		]);
	const sides = [
		element("rect", {
			x: LEFT,
			y: TOP - 6,
			width: x(1) - LEFT,
			height: bottom - TOP + 6,
			class: "behind",
		}),
		text(x(1) - 10, 22, `◂ ${referenceLabel} is better`, {
			"text-anchor": "end",
			class: "side",
		}),
		text(x(1) + 10, 22, "nodejs-websocket is better ▸", { class: "side" }),
	];
	const ours = scenarios[0].entries
		.map(({ candidate }) => people.get(candidate))
		.filter(({ isOurs }) => isOurs);
	const columns = ours.map(({ id, label }, i) =>
		text(RIGHT + COLUMN * (i + 1), 22, shortLabel(label), {
			"text-anchor": "end",
			class: "side",
			style: `fill: var(--${id})`,
		}),
	);
	const rows = scenarios.map((scenario, i) =>
		row(scenario, TOP + i * ROW + ROW / 2),
	);
	return picture(
		RIGHT + COLUMN * ours.length + MARGIN,
		bottom + 26,
		`How many times better than ${referenceLabel}, by scenario`,
		[...sides, ...axis, ...columns, ...rows],
	);

	/** @param {ScenarioResult} scenario @param {number} y */
	function row({ title, entries }, y) {
		const ours = entries.filter(
			({ candidate }) => people.get(candidate).isOurs,
		);
		const dots = ours.flatMap((entry) => {
			const { candidate, ratio } = entry;
			if (!ratio) return [];
			const first = entry === ours[0];
			return [
				line(x(1), y, x(ratio.median), y, first ? "stem" : "none"),
				mark(x(ratio.median), y, candidate, ours.indexOf(entry)),
			];
		});
		return [
			text(LEFT - 14, y + 5, title, { "text-anchor": "end", class: "name" }),
			// Later ones are drawn first: the first of ours lies on top.
			...dots.reverse(),
			...ours.map((entry, i) => number(entry, RIGHT + COLUMN * (i + 1), y)),
		].join("");
	}
}

/** @param {import("../results.mjs").Entry} entry @param {number} x @param {number} y */
function number({ candidate, ratio, failure }, x, y) {
	const words = ratio ? ratioText(ratio.median) : failure ? "failed" : "–";
	return text(x, y + 5, words, {
		"text-anchor": "end",
		class: failure ? "failure" : "times",
		style: failure ? undefined : `fill: var(--${candidate})`,
	});
}

/** What tells it from the others: "default", "node:net", "TypeScript". @param {string} label */
function shortLabel(label) {
	const words = label.replace(/[()]/g, "").split(" ");
	return words.length > 2 ? words[words.length - 1] : words[0];
}

/**
 * Of another shape for each of ours: a disc, a ring, a diamond.
 *
 * @param {number} x @param {number} y @param {string} id @param {number} index
 */
function mark(x, y, id, index) {
	const solid = `fill: var(--${id})`;
	const hollow = `fill: var(--card); stroke: var(--${id}); stroke-width: 2.5`;
	if (index < 2)
		return element("circle", {
			cx: x,
			cy: y,
			r: index === 0 ? 7 : 5.5,
			style: index === 0 ? solid : hollow,
		});
	return element("path", {
		d: `M${x - 7} ${y}l7 -7l7 7l-7 7z`,
		style: solid,
	});
}

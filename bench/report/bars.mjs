/** Bars of one scenario: a candidate a row, the reference as a line through all of them. */
import { ratioText, short } from "./format.mjs";
import { colorOf } from "./people.mjs";
import { element, line, picture, text } from "./svg.mjs";
import { judge } from "./verdict.mjs";

const WIDTH = 620;
const ROW = 30;
const LEFT = 172;
const RIGHT = 456;

/**
 * @param {import("../results.mjs").ScenarioResult} scenario
 * @param {import("./people.mjs").People} people
 */
export function bars({ entries, metric, reference, title }, people) {
	const figures = entries.flatMap(({ figure }) => (figure ? [figure] : []));
	const most = Math.max(...figures.map(({ max }) => max)) || 1;
	/** @param {number} value */
	const x = (value) => LEFT + (value / most) * (RIGHT - LEFT);
	const height = entries.length * ROW + 8;
	const level = entries.find(
		({ candidate }) => candidate === reference,
	)?.figure;
	const rows = entries.map((entry, i) => row(entry, i * ROW + 4));
	if (level) {
		rows.push(
			line(x(level.median), 0, x(level.median), height, "reference-line"),
		);
	}
	return picture(WIDTH, height, `${title}: ${metric.label}`, rows);

	/** @param {import("../results.mjs").Entry} entry @param {number} y */
	function row({ candidate, figure, ratio, failure }, y) {
		const person = people.get(candidate);
		const middle = y + ROW / 2;
		const name = text(LEFT - 10, middle + 5, person.label, {
			"text-anchor": "end",
			class: person.isOurs ? "name ours" : "name",
		});
		if (!figure) {
			return (
				name +
				text(LEFT + 4, middle + 5, failure ? "failed" : "no figure", {
					class: "failure",
				})
			);
		}
		const times =
			candidate === reference ? "= 1" : ratio ? ratioText(ratio.median) : "";
		return [
			name,
			element("rect", {
				x: LEFT,
				y: y + 5,
				width: Math.max(1, x(figure.median) - LEFT),
				height: ROW - 10,
				rx: 3,
				style: `fill: ${colorOf(person, reference)}`,
			}),
			// How far the rounds lie apart.
			line(x(figure.min), middle, x(figure.max), middle, "spread"),
			line(x(figure.min), middle - 4, x(figure.min), middle + 4, "spread"),
			line(x(figure.max), middle - 4, x(figure.max), middle + 4, "spread"),
			text(RIGHT + 74, middle + 5, short(figure.median, metric.unit), {
				"text-anchor": "end",
				class: "value",
			}),
			text(WIDTH - 4, middle + 5, times, {
				"text-anchor": "end",
				class: `times ${judge(ratio?.median, candidate === reference)}`,
			}),
		].join("");
	}
}

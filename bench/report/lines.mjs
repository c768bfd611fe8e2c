/** Lines of an engine's operation by size, both axes logarithmic. */
import { size } from "./format.mjs";
import { colorOf } from "./people.mjs";
import { element, line, logScale, picture, text } from "./svg.mjs";

const WIDTH = 620;
const HEIGHT = 300;
const LEFT = 80;
const RIGHT = 452;
const TOP = 12;
const BOTTOM = 262;

/** Least distance of the words at an axis, and of the names of the lines. */
const WORD_WIDTH = 50;
const WORD_HEIGHT = 18;

/** Lines that share a colour differ in their dashes. */
const dashes = [undefined, "7 4", "2 4"];

/** @typedef {{ bytes: number, value: number }} Known */
/** @typedef {{ label: string, isOurs: boolean, color: string, known: Known[] }} Curve */

/**
 * @param {import("../results.mjs").ScenarioResult} scenario
 * @param {import("./people.mjs").People} people
 */
export function lines({ entries, title, metric, reference }, people) {
	const curves = entries.flatMap(({ candidate, points = [] }) => {
		const known = points.flatMap(({ bytes, figure }) =>
			figure ? [{ bytes, value: figure.median }] : [],
		);
		const person = people.get(candidate);
		const { label, isOurs } = person;
		const color = colorOf(person, reference);
		return known.length > 0 ? [{ label, isOurs, color, known }] : [];
	});
	const all = curves.flatMap(({ known }) => known);
	const values = all.map(({ value }) => value);
	const sizes = [...new Set(all.map(({ bytes }) => bytes))];
	const least = Math.min(...values);
	const most = Math.max(...values);
	const x = logScale(Math.min(...sizes), Math.max(...sizes), LEFT + 8, RIGHT);
	const y = logScale(least, most, BOTTOM - 8, TOP + 8);
	return picture(WIDTH, HEIGHT, `${title}: ${metric.label}, by size`, [
		...powersOfTen(least, most).map((value) => level(value, y(value))),
		...sizeWords(sizes, x),
		...curves.map((curve, i) => path(curve, dashOf(curves, i), x, y)),
		...names(curves, y),
	]);
}

/** @param {number} value @param {number} y */
function level(value, y) {
	return [
		line(LEFT, y, RIGHT, y, "grid"),
		text(LEFT - 8, y + 4, `${Number(value.toPrecision(1))} GB/s`, {
			"text-anchor": "end",
			class: "tick",
		}),
	].join("");
}

/** Those that have room. @param {number[]} sizes @param {(bytes: number) => number} x */
function sizeWords(sizes, x) {
	let last = Number.NEGATIVE_INFINITY;
	return sizes
		.filter((bytes) => {
			const isFree = x(bytes) - last >= WORD_WIDTH;
			if (isFree) last = x(bytes);
			return isFree;
		})
		.map((bytes) =>
			text(x(bytes), BOTTOM + 20, size(bytes), {
				"text-anchor": "middle",
				class: "tick",
			}),
		);
}

/**
 * @param {Curve} curve
 * @param {string | undefined} dash
 * @param {(bytes: number) => number} x
 * @param {(value: number) => number} y
 */
function path({ known, color }, dash, x, y) {
	const points = known.map(
		({ bytes, value }) => `${x(bytes).toFixed(1)} ${y(value).toFixed(1)}`,
	);
	return element("path", {
		d: `M${points.join("L")}`,
		class: "curve",
		"stroke-dasharray": dash,
		style: `stroke: ${color}`,
	});
}

/** @param {Curve[]} curves @param {number} i */
function dashOf(curves, i) {
	const before = curves.slice(0, i);
	const same = before.filter(({ color }) => color === curves[i].color);
	return dashes[same.length % dashes.length];
}

/** The names at the ends of the lines, moved apart where they would meet. @param {Curve[]} curves @param {(value: number) => number} y */
function names(curves, y) {
	/** @param {Curve} curve */
	const end = ({ known }) => y(known[known.length - 1].value);
	const sorted = curves.toSorted((a, b) => end(a) - end(b));
	let last = TOP - WORD_HEIGHT + 4;
	return sorted.map((curve) => {
		last = Math.max(end(curve) + 5, last + WORD_HEIGHT);
		return text(RIGHT + 10, last, curve.label, {
			class: curve.isOurs ? "name ours" : "name",
			style: curve.isOurs ? `fill: ${curve.color}` : undefined,
		});
	});
}

/** @param {number} least @param {number} most */
function powersOfTen(least, most) {
	const found = [];
	const first = 10 ** Math.ceil(Math.log10(least));
	for (let value = first; value <= most; value *= 10) found.push(value);
	return found;
}

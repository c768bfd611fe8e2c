/** All figures of a scenario as a table of the page. */
import { median } from "../statistics.mjs";
import { ratioText, short, size } from "./format.mjs";
import { element, escapeText } from "./svg.mjs";
import { cells } from "./tables.mjs";
import { judge } from "./verdict.mjs";

/** @typedef {import("../results.mjs").ScenarioResult} ScenarioResult */
/** @typedef {import("../results.mjs").Entry} Entry */
/** @typedef {import("./people.mjs").People} People */

/**
 * What is known of a run beside the figure it is judged by; a column is left out where nothing has it.
 *
 * @type {{ title: string, read: (run: any) => number | undefined, text: (value: number) => string }[]}
 */
const columns = [
	{
		title: "per second",
		read: (run) => run.messagesPerSecond,
		text: (value) => short(value, "count"),
	},
	{
		title: "MB/s",
		read: (run) => run.megabytesPerSecond,
		text: (value) => value.toFixed(value < 10 ? 1 : 0),
	},
	...["p50", "p99", "p999", "max"].map((name) => ({
		title: name === "p999" ? "p99.9" : name,
		/** @param {any} run */
		read: (run) => run.latencyMicros?.[name],
		/** @param {number} value */
		text: (value) => short(value, "micros"),
	})),
	...["p50", "p99", "max"].map((name) => ({
		title: `pages ${name}`,
		/** @param {any} run */
		read: (run) => run.pages?.latencyMicros?.[name],
		/** @param {number} value */
		text: (value) => short(value, "micros"),
	})),
	...["p50", "p99", "max"].map((name) => ({
		title: `timers ${name}`,
		/** @param {any} run */
		read: (run) => run.timerMicros?.[name],
		/** @param {number} value */
		text: (value) => short(value, "micros"),
	})),
	{
		title: "compressed",
		read: (run) => run.deflatedBytes,
		text: (value) => `${value.toFixed(0)} B`,
	},
	{
		title: "peak memory",
		read: (run) => run.server?.rssPeak,
		text: (value) => short(value, "bytes"),
	},
	{
		title: "wall time",
		read: (run) => run.milliseconds,
		text: (value) => short(value, "millis"),
	},
	{
		title: "load generator's CPU",
		read: (run) => run.generator && run.generator.cpuSeconds / run.seconds,
		text: (value) => `${(value * 100).toFixed(0)} %`,
	},
];

/** @param {Entry} entry @param {(run: any) => number | undefined} read */
function medianOf({ runs, failure }, read) {
	const values = failure
		? []
		: runs.map(read).filter((value) => Number.isFinite(value));
	return values.length > 0
		? median(/** @type {number[]} */ (values))
		: undefined;
}

/** @param {ScenarioResult} scenario @param {People} people */
export function figureTable({ entries, metric, reference }, people) {
	const present = columns.filter(({ read }) =>
		entries.some((entry) => medianOf(entry, read) !== undefined),
	);
	const head = ["", metric.label, "rounds", `× ${people.label(reference)}`];
	const rows = entries.map((entry) => {
		const { candidate, figure, ratio } = entry;
		/** @param {number} value */
		const write = (value) => short(value, metric.unit);
		return [
			people.label(candidate),
			figure ? write(figure.median) : "failed",
			figure ? `${write(figure.min)} – ${write(figure.max)}` : "",
			ratio ? ratioText(ratio.median) : "",
			...present.map(({ read, text }) => {
				const value = medianOf(entry, read);
				return value === undefined ? "" : text(value);
			}),
		];
	});
	return table([...head, ...present.map(({ title }) => title)], rows);
}

/** A size a row. @param {ScenarioResult} scenario @param {People} people */
export function pointTable({ entries, reference, metric }, people) {
	const sizes = entries.find(({ points }) => points)?.points ?? [];
	const head = entries.map(({ candidate }) => people.label(candidate));
	const rows = sizes.map(({ bytes }, i) => [
		size(bytes),
		...entries.map(({ candidate, points = [] }) => {
			const { figure, ratio, operations } = points[i] ?? {};
			if (!figure || !operations) return "failed";
			const times =
				ratio && candidate !== reference ? ` (${ratioText(ratio.median)})` : "";
			return `${short(operations.median, "count")}/s, ${short(figure.median, metric.unit)}${times}`;
		}),
	]);
	return table(["", ...head], rows);
}

/** All scenarios, all candidates. @param {import("../results.mjs").Results} results */
export function wholeTable(results) {
	const { head, rows } = cells(results, (text, ratio) =>
		element("strong", { class: judge(ratio) }, text),
	);
	return table(head, rows, (text) => text);
}

/**
 * @param {string[]} head
 * @param {string[][]} rows The first cell of each is its name.
 * @param {(text: string) => string} write Makes markup of the other cells.
 */
function table(head, rows, write = escapeText) {
	/** @param {string} name @param {string} text */
	const cell = (name, text) => element(name, {}, escapeText(text));
	return element(
		"div",
		{ class: "scroll" },
		element("table", {}, [
			element(
				"thead",
				{},
				element(
					"tr",
					{},
					head.map((text) => cell("th", text)),
				),
			),
			element(
				"tbody",
				{},
				rows.map(([name, ...cells]) =>
					element("tr", {}, [
						element("th", { scope: "row" }, escapeText(name)),
						...cells.map((text) => element("td", {}, write(text))),
					]),
				),
			),
		]),
	);
}

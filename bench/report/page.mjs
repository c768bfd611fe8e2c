/** The page: one file that needs nothing else, made of results alone. */
import { readFileSync } from "node:fs";
import { bars } from "./bars.mjs";
import { figureTable, pointTable } from "./figures.mjs";
import { head } from "./head.mjs";
import { lines } from "./lines.mjs";
import { methodText, versionsText } from "./method.mjs";
import { People } from "./people.mjs";
import { element, escapeText } from "./svg.mjs";

/** @typedef {import("../results.mjs").Results} Results */
/** @typedef {import("../results.mjs").ScenarioResult} ScenarioResult */

/** @type {Record<string, [title: string, about: string]>} */
const chapters = {
	echo: [
		"Echo",
		"A server sends back each message it receives. Counted is what it handles with one second of CPU time.",
	],
	connections: [
		"Connections",
		"Many of them, encrypted ones, opening them, keeping them, and reaching them all.",
	],
	latency: [
		"Latency",
		"How long an answer takes while the server is not at its limit.",
	],
	"other-work": [
		"Node's other work",
		"How long timers and pages of an HTTP server wait in a process whose WebSocket server is fully loaded. Both are counted from when they were due, so that a turn that takes long is not spared.",
	],
	client: [
		"As a client",
		"The library drives an echo server written in Rust, which is never the limit.",
	],
	engine: [
		"The engine by itself",
		"No sockets: the functions that make and read frames. Both axes are logarithmic, higher is better.",
	],
	import: ["Start", "What requiring the package costs."],
};

/** @param {Results} results */
export function page(results) {
	const people = new People(results.candidates);
	const style = readFileSync(new URL("style.css", import.meta.url), "utf8");
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>How fast is nodejs-websocket?</title>
<style>
${style}</style>
</head>
<body>
${[
	head(results, people),
	...Object.keys(chapters).map((group) => chapter(group, results, people)),
	foot(results, people),
].join("\n")}
</body>
</html>
`;
}

/** @param {string} group @param {Results} results @param {People} people */
function chapter(group, results, people) {
	const scenarios = results.scenarios.filter((one) => one.group === group);
	if (scenarios.length === 0) return "";
	const [title, about] = chapters[group];
	return element("section", { class: "chapter" }, [
		element("h2", {}, title),
		element("p", { class: "about" }, about),
		element(
			"div",
			{ class: "cards" },
			scenarios.map((scenario) => card(scenario, people)),
		),
	]);
}

/** @param {ScenarioResult} scenario @param {People} people */
function card(scenario, people) {
	const { id, title, about, metric, entries } = scenario;
	const hasPoints = entries.some(({ points }) => points);
	const direction =
		metric.better === "more" ? "longer is better" : "shorter is better";
	return element("article", { class: "card", id }, [
		element("h3", {}, escapeText(title)),
		element("p", { class: "about" }, escapeText(about)),
		hasPoints
			? lines(scenario, people)
			: element(
					"p",
					{ class: "measure" },
					escapeText(`${metric.label}, ${direction}`),
				) + bars(scenario, people),
		textNote(scenario, people),
		failures(scenario, people),
		element("details", {}, [
			element("summary", {}, "All figures"),
			hasPoints ? pointTable(scenario, people) : figureTable(scenario, people),
		]),
	]);
}

/** What the handlers of text get, where that is not the same for all. @param {ScenarioResult} scenario @param {People} people */
function textNote({ load, role, entries }, people) {
	const isText = load.kind === "ascii" || load.kind === "non-ascii";
	if (!isText || role === "engine") return "";
	const others = entries
		.map(({ candidate }) => people.get(candidate))
		.filter(({ text }) => text && text !== "string");
	if (others.length === 0) return "";
	const list = others.map(({ label, text }) => `${label}: ${text}`).join("; ");
	return element(
		"p",
		{ class: "note" },
		`The handler of a text message gets a string. ${escapeText(list)}.`,
	);
}

/** @param {ScenarioResult} scenario @param {People} people */
function failures({ entries }, people) {
	return entries
		.filter(({ failure }) => failure)
		.map(({ candidate, failure = "" }) =>
			element(
				"p",
				{ class: "note failure" },
				escapeText(`${people.label(candidate)} failed: ${failure}`),
			),
		)
		.join("");
}

/** @param {Results} results @param {People} people */
function foot(results, people) {
	return element("section", { class: "chapter" }, [
		element("h2", {}, "How it was measured"),
		element("div", { class: "card prose" }, [
			...methodText(results, people).map((words) =>
				element("p", {}, escapeText(words)),
			),
			element("p", {}, escapeText(versionsText(results))),
			element("h3", {}, "Do it yourself"),
			element("pre", {}, escapeText(results.command)),
			element(
				"p",
				{ class: "about" },
				"in a clone of the project, on Linux with Node.js and a Rust toolchain. results.json beside this page holds every run.",
			),
		]),
	]);
}

/** What is made of the runs: figures, tables and the page. A failure must be seen in all of them. */
import { describe, expect, test } from "vitest";
import { chooseCandidates } from "../../bench/candidates.mjs";
import { ratioText, short, size } from "../../bench/report/format.mjs";
import { page } from "../../bench/report/page.mjs";
import { withResults } from "../../bench/report/readme.mjs";
import { terminalTable } from "../../bench/report/tables.mjs";
import { verdicts } from "../../bench/report/verdict.mjs";
import { type Results, summarize, summaryOf } from "../../bench/results.mjs";
import { scenarios, viewsOf } from "../../bench/scenarios.mjs";

const candidates = chooseCandidates({
	full: false,
	peers: ["ws", "bun"],
}).filter(({ id }) => id !== "native-io");
const [native, typescript, ws, bun] = candidates;

const run = (messagesPerCpuSecond: number) => ({
	server: { messagesPerCpuSecond },
});

const find = (id: string) => {
	const found = scenarios.find((scenario) => scenario.id === id);
	if (!found) throw new Error(`there is no scenario ${id}`);
	return found;
};

const echo = summarize(
	find("text-32x1"),
	[
		{ candidate: native, runs: [run(300_000), run(330_000), run(310_000)] },
		{ candidate: typescript, runs: [run(99_000), run(98_000), run(97_000)] },
		{ candidate: ws, runs: [run(100_000), run(110_000), run(90_000)] },
		{ candidate: bun, runs: [run(900_000)], failure: "it said <nothing>" },
	],
	ws,
);

const memory = (bytesPerConnection: number) => ({
	server: { bytesPerConnection },
});

const idle = summarize(
	find("idle"),
	[
		{ candidate: native, runs: [memory(4096)] },
		{ candidate: typescript, runs: [memory(8192)] },
		{ candidate: ws, runs: [memory(8192)] },
	],
	ws,
);

const points = (gigabytes: number) => ({
	points: (find("decode-text").sizes ?? []).map((bytes) => ({
		bytes,
		gigabytesPerCpuSecond: gigabytes,
		operationsPerCpuSecond: (gigabytes * 1e9) / bytes,
	})),
});

const decode = summarize(
	find("decode-text"),
	[
		{ candidate: native, runs: [points(8)] },
		{ candidate: ws, runs: [points(2)] },
	],
	ws,
);

const results: Results = {
	format: 1,
	date: "2030-05-06T07:08:09.000Z",
	command: "npm run bench -- --quick",
	pace: { rounds: 3, warmup: 0.3, seconds: 0.8 },
	machine: {
		cpu: "A <fast> one",
		cores: 2,
		memoryBytes: 24 * 2 ** 30,
		system: "Linux 6, x64",
		node: "20.1.0",
		busyBefore: 0,
		isPinned: true,
	},
	candidates: candidates.map((candidate) => ({
		...candidate,
		versions: Object.fromEntries(
			candidate.packages.map((name) => [name, "1.2.3"]),
		),
	})),
	scenarios: [echo, idle, decode],
};

describe("a scenario's summary", () => {
	const entry = (id: string) =>
		echo.entries.find(({ candidate }) => candidate === id);

	test("has medians over the rounds, and ratios to the reference", () => {
		expect(entry("native")).toMatchObject({
			figure: { median: 310_000, min: 300_000, max: 330_000 },
			ratio: { median: 3.1 },
		});
		expect(entry("ws")?.ratio?.median).toBe(1);
	});

	test("keeps the reason of a failure, and no figure of the rounds before it", () => {
		expect(entry("bun")).toMatchObject({
			failure: "it said <nothing>",
			figure: null,
			ratio: null,
		});
	});

	test("turns ratios so that more is better", () => {
		expect(idle.entries[0].ratio?.median).toBe(2);
	});

	test("has no ratios where the reference failed", () => {
		const summary = summarize(
			find("text-32x1"),
			[
				{ candidate: native, runs: [run(1)] },
				{ candidate: ws, runs: [run(1)], failure: "it died" },
			],
			ws,
		);
		expect(summary.entries.map(({ ratio }) => ratio)).toEqual([null, null]);
		expect(summary.entries[0].figure?.median).toBe(1);
	});

	test("is said in one line", () => {
		expect(summaryOf(echo)).toBe(
			"native 310 k (3.1×), typescript 98.0 k (0.98×), ws 100 k, bun FAILED (it said <nothing>)",
		);
		expect(summaryOf(decode)).toContain("native 8.00 GB/s to 8.00 GB/s");
	});
});

test("the other work beside a load is shown as pages and as timers, of the same runs", () => {
	const ofOthers = (p99: number) => ({
		pages: { latencyMicros: { p50: 100, p99, max: 2 * p99 } },
		timerMicros: { p50: 10, p99: p99 / 10, max: p99 },
	});
	const outcomes = [
		{ candidate: native, runs: [ofOthers(1000)] },
		{ candidate: ws, runs: [ofOthers(4000)] },
	];
	const shown = viewsOf(find("page-64k")).map((view) =>
		summarize(view, outcomes, ws),
	);
	expect(shown.map(({ id, group }) => [id, group])).toEqual([
		["page-64k", "other-work"],
		["timer-64k", "other-work"],
	]);
	expect(shown.map(({ entries }) => entries[0].figure?.median)).toEqual([
		1000, 100,
	]);
	expect(shown.map(({ entries }) => entries[0].ratio?.median)).toEqual([4, 4]);
	const text = page({ ...results, scenarios: shown });
	expect(text).toContain("Node's other work");
	for (const title of ["pages p50", "pages max", "timers p99"])
		expect(text).toContain(title);
});

test("the verdict counts what is better, level and worse", () => {
	expect(verdicts(results)).toMatchObject([
		{ id: "native", better: 2, level: 0, worse: 0, failed: 0 },
		{ id: "typescript", better: 0, level: 2, worse: 0, failed: 0 },
	]);
	expect(verdicts(results)[0].average).toBeCloseTo(Math.sqrt(3.1 * 2));
});

test("the table has a row a scenario, and names failures", () => {
	const [head, ...rows] = terminalTable(results).split("\n");
	expect(head.trim().split(/ {2,}/)).toEqual(
		candidates.map(({ label }) => label),
	);
	expect(rows[0].split(/ {2,}/)).toEqual([
		"32 B text, one at a time",
		"310 k (3.1×)",
		"98.0 k (0.98×)",
		"100 k",
		"failed",
	]);
	expect(rows[2]).toMatch(
		/^Decode text messages, 64 KiB +8\.00 GB\/s \(4\.0×\)/,
	);
});

describe("the README's part", () => {
	const readme = "before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n";

	test("is replaced between its markers, and only there", () => {
		const written = withResults(readme, results);
		expect(written).toMatch(/^before\n<!-- bench -->\n\| {2}\| native engine/);
		expect(written).toMatch(/\n<!-- \/bench -->\nafter\n$/);
		expect(written).not.toContain("old");
		expect(written).toContain("310 k **3.1×**");
		expect(written).toContain("2030-05-06");
		expect(written).toContain(
			"nodejs-websocket 1.2.3, ws 1.2.3, bufferutil 1.2.3, bun 1.2.3.",
		);
		expect(written).toContain("A <fast> one, 2 cores, 24 GiB");
		expect(withResults(written, results)).toBe(written);
	});

	test("says when the machine was busy with other things", () => {
		const machine = { ...results.machine, busyBefore: 1.5 };
		const busy = withResults(readme, { ...results, machine });
		expect(busy).toContain("1.5 processes on 2 cores");
		expect(withResults(readme, results)).not.toContain("busy");
	});

	test("is not written where the markers are missing", () => {
		expect(() => withResults("nothing", results)).toThrow("<!-- bench -->");
	});
});

describe("the page", () => {
	const html = page(results);

	test("needs nothing but itself", () => {
		expect(html).not.toMatch(/<(?:script|link|img|iframe)|url\(|@import/);
		expect(html.match(/(?:href|src)=/g)).toBeNull();
	});

	test("shows every scenario, and every failure with its reason", () => {
		for (const { id } of results.scenarios)
			expect(html).toContain(`id="${id}"`);
		expect(html).toContain("Bun failed: it said &lt;nothing&gt;");
	});

	test("says what the handlers of text get", () => {
		expect(html).toContain("ws + bufferutil: Buffer (no string is made)");
	});

	test("can be made where everything failed", () => {
		const broken = {
			...echo,
			entries: echo.entries.map((entry) => ({
				...entry,
				figure: null,
				ratio: null,
				failure: "it died",
				runs: [],
			})),
		};
		const text = page({ ...results, scenarios: [broken] });
		expect(text).toContain("native engine, node:net failed: it died");
		expect(text).not.toMatch(/NaN|Infinity|undefined/);
	});

	test("has no figure that is none", () => {
		expect(html).not.toMatch(/NaN|Infinity|undefined/);
	});
});

describe("figures", () => {
	test.each([
		[0.123, "count", "0.12"],
		[9.999, "count", "10.0"],
		[99.99, "count", "100"],
		[999, "count", "999"],
		[1300, "count", "1.30 k"],
		[154_321, "count", "154 k"],
		[999_900, "count", "1.00 M"],
		[7_600_000, "count", "7.60 M"],
		[8200, "bytes", "8.01 KiB"],
		[1500, "micros", "1.50 ms"],
		[23.26, "millis", "23.3 ms"],
		[12.34, "gigabytes", "12.3 GB/s"],
	] as const)("%d of %s are %s", (value, unit, text) => {
		expect(short(value, unit)).toBe(text);
	});

	test.each([
		[0.4567, "0.46×"],
		[1, "1.00×"],
		[1.999, "2.0×"],
		[7.64, "7.6×"],
		[14.4, "14×"],
	])("the ratio %d is %s", (value, text) => {
		expect(ratioText(value)).toBe(text);
	});

	test("sizes are named as in titles", () => {
		expect([16, 1024, 65_536, 2 ** 20, 1500].map(size)).toEqual([
			"16 B",
			"1 KiB",
			"64 KiB",
			"1 MiB",
			"1500 B",
		]);
	});
});

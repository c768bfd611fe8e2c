/** The command line of the benchmarks, and who is measured where. */
import { relative } from "node:path";
import { describe, expect, test } from "vitest";
import { fieldOf } from "../../bench/candidates.mjs";
import { nodeVersion } from "../../bench/machine.mjs";
import { loadArguments } from "../../bench/measure/server.mjs";
import { commandOf, parseOptions } from "../../bench/options.mjs";
import { scenarios, viewsOf } from "../../bench/scenarios.mjs";
import { planOf, referenceOf } from "../../bench/session.mjs";

const scenario = (id: string) => {
	const found = scenarios.find((one) => one.id === id);
	if (!found) throw new Error(`there is no scenario ${id}`);
	return found;
};

/** The ids of those who take part in a scenario, by the command line. */
const field = (id: string, ...words: string[]) =>
	fieldOf(scenario(id), parseOptions(words).candidates).map(
		(candidate) => candidate.id,
	);

const idsOf = (...words: string[]) =>
	parseOptions(words).scenarios.map(({ id }) => id);

describe("the choice of scenarios", () => {
	test("is a part by default, and all with --full", () => {
		expect(idsOf()).toEqual(idsOf("--quick"));
		expect(idsOf().length).toBeLessThan(scenarios.length);
		expect(idsOf("--full")).toEqual(scenarios.map(({ id }) => id));
	});

	test("can be made by name and by group", () => {
		expect(idsOf("--only=tls,text-32x1")).toEqual(["text-32x1", "tls"]);
		expect(idsOf("--only=client")).toEqual(
			scenarios.filter(({ group }) => group === "client").map(({ id }) => id),
		);
	});

	test("names that fit the width of the progress lines are unique", () => {
		const ids = scenarios.flatMap(viewsOf).map(({ id }) => id);
		expect(new Set(ids).size).toBe(ids.length);
		expect(ids.filter((id) => id.length > 17)).toEqual([]);
	});
});

describe("the choice of candidates", () => {
	test("always has ours, and by default ws", () => {
		const ours = ["native-io", "native", "typescript"];
		expect(field("text-32x1")).toEqual([...ours, "ws"]);
		expect(field("text-32x1", "--peers=none")).toEqual(ours);
		expect(field("text-32x1", "--peers=bun,v1").slice(3)).toEqual([
			"v1",
			"bun",
		]);
	});

	test("leaves out who has nothing to do with a scenario", () => {
		expect(field("binary-64k", "--full")).not.toContain("ws-string");
		expect(field("text-64k", "--full")).toContain("ws-string");
		expect(field("tls")).not.toContain("native-io");
		expect(field("import")).not.toContain("native-io");
		expect(field("deflate-1k", "--full")).toEqual([
			...["native-io", "native", "typescript"],
			...["ws", "ws-string", "ws-plain"],
		]);
		expect(
			field("deflate-1k", "--peers=none", "--candidate=mine=./echo"),
		).toContain("mine");
		expect(field("mask", "--full")).toEqual([
			"native",
			"typescript",
			"bufferutil",
		]);
		expect(field("client-32x1", "--full")).not.toContain("bun");
	});

	test("takes any command that listens", () => {
		const { candidates } = parseOptions([
			"--candidate",
			"uws=./echo --x=1",
			"--candidate=other=node other.mjs",
		]);
		const [uws, other] = candidates.slice(-2);
		expect(uws).toMatchObject({
			id: "uws",
			server: ["sh", "-c", "./echo --x=1"],
		});
		expect(other).toMatchObject({
			id: "other",
			server: ["sh", "-c", "node other.mjs"],
		});
	});

	test("compares with ws, else with another, else among ours", () => {
		const referenceWith = (...words: string[]) =>
			referenceOf(
				fieldOf(scenario("text-32x1"), parseOptions(words).candidates),
			).id;
		expect(referenceWith("--full")).toBe("ws");
		expect(referenceWith("--peers=bun")).toBe("bun");
		expect(referenceWith("--peers=none")).toBe("native-io");
	});
});

describe("the pace", () => {
	test("can be set", () => {
		const { pace } = parseOptions([
			"--seconds=0.25",
			"--warmup=3",
			"--rounds=7",
		]);
		expect(pace).toEqual({ seconds: 0.25, warmup: 3, rounds: 7 });
	});

	test("of a smoke test opens few connections", () => {
		const plan = planOf(parseOptions(["--smoke"]));
		const most = plan.map(({ scenario: { load } }) =>
			Math.max(load.connections ?? 0, load.receivers ?? 0),
		);
		expect(plan).toHaveLength(scenarios.length);
		expect(Math.max(...most)).toBe(100);
		const quiet = plan.map(({ scenario: { load } }) => load.quiet ?? 0);
		expect(Math.max(...quiet)).toBeLessThan(1);
	});
});

test.each([
	[["--only=nothing"], "there is no scenario nothing"],
	[["--only="], "there is no scenario"],
	[["--peers=ws,nobody"], "there is no peer nobody"],
	[["--quick", "--full"], "--quick, --full or --smoke, one of them"],
	[["--seconds=0"], "--seconds takes a number above 0"],
	[["--seconds=soon"], "--seconds takes a number above 0"],
	[["--rounds=1.5"], "--rounds takes a whole number"],
	[["--candidate", "command"], "--candidate takes name=command"],
	[["--candidate", "ws=command"], "the name ws is taken"],
	[["--node=./no-node"], "--node: ./no-node is no Node.js"],
	[["--fast"], /--fast/],
	[["word"], /word/],
])("%j is refused with a reason", (words, reason) => {
	expect(() => parseOptions(words)).toThrow(reason);
});

test("another Node.js can be measured, and is what is reported", () => {
	const elsewhere = relative(process.cwd(), process.execPath);
	expect(parseOptions([`--node=${elsewhere}`]).node).toBe(process.execPath);
	expect(parseOptions([]).node).toBe(process.execPath);
	expect(nodeVersion(process.execPath)).toBe(process.versions.node);
});

test("the command to measure the same again can be typed as it is shown", () => {
	expect(commandOf([])).toBe("npm run bench");
	expect(
		commandOf([
			"--readme",
			"--only=a,b",
			"--candidate",
			"it's=x y",
			"--output=/z",
		]),
	).toBe("npm run bench -- --only=a,b --candidate 'it'\\''s=x y'");
});

test("the load is handed over by the load generator's option names", () => {
	expect(
		loadArguments({
			connections: 50,
			inFlight: 1,
			kind: "non-ascii",
			tls: true,
			deflate: "takeover",
			rate: undefined,
		}),
	).toEqual([
		...["--connections", "50", "--in-flight", "1"],
		...["--kind", "non-ascii", "--tls", "--deflate", "takeover"],
	]);
});

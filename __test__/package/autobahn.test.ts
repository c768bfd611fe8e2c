/** The runner of the Autobahn testsuite: what the suite reports must not pass for more than it is, and nothing get lost. */
import { describe, expect, test } from "vitest";
import {
	knownIds,
	sections,
	select,
	sets,
} from "../../scripts/autobahn/cases.mjs";
import {
	casesFor,
	combinations,
	filterCombinations,
	nameOf,
} from "../../scripts/autobahn/combinations.mjs";
import { conformanceTable } from "../../scripts/autobahn/conformance.mjs";
import { joinParts, partsFor } from "../../scripts/autobahn/parts.mjs";
import {
	countResult,
	describeResult,
} from "../../scripts/autobahn/results.mjs";
import { judge } from "../../scripts/autobahn/verdict.mjs";
import { withSection } from "../../scripts/support/section.mjs";

const entry = (behavior: string, behaviorClose = "OK") => ({
	behavior,
	behaviorClose,
	reportfile: "none.json",
});

const passedOf = (id: string, behavior: string, behaviorClose?: string) =>
	judge([id], { [id]: entry(behavior, behaviorClose) })[0].passed;

describe("a case", () => {
	test("passes when both what came back and the closing handshake are OK", () => {
		expect(passedOf("1.1.1", "OK")).toBe(true);
	});

	test.each(["FAILED", "NON-STRICT", "UNIMPLEMENTED", "INFORMATIONAL", "?"])(
		"fails with %s, in either of the two",
		(word) => {
			expect(passedOf("6.4.1", word)).toBe(false);
			expect(passedOf("6.4.1", "OK", word)).toBe(false);
		},
	);

	test.each(["WRONG CODE", "UNCLEAN", "FAILED BY CLIENT"])(
		"fails when the closing handshake was %s",
		(word) => {
			expect(passedOf("7.1.1", "OK", word)).toBe(false);
		},
	);

	test.each(["7.1.6", "7.13.1", "7.13.2"])(
		"may be INFORMATIONAL where the suite has no other word: %s",
		(id) => {
			const [verdict] = judge([id], {
				[id]: entry("INFORMATIONAL", "INFORMATIONAL"),
			});
			expect(verdict).toMatchObject({ passed: true, informational: true });
			expect(passedOf(id, "FAILED", "INFORMATIONAL")).toBe(false);
		},
	);
});

describe("a run", () => {
	const ids = ["1.1.1", "1.1.2", "6.4.1"];
	const result = (report: Parameters<typeof judge>[1]) => ({
		combination: combinations[0],
		verdicts: judge(ids, report),
		problems: [] as string[],
		seconds: 1,
	});

	test("counts a case that is missing in the report as failed", () => {
		const half = result({ "1.1.1": entry("OK"), "1.1.2": entry("OK") });
		expect(countResult(half)).toEqual({
			passed: 2,
			failed: 1,
			failures: [
				{
					name: `${nameOf(combinations[0])} 6.4.1`,
					error: expect.stringContaining("missing"),
				},
			],
		});
		expect(describeResult(half)).toContain("FAILED 6.4.1: missing");
		expect(countResult(result({}))).toMatchObject({ passed: 0, failed: 3 });
	});

	test("counts a case that was not to be run as failed", () => {
		const report = Object.fromEntries(
			[...ids, "1.1.3"].map((id) => [id, entry("OK")]),
		);
		expect(countResult(result(report))).toMatchObject({ passed: 3, failed: 1 });
	});

	test("counts a program that broke down as failed, whatever the report says", () => {
		const report = Object.fromEntries(ids.map((id) => [id, entry("OK")]));
		const broken = { ...result(report), problems: ["the echo server ended"] };
		expect(countResult(broken)).toEqual({
			passed: 3,
			failed: 1,
			failures: [
				{ name: nameOf(combinations[0]), error: "the echo server ended" },
			],
		});
	});

	test("names every failure, also where there are too many to explain", () => {
		const many = Array.from({ length: 30 }, (_, i) => `5.${i}`);
		const text = describeResult({ ...result({}), verdicts: judge(many, {}) });
		for (const id of many) expect(text).toMatch(new RegExp(`\\b${id}\\b`));
	});
});

describe("patterns", () => {
	const ids = ["1.1.1", "1.1.10", "10.1.1", "6.4.1"];

	test("match whole numbers, unlike the suite's own", () => {
		expect(select(ids, ["1.*"])).toEqual(["1.1.1", "1.1.10"]);
		expect(select(ids, ["1.1.1"])).toEqual(["1.1.1"]);
	});

	test("keep the suite's order, and take no case twice", () => {
		expect(select(ids, ["6.*", "1.1.1", "1.1.*"])).toEqual([
			"1.1.1",
			"1.1.10",
			"6.4.1",
		]);
	});

	test("that match nothing are an error", () => {
		expect(() => select(ids, ["1.*", "11.*"])).toThrow("no case 11.*");
	});
});

describe("the suite's cases", () => {
	const sizes = { 1: 16, 2: 11, 3: 7, 4: 10, 5: 20, 6: 145, 7: 37, 9: 54 };
	const all = Object.entries({ ...sizes, 10: 1, 12: 90, 13: 126 }).flatMap(
		([section, size]) =>
			Array.from({ length: size }, (_, i) => `${section}.${i + 1}`),
	);

	test("are all run", () => {
		const known = knownIds(all);
		expect(known).toHaveLength(517);
		expect(sections.reduce((sum, { cases }) => sum + cases, 0)).toBe(517);
		expect(select(known, sets.core)).toHaveLength(247);
	});

	test("must be as many as expected", () => {
		const lost = all.filter((id) => id !== "6.145");
		expect(() => knownIds(lost)).toThrow("section 6 has 144 cases");
	});
});

describe("combinations", () => {
	test("are both roles on both engines, and on the native one over its transport", () => {
		expect(filterCombinations("collected").map(nameOf)).toEqual([
			"server/native/collected",
			"client/native/collected",
			"server/typescript/collected",
			"client/typescript/collected",
			"server/native-transport/collected",
			"client/native-transport/collected",
		]);
	});

	test("are chosen by their words", () => {
		expect(filterCombinations("server/native,client/streamed")).toEqual(
			combinations.filter(
				({ role, engine, transport, binary }) =>
					(role === "server" &&
						engine === "native" &&
						transport === "socket") ||
					(role === "client" && binary === "streamed"),
			),
		);
		expect(() => filterCombinations("server/rust")).toThrow("rust");
	});

	test("with streams run the cases with binary messages", () => {
		const [streamed] = filterCombinations("streamed");
		expect(casesFor(streamed, ["1.1.1", "1.2.1", "9.2.6"])).toEqual([
			"1.2.1",
			"9.2.6",
		]);
	});
});

describe("parts", () => {
	const ids = ["1.1.1", "10.1.1", "12.1.1", "12.1.10", "12.2.1", "13.1.1"];

	test("are the protocol, and the subsections of compression", () => {
		const parts = partsFor(combinations[0], ids);
		expect(parts.map(({ name }) => name)).toEqual([
			"protocol",
			"12.1",
			"12.2",
			"13.1",
		]);
		expect(parts.flatMap((part) => part.ids)).toEqual(ids);
	});

	test("are joined to one result for each combination, with all that failed", () => {
		const [one, other] = combinations;
		const results = [...partsFor(one, ids), ...partsFor(other, ["1.1.1"])].map(
			(part) => ({
				combination: part.combination,
				verdicts: judge(part.ids, {}),
				problems: [part.name],
				seconds: 1,
			}),
		);
		const joined = joinParts(results);
		expect(joined.map(({ combination }) => combination)).toEqual([one, other]);
		expect(joined[0].verdicts.map(({ id }) => id)).toEqual(ids);
		expect(joined[0]).toMatchObject({
			problems: ["protocol", "12.1", "12.2", "13.1"],
			seconds: 4,
		});
	});
});

describe("the table in CONFORMANCE.md", () => {
	test("shows what passed of what was run, by section", () => {
		const ids = ["1.1.1", "1.1.2", "10.1.1"];
		const table = conformanceTable([
			{
				combination: {
					role: "server",
					engine: "native",
					transport: "socket",
					binary: "collected",
				},
				verdicts: judge(ids, { "1.1.1": entry("OK"), "10.1.1": entry("OK") }),
				problems: [],
				seconds: 1,
			},
		]);
		expect(table.split("\n")[2]).toBe(
			"| server | native | socket | collected | 1/2 |  |  |  |  |  |  |  | 1/1 |  |  | 2/3 |",
		);
	});

	test("replaces what is between its markers, and nothing else", () => {
		const text = "a\n<!-- autobahn -->\nold\n<!-- /autobahn -->\nb\n";
		const renewed = "a\n<!-- autobahn -->\nnew\n<!-- /autobahn -->\nb\n";
		expect(withSection(text, "autobahn", "new")).toBe(renewed);
		expect(withSection(renewed, "autobahn", "new")).toBe(renewed);
		expect(() => withSection("a\n", "autobahn", "new")).toThrow(
			"<!-- autobahn -->",
		);
	});
});

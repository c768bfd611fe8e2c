/** The scripts that count what the runners report: a failure must never be lost in the sum. */
import { describe, expect, test } from "vitest";
import { countResults } from "../../scripts/checks/bench.mjs";
import { countCargoTests } from "../../scripts/checks/cargo.mjs";
import { readRun } from "../../scripts/checks/fuzz.mjs";
import { Tally } from "../../scripts/checks/tally.mjs";
import { countReport } from "../../scripts/checks/vitest.mjs";
import { reasonOf } from "../../scripts/setup/native.mjs";
import { run } from "../../scripts/support/child.mjs";

describe("counting cargo test", () => {
	test("sums the results of all test binaries, coloured or not", () => {
		const output = [
			"test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
			"test result: \x1b[31mFAILED\x1b[0m. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
			"the words test result: ok. 9 passed; 9 failed; 9 ignored; in the middle of a line",
		].join("\n");
		expect(countCargoTests(output)).toEqual({
			passed: 15,
			failed: 2,
			skipped: 1,
		});
	});

	test("counts nothing where nothing was compiled", () => {
		expect(countCargoTests("error: could not compile `x`")).toEqual({
			passed: 0,
			failed: 0,
			skipped: 0,
		});
	});
});

describe("counting a vitest report", () => {
	const report = {
		numPassedTests: 4,
		numFailedTests: 1,
		numPendingTests: 2,
		numTodoTests: 1,
	};

	test("adds up tests, skipped ones and to-dos", () => {
		const testResults = [
			{ status: "failed", assertionResults: [{ status: "failed" }] },
			{ status: "passed", assertionResults: [{ status: "passed" }] },
		];
		expect(countReport({ ...report, testResults })).toEqual({
			passed: 4,
			failed: 1,
			skipped: 3,
		});
	});

	test("counts a file that could not be loaded as a failure", () => {
		const testResults = [
			{ status: "failed", assertionResults: [{ status: "failed" }] },
			{ status: "failed", assertionResults: [] },
		];
		expect(countReport({ ...report, testResults }).failed).toBe(2);
	});
});

describe("reading a fuzz run", () => {
	const output = "Done 12 runs\nstat::number_of_executed_units: 1234\n";

	test("takes the executions from libFuzzer's closing statistics", () => {
		const run = readRun({ code: 0, output });
		expect(run).toMatchObject({ executions: 1234, crashed: false });
	});

	test("counts a run that ended badly, or said nothing, as crashed", () => {
		expect(readRun({ code: 77, output }).crashed).toBe(true);
		expect(readRun({ code: 0, output: "" }).crashed).toBe(true);
	});
});

describe("a command with a signal", () => {
	const forever = ["-e", "setInterval(() => {}, 1000); console.log('up')"];

	test("is ended when the signal is aborted", async () => {
		const stop = new AbortController();
		const outcome = await run(process.execPath, forever, {
			signal: stop.signal,
			onLine: () => stop.abort(),
		});
		expect(outcome).toEqual({ code: 128, output: "up\n" });
	});

	test("is ended at once when it was aborted before", async () => {
		const outcome = run(process.execPath, forever, {
			signal: AbortSignal.abort(),
		});
		expect((await outcome).code).toBe(128);
	});
});

test("counting benchmarks: a candidate in a scenario is a test", () => {
	const scenarios = [
		{ entries: [{}, { failure: "no answer" }] },
		{ entries: [{}, {}] },
	];
	expect(countResults({ scenarios })).toEqual({
		passed: 3,
		failed: 1,
		skipped: 0,
	});
});

describe("the sum at the end", () => {
	test("is the last line, and names what failed and what was skipped before it", () => {
		const tally = new Tally();
		tally.add("lint", { passed: 1 });
		tally.add("vitest", { passed: 10, failed: 2, skipped: 1 });
		tally.skip("browser test", "no Chromium");
		tally.fail("native build", "no linker");
		expect(tally.summary().split("\n")).toEqual([
			"FAILED   vitest (2)",
			"skipped  browser test: no Chromium",
			"FAILED   native build: no linker",
			"11 passed, 3 failed, 2 skipped",
		]);
		expect(tally.failed).toBe(3);
	});

	test("leaves out the skipped ones when there are none", () => {
		const tally = new Tally();
		tally.add("lint", { passed: 1 });
		expect(tally.summary()).toBe("1 passed, 0 failed");
	});
});

describe("the reason why there is no native build", () => {
	test.each([
		[
			"error: linker `cc` not found\n  |\n  = note: No such file",
			"there is no linker (cc was not found)",
		],
		[
			"error: package `napi v3` cannot be built because it requires rustc 1.88 or newer",
			"cargo is too old (rustc 1.88 is needed)",
		],
		[
			"error: rustc 1.70.0 is not supported by the following package:\n  nodejs-websocket requires rustc 1.85",
			"cargo is too old (rustc 1.85 is needed)",
		],
		[
			"error: failed to parse lock file\nlock file version `4` was found, but this version of Cargo does not understand it",
			"cargo is too old",
		],
		[
			"error: failed to get `memchr` as a dependency\n  Could not resolve host",
			"its crates could not be downloaded",
		],
		["error[E0308]: mismatched types\n --> src/lib.rs", "mismatched types"],
		[
			"\x1b[31mInternal Error\x1b[39m: could not find `Cargo.toml`",
			"could not find `Cargo.toml`",
		],
		["", "the compiler ended without a word"],
	])("is said in one sentence: %j", (output, reason) => {
		expect(reasonOf(output)).toBe(reason);
	});
});

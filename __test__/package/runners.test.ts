/** The scripts that count what the runners report: a failure must never be lost in the sum. */
import { describe, expect, test } from "vitest";
import { countResults } from "../../scripts/checks/bench.mjs";
import { countCargoTests } from "../../scripts/checks/cargo.mjs";
import { readRun } from "../../scripts/checks/fuzz.mjs";
import { Tally } from "../../scripts/checks/tally.mjs";
import { countReport } from "../../scripts/checks/vitest.mjs";
import { reasonOf } from "../../scripts/setup/native.mjs";
import { run } from "../../scripts/support/child.mjs";
import { inRoot } from "../../scripts/support/paths.mjs";

describe("counting cargo test", () => {
	test("sums the results of all test binaries, coloured or not", () => {
		const output = [
			"test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
			"test header::reads ... ok",
			"test header::is_short ... \x1b[31mFAILED\x1b[0m",
			"test mask::is_whole ... FAILED",
			"---- header::is_short stdout ----",
			"thread 'header::is_short' panicked at src/header.rs:3:5:",
			"left: 1",
			"stack backtrace:",
			"   0: main",
			"---- mask::is_whole stdout ----",
			"odd",
			"failures:",
			"    header::is_short",
			"test result: \x1b[31mFAILED\x1b[0m. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
			"the words test result: ok. 9 passed; 9 failed; 9 ignored; in the middle of a line",
		].join("\n");
		expect(countCargoTests(output)).toEqual({
			passed: 15,
			failed: 2,
			skipped: 1,
			failures: [
				{
					name: "header::is_short",
					error:
						"thread 'header::is_short' panicked at src/header.rs:3:5:\nleft: 1\n",
				},
				{ name: "mask::is_whole", error: "odd\n" },
			],
		});
	});

	test("counts nothing where nothing was compiled", () => {
		expect(countCargoTests("error: could not compile `x`")).toEqual({
			passed: 0,
			failed: 0,
			skipped: 0,
			failures: [],
		});
	});
});

describe("counting a vitest report", () => {
	const report = {
		numPassedTests: 4,
		numPendingTests: 2,
		numTodoTests: 1,
	};

	const failing = {
		name: inRoot("__test__/api/sending.test.ts"),
		status: "failed",
		assertionResults: [
			{
				status: "failed",
				fullName: "a message is sent",
				failureMessages: [
					"AssertionError: not sent\n    at send\n    at f (file:///node_modules/a.js:1)",
				],
			},
			{ status: "passed", fullName: "another is sent" },
		],
	};

	test("adds up tests, skipped ones and to-dos, and names those that failed", () => {
		expect(countReport({ ...report, testResults: [failing] })).toEqual({
			passed: 4,
			failed: 1,
			skipped: 3,
			failures: [
				{
					name: "__test__/api/sending.test.ts > a message is sent",
					error: "AssertionError: not sent\n    at send",
				},
			],
		});
	});

	test("says that a test timed out, which the report does not", () => {
		const slow = {
			status: "failed",
			fullName: "an answer comes",
			duration: 20_000.3,
			failureMessages: ["Error: STACK_TRACE_ERROR\n    at task"],
		};
		const testResults = [{ ...failing, assertionResults: [slow] }];
		const [failure] = countReport({ ...report, testResults }).failures ?? [];
		expect(failure?.error).toBe("timed out after 20000 ms\n    at task");
	});

	test("counts a file that could not be loaded as a failure", () => {
		const broken = {
			name: inRoot("__test__/cli/main.test.ts"),
			status: "failed",
			message: "Unexpected token",
			assertionResults: [],
		};
		expect(
			countReport({ ...report, testResults: [failing, broken] }),
		).toMatchObject({
			failed: 2,
			failures: [
				{},
				{ name: "__test__/cli/main.test.ts", error: "Unexpected token" },
			],
		});
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
		{
			id: "echo",
			entries: [
				{ candidate: "native" },
				{ candidate: "typescript", failure: "no answer" },
			],
		},
		{ id: "flood", entries: [{ candidate: "native" }] },
	];
	expect(countResults({ scenarios })).toEqual({
		passed: 2,
		failed: 1,
		skipped: 0,
		failures: [{ name: "echo, typescript", error: "no answer" }],
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

	/** The lines on so many failing tests, without that of the check and the sum. */
	function told(count: number, error: string): string[] {
		const tally = new Tally();
		const failures = Array.from({ length: count }, (_, index) => ({
			name: `a.test.ts > test ${index}`,
			error,
		}));
		tally.add("vitest", { failed: count, failures });
		return tally.summary().split("\n").slice(1, -1);
	}

	test("has a failing test's name and the beginning of its error right above it", () => {
		const error = "\x1b[31mone\x1b[39m\r\n\n\ttwo\x07\n3\n4\n5\n6\n7\n8";
		expect(told(1, error)).toEqual([
			"FAILED   vitest: a.test.ts > test 0",
			"         one",
			"          two ",
			...["3", "4", "5", "6"].map((line) => `         ${line}`),
		]);
	});

	test("has room for all, or the names of many and the number of the rest", () => {
		const error = "x".repeat(1000).concat("\n").repeat(50);
		for (const count of [1, 2, 3, 7, 19, 20, 21, 500]) {
			const lines = told(count, error);
			expect(lines.length).toBeLessThanOrEqual(21);
			expect(lines.every((line) => line.length < 200)).toBe(true);
			const names = lines.filter((line) => line.startsWith("FAILED   vitest:"));
			expect(names).toHaveLength(Math.min(count, 20));
		}
		expect(told(500, error).at(-1)).toBe("FAILED   480 more");
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

/**
 * `npm test`: sets up what is missing, then runs every check there is and ends with one line, `N passed, N failed`.
 *
 *   npm test                        everything
 *   npm test -- <filter> …          the vitest files whose names contain a filter
 *   npm test -- --only=<section>,…  some of the sections: lint, types, rust, fuzz, unit, browser, autobahn, bench,
 *                                 install
 *
 * A check that fails does not stop the others. What this machine lacks (cargo, Chromium, Python) is skipped, and the
 * reason said.
 */

import { relative } from "node:path";
import { prepareSuite } from "./autobahn/index.mjs";
import { testAutobahn } from "./checks/autobahn.mjs";
import { smokeBench } from "./checks/bench.mjs";
import {
	checkClippy,
	checkFuzzClippy,
	checkRustFormat,
	hasCargoCommand,
	loadgenManifest,
	testCrate,
} from "./checks/cargo.mjs";
import { buildTargets, fuzz, targets } from "./checks/fuzz.mjs";
import { Tally } from "./checks/tally.mjs";
import { runVitest } from "./checks/vitest.mjs";
import { installCargoFuzz, nightlyIsMissing } from "./setup/cargo-fuzz.mjs";
import {
	orExit,
	prepareBundlers,
	prepareDependencies,
	prepareNative,
	preparePeers,
	prepareTypescript,
} from "./setup/index.mjs";
import { nativeFeatures } from "./setup/native.mjs";
import { runInherited } from "./support/child.mjs";
import { findChromium } from "./support/chromium.mjs";
import { readCommandLine } from "./support/command-line.mjs";
import { inRoot, packageCommand } from "./support/paths.mjs";
import { filesUnder } from "./support/stamp.mjs";
import { elapsed, StepError, step } from "./support/step.mjs";

const sections = [
	"lint",
	"types",
	"rust",
	"fuzz",
	"unit",
	"browser",
	"autobahn",
	"bench",
	"install",
];
const featureSets = [
	{ name: "without features", args: [] },
	{ name: "with napi", args: ["--features", "napi"] },
];
if ((await nativeFeatures()) === "simdutf")
	featureSets.push({ name: "with simdutf", args: ["--features", "simdutf"] });

/** From the kept inputs on: long runs are `npm run fuzz`. */
const FUZZ_SECONDS = 4;

const { values, positionals: filters } = readCommandLine(import.meta.url, {
	options: { only: { type: "string" } },
	allowPositionals: true,
});
const only =
	values.only?.split(",") ??
	(filters.length > 0 ? ["unit", "browser"] : sections);
const unknown = only.find((name) => !sections.includes(name));
if (unknown !== undefined) {
	process.stderr.write(
		`There is no section ${unknown}. Sections: ${sections.join(", ")}.\n`,
	);
	process.exit(2);
}

const isCI = process.env.CI === "true";
const tally = new Tally();
const began = performance.now();

/**
 * What this machine lacks is skipped, with the reason; a CI machine should lack nothing.
 *
 * @param {string} name
 * @param {string} reason
 */
function leaveOut(name, reason) {
	if (isCI) tally.fail(name, reason);
	else tally.skip(name, reason);
}

/**
 * Runs one check under a heading and counts it.
 *
 * @param {string} name
 * @param {() => Promise<Partial<import("./checks/tally.mjs").Counts>>} work
 */
async function check(name, work) {
	const since = performance.now();
	process.stdout.write(`\n> ${name}\n`);
	const counts = await work();
	tally.add(name, counts);
	const verdict = counts.failed ? "FAILED" : "ok";
	process.stdout.write(`< ${name}: ${verdict} (${elapsed(since)})\n`);
}

/**
 * A step of the set-up that may fail without keeping the other checks from running.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T | undefined>}
 */
async function prepare(name, work) {
	try {
		return await work();
	} catch (error) {
		if (!(error instanceof StepError)) throw error;
		process.stdout.write(`\n${error.details.trim()}\n`);
		tally.fail(name, error.message);
	}
}

/** @param {string} name @param {string[]} args A Node program and its arguments. */
const tool = (name, args) =>
	check(name, async () =>
		(await runInherited(process.execPath, args)) === 0
			? { passed: 1 }
			: { failed: 1 },
	);

/**
 * A cargo subcommand that a toolchain may come without. On a CI machine its absence is a failure.
 *
 * @param {string} name
 * @param {string} command
 * @param {() => Promise<void>} work
 */
async function withComponent(name, command, work) {
	if (await hasCargoCommand(command)) await work();
	else leaveOut(name, `cargo ${command} is not installed`);
}

async function lintRust() {
	await withComponent("rustfmt", "fmt", () =>
		check("rustfmt", checkRustFormat),
	);
	await withComponent("clippy", "clippy", async () => {
		for (const { name, args } of featureSets)
			await check(`clippy ${name}`, () => checkClippy(args));
		await check("clippy of the fuzz targets", checkFuzzClippy);
	});
}

/** @param {string | undefined} noCargo */
async function lint(noCargo) {
	await tool("formatting and lint", [
		packageCommand("@biomejs/biome", "biome"),
		isCI ? "ci" : "check",
		// On a CI machine it would take a log for a terminal.
		...(process.stdout.isTTY ? [] : ["--colors=off"]),
		inRoot(),
	]);
	if (noCargo) tally.skip("rustfmt and clippy", noCargo);
	else await lintRust();
}

async function types() {
	const tsc = packageCommand("typescript", "tsc");
	for (const [name, config] of [
		["types of lib", "tsconfig.json"],
		["types of the tests", "tsconfig.test.json"],
		["types of the scripts", "tsconfig.scripts.json"],
	]) {
		// Not incremental: the record of the build in dist/ is none of this check.
		await tool(name, [
			tsc,
			"-p",
			inRoot(config),
			"--noEmit",
			"--incremental",
			"false",
			"--tsBuildInfoFile",
			"null",
		]);
	}
}

/** @param {string | undefined} noCargo */
async function rust(noCargo) {
	if (noCargo) return tally.skip("cargo test", noCargo);
	for (const { name, args } of featureSets)
		await check(`cargo test ${name}`, () => testCrate(args));
}

/** @param {string} target */
async function fuzzTarget(target) {
	const { executions, crashed, output } = await fuzz(target, FUZZ_SECONDS);
	if (crashed) process.stdout.write(output);
	process.stdout.write(
		`${executions} executions, ${crashed ? "CRASHED" : "no crash"}\n`,
	);
	return crashed ? { failed: 1 } : { passed: 1 };
}

async function fuzzTargets() {
	const reason = await nightlyIsMissing();
	if (reason) {
		leaveOut("fuzz targets", reason);
		return;
	}
	const ready = await prepare("fuzz targets", async () => {
		await step("cargo-fuzz", installCargoFuzz);
		await step("fuzz targets", buildTargets);
		return true;
	});
	if (!ready) return;
	for (const target of targets)
		await check(`fuzz ${target}`, () => fuzzTarget(target));
}

/** Whether the filters leave any of the tests in a folder. @param {string} folder */
function includes(folder) {
	const files = filesUnder(inRoot("__test__", folder));
	return files.some((file) => {
		const name = relative(inRoot(), file);
		return filters.length === 0 || filters.some((part) => name.includes(part));
	});
}

/** Returns what makes the tests insist on the peers that are there. */
async function interopPeers() {
	const { missing, env } = await preparePeers();
	for (const { name, reason } of missing) {
		leaveOut(`interoperability with ${name}`, reason);
	}
	return env;
}

/** @param {string | undefined} noCargo */
async function unit(noCargo) {
	const env = includes("interop") ? await interopPeers() : {};
	if (includes("bundlers")) {
		const reason = await prepareBundlers();
		if (reason) leaveOut("bundles", reason);
		else env.NODEJS_WEBSOCKET_TEST_REQUIRE_BUNDLERS = "1";
	}
	if (noCargo) tally.skip("tests of the native engine", noCargo);
	else env.NODEJS_WEBSOCKET_TEST_REQUIRE_NATIVE = "1";
	await check("vitest", () => runVitest("node", filters, env));
	if (process.platform !== "linux")
		tally.skip("vitest over the native transport", "it is Linux only");
	else if (!noCargo) {
		await check("vitest over the native transport", () =>
			runVitest("native-transport", filters, env),
		);
	}
}

async function browser() {
	const chromium = findChromium();
	if (chromium) {
		await check("vitest in Chromium", () =>
			runVitest("browser", filters, { CHROMIUM: chromium }),
		);
		return;
	}
	leaveOut(
		"browser test",
		"no Chromium was found (set CHROMIUM to the path of one)",
	);
}

async function autobahn() {
	const suite = await prepareSuite();
	if ("ids" in suite) {
		await check("Autobahn testsuite", () => testAutobahn(suite.ids));
		return;
	}
	leaveOut("Autobahn testsuite", suite.reason);
}

/** The load generator by itself, then every scenario: nothing is measured here, what measures is tried. @param {string | undefined} noCargo */
async function bench(noCargo) {
	const reason =
		process.platform === "linux" ? noCargo : "its load generator needs Linux";
	if (reason) return tally.skip("tests of the benchmarks", reason);
	await withComponent("clippy", "clippy", () =>
		check("clippy of the load generator", () => checkClippy(loadgenManifest)),
	);
	await check("cargo test of the load generator", () =>
		testCrate(loadgenManifest),
	);
	await check("smoke test of the benchmarks", smokeBench);
}

/** The quick part of `npm run test:install`, which builds for release and goes by a registry of its own. */
const install = () =>
	tool("installing from a registry", [
		inRoot("scripts", "install.mjs"),
		"--quick",
	]);

await orExit(prepareDependencies);
await prepare("TypeScript build", prepareTypescript);

let noCargo = /** @type {string | undefined} */ (undefined);
if (only.some((name) => name !== "types")) {
	noCargo = await prepare("native build", () =>
		prepareNative({ strict: true }),
	);
}

if (only.includes("lint")) await lint(noCargo);
if (only.includes("types")) await types();
if (only.includes("rust")) await rust(noCargo);
if (only.includes("fuzz")) await fuzzTargets();
if (only.includes("unit")) await unit(noCargo);
if (only.includes("browser")) await browser();
if (only.includes("autobahn")) await autobahn();
if (only.includes("bench")) await bench(noCargo);
if (only.includes("install")) await install();

if (tally.total === 0) tally.fail("npm test", `nothing matches ${filters}`);

process.stdout.write(`\nAll checks took ${elapsed(began)}.\n`);
process.stdout.write(`${tally.summary()}\n`);
process.exitCode = tally.failed > 0 ? 1 : 0;

/** The checks of the crate: format, lint, tests, each with and without the `napi` feature. */
import { stripVTControlCharacters } from "node:util";
import { lockedArgs } from "../setup/native.mjs";
import { tungsteniteManifest } from "../setup/peers.mjs";
import { run } from "../support/child.mjs";
import { inRoot } from "../support/paths.mjs";

/** @typedef {import("./tally.mjs").Counts} Counts */

const color = process.stdout.isTTY ? { CARGO_TERM_COLOR: "always" } : {};

/**
 * The tests that have failed. Each is said first in a line `test … FAILED`, then with its output under a heading.
 *
 * @param {string} output
 */
function cargoFailures(output) {
	const names = [...output.matchAll(/^test (.+) \.\.\. FAILED$/gm)];
	return names.map(([, name = ""]) => {
		const [, told = ""] = output.split(`---- ${name} stdout ----\n`);
		const [error] = told.split(
			/^(?:---- .+ ----|failures:|stack backtrace:)$/m,
		);
		return { name, error };
	});
}

/**
 * Sums the `test result:` lines of `cargo test`, one a test binary. Ignored tests count as skipped.
 *
 * @param {string} coloured What it has written.
 * @returns {Counts}
 */
export function countCargoTests(coloured) {
	const output = stripVTControlCharacters(coloured);
	const counts = {
		passed: 0,
		failed: 0,
		skipped: 0,
		failures: cargoFailures(output),
	};
	const results = output.matchAll(
		/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm,
	);
	for (const [, passed, failed, ignored] of results) {
		counts.passed += Number(passed);
		counts.failed += Number(failed);
		counts.skipped += Number(ignored);
	}
	return counts;
}

/** @param {string[]} args */
async function cargo(args) {
	return await run("cargo", args, { live: true, env: color });
}

/**
 * Whether a component of the toolchain (clippy, rustfmt) is installed.
 *
 * @param {string} command
 */
export async function hasCargoCommand(command) {
	return (await run("cargo", [command, "--version"])).code === 0;
}

/** @param {string[]} args @returns {Promise<Partial<Counts>>} */
async function passes(args) {
	const { code } = await cargo(args);
	return code === 0 ? { passed: 1 } : { failed: 1 };
}

/** Packages of their own: the fuzz targets, the program of a peer, the load generator. */
const fuzzManifest = ["--manifest-path", inRoot("crate", "fuzz", "Cargo.toml")];
const peerManifest = ["--manifest-path", tungsteniteManifest];
export const loadgenManifest = [
	"--manifest-path",
	inRoot("bench", "loadgen", "Cargo.toml"),
];

/** The format of all Rust there is. */
export async function checkRustFormat() {
	let failed = 0;
	for (const where of [[], fuzzManifest, peerManifest, loadgenManifest])
		failed += (await passes(["fmt", "--all", "--check", ...where])).failed ?? 0;
	return failed === 0 ? { passed: 1 } : { failed: 1 };
}

/** @param {string[]} features */
export const checkClippy = (features) =>
	passes([
		"clippy",
		"--all-targets",
		...features,
		...lockedArgs(),
		"--",
		"-D",
		"warnings",
	]);

/** Lints the fuzz targets, which must compile for that; dependencies are those the crate has been linted with. */
export const checkFuzzClippy = () =>
	passes([
		"clippy",
		...fuzzManifest,
		"--target-dir",
		inRoot("target"),
		"--all-targets",
		"--locked",
		"--",
		"-D",
		"warnings",
	]);

/** @param {string[]} features @returns {Promise<Counts>} */
export async function testCrate(features) {
	// Without --no-fail-fast the binaries after a failing one would not run, and not be counted.
	const { code, output } = await cargo([
		"test",
		"--no-fail-fast",
		...features,
		...lockedArgs(),
	]);
	const counts = countCargoTests(output);
	if (code !== 0 && counts.failed === 0) counts.failed = 1;
	return counts;
}

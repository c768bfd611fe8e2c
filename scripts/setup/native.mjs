/** The native build: crate/ → npm/<platform>/nodejs-websocket.<platform>.node, where the loader looks for it first. */
import {
	existsSync,
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
} from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { run } from "../support/child.mjs";
import { withLock } from "../support/lock.mjs";
import { inRoot, packageCommand } from "../support/paths.mjs";
import {
	filesUnder,
	hashOf,
	isStamped,
	removeStamp,
	writeStamp,
} from "../support/stamp.mjs";
import { StepError } from "../support/step.mjs";

/** This platform as napi-rs names it: linux-x64-gnu, linux-arm-gnueabihf, darwin-arm64, win32-x64-msvc. */
export function platformName() {
	const base = `${process.platform}-${process.arch}`;
	if (process.platform === "win32") return `${base}-msvc`;
	if (process.platform !== "linux") return base;
	const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
		process.report.getReport()
	);
	const libc = report.header.glibcVersionRuntime ? "gnu" : "musl";
	return `${base}-${libc}${process.arch === "arm" ? "eabihf" : ""}`;
}

/** The file the loader looks for. */
export function nativeFile() {
	const platform = platformName();
	return inRoot("npm", platform, `nodejs-websocket.${platform}.node`);
}

/** Arguments for every cargo command that reads the lock file. */
export function lockedArgs() {
	return existsSync(inRoot("Cargo.lock")) ? ["--locked"] : [];
}

/**
 * Why cargo cannot be used, or nothing when it can.
 *
 * @returns {Promise<string | undefined>}
 */
export async function cargoIsMissing() {
	const { code, output } = await run("cargo", ["--version"]);
	if (code === 127) return "cargo is not installed";
	if (code !== 0) return `cargo does not run: ${output.trim().split("\n")[0]}`;
}

/**
 * The features to build the addon with. simdutf is C++: without a compiler for it, or its library to link statically, texts
 * are converted by Rust's own functions, which is slower.
 */
export async function nativeFeatures() {
	const compiler = process.env.CXX ?? "c++";
	const library = "libstdc++.a";
	const { code, output } = await run(compiler, [`-print-file-name=${library}`]);
	// A compiler that does not have it says the name it was asked for.
	const isThere = code === 0 && output.trim() !== library;
	return isThere || (code === 0 && process.platform === "darwin")
		? "simdutf"
		: "napi";
}

/** Hash of everything that the addon is made of. */
export function nativeInputs() {
	const { version } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));
	return hashOf(
		[
			inRoot("Cargo.toml"),
			inRoot("Cargo.lock"),
			inRoot("build.rs"),
			inRoot(".cargo", "config.toml"),
			...filesUnder(inRoot("crate", "src")),
		],
		[version],
	);
}

export function nativeIsBuilt() {
	return isStamped("native", nativeInputs()) && existsSync(nativeFile());
}

/**
 * One sentence out of what cargo wrote: the usual reasons in plain words, else its first error.
 *
 * @param {string} coloured
 */
export function reasonOf(coloured) {
	const output = stripVTControlCharacters(coloured);
	const linker = /linker `([^`]+)` not found/.exec(output);
	if (linker) return `there is no linker (${linker[1]} was not found)`;
	const tooOld =
		/(?:requires|required by) rustc ([\d.]+)/.exec(output) ??
		/rustc [\d.]+ is not supported by/.exec(output) ??
		/(?:lock file version|feature `edition\d+` is required)/.exec(output);
	if (tooOld) {
		return tooOld[1]
			? `cargo is too old (rustc ${tooOld[1]} is needed)`
			: "cargo is too old";
	}
	if (
		/failed to (?:download|fetch|get|query)|[Cc]ould not resolve host/.test(
			output,
		)
	) {
		return "its crates could not be downloaded";
	}
	const error =
		/^error(?:\[\w+\])?: (.+)$/m.exec(output) ??
		/^Internal Error: (.+)$/m.exec(output);
	return error ? error[1] : "the compiler ended without a word";
}

/**
 * Builds the addon if it is not up to date.
 *
 * @param {import("../support/step.mjs").Step} step
 * @throws {StepError} whose message is the reason in one sentence.
 */
export async function buildNative(step) {
	if (nativeIsBuilt()) return "up to date";
	step.start("compiling");
	return await withLock("native", async () => {
		if (nativeIsBuilt()) return "compiled by another process";
		const hash = nativeInputs();
		removeStamp("native");
		const file = nativeFile();
		const staging = inRoot("target", "addon");
		rmSync(staging, { recursive: true, force: true });
		mkdirSync(staging, { recursive: true });
		const { code, output } = await run(
			process.execPath,
			[
				packageCommand("@napi-rs/cli", "napi"),
				"build",
				"--platform",
				"--release",
				"--features",
				await nativeFeatures(),
				"--no-js",
				"--output-dir",
				staging,
				...(lockedArgs().length > 0 ? ["--", ...lockedArgs()] : []),
			],
			{ onLine: step.progress },
		);
		if (code !== 0) throw new StepError(reasonOf(output), output);
		// Renamed into place, never copied over: a process that has the old addon loaded keeps the old file.
		mkdirSync(join(file, ".."), { recursive: true });
		renameSync(join(staging, `nodejs-websocket.${platformName()}.node`), file);
		writeStamp("native", hash);
		return "compiled";
	});
}

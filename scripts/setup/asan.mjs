/**
 * A copy of the checkout whose addon is built with AddressSanitizer.
 *
 * The loader takes the addon of the package it lies in and knows no other way, so the package is copied: no switch in the
 * library could be left on by mistake.
 */
import {
	copyFileSync,
	cpSync,
	mkdirSync,
	readdirSync,
	rmSync,
	symlinkSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import { run } from "../support/child.mjs";
import { cache, inRoot, root } from "../support/paths.mjs";
import { StepError } from "../support/step.mjs";
import { lockedArgs, nativeFeatures, nativeFile, reasonOf } from "./native.mjs";

/** Root of the copy. */
export const copy = join(cache, "asan", "checkout");

const leftOut = new Set([".cache", ".git", "node_modules", "target"]);

/**
 * The sanitizer's shared runtime. Node is not built with it, so it must be loaded before anything else.
 *
 * @returns {Promise<string>}
 * @throws {StepError}
 */
export async function findRuntime() {
	const { code, output } = await run("gcc", ["-print-file-name=libasan.so"]);
	const path = output.trim();
	// A name without a folder is gcc's way to say that it has none.
	if (code === 0 && isAbsolute(path)) return path;
	throw new StepError("gcc's libasan.so was not found");
}

/** @returns {Promise<string>} The target triple of this machine. */
async function hostTriple() {
	const { output } = await run("rustc", ["-vV"]);
	const triple = /^host: (\S+)$/m.exec(output)?.[1];
	if (triple) return triple;
	throw new StepError("rustc does not say its host", output);
}

/**
 * @param {import("../support/step.mjs").Step} step
 * @returns {Promise<string>} The addon.
 */
async function compile(step) {
	const triple = await hostTriple();
	const folder = inRoot("target", "asan");
	const { code, output } = await run(
		"cargo",
		[
			"+nightly",
			"build",
			...["--features", await nativeFeatures()],
			// With a target named, build scripts and macros are built without the flags.
			...["--target", triple],
			...["--target-dir", folder],
			...lockedArgs(),
		],
		{
			env: {
				RUSTFLAGS: "-Zsanitizer=address",
				// simdutf is C++.
				TARGET_CXXFLAGS: "-fsanitize=address",
				// Debug assertions stay on.
				CARGO_PROFILE_DEV_OPT_LEVEL: "1",
			},
			onLine: step.progress,
		},
	);
	if (code !== 0) throw new StepError(reasonOf(output), output);
	return join(folder, triple, "debug", "libnodejs_websocket.so");
}

/**
 * Builds the addon and lays the copy anew.
 *
 * @param {import("../support/step.mjs").Step} step
 * @throws {StepError}
 */
export async function layAsanCopy(step) {
	step.start("compiling");
	const addon = await compile(step);
	rmSync(copy, { recursive: true, force: true });
	mkdirSync(join(copy, ".cache"), { recursive: true });
	for (const name of readdirSync(root)) {
		if (leftOut.has(name)) continue;
		cpSync(inRoot(name), join(copy, name), { recursive: true });
	}
	symlinkSync(inRoot("node_modules"), join(copy, "node_modules"));
	// It says that dist/ is up to date, which spares the tests to compile it.
	copyFileSync(
		join(cache, "typescript.stamp"),
		join(copy, ".cache", "typescript.stamp"),
	);
	const place = join(copy, relative(root, nativeFile()));
	mkdirSync(dirname(place), { recursive: true });
	copyFileSync(addon, place);
	return "compiled";
}

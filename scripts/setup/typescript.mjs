/** The TypeScript build: lib/ → dist/. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
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

const lib = inRoot("lib");
const dist = inRoot("dist");

const sources = () =>
	filesUnder(lib).filter(
		(file) => /\.m?ts$/.test(file) && !/\.d\.m?ts$/.test(file),
	);

/**
 * The files tsc makes of a source.
 *
 * @param {string} source
 */
function outputsOf(source) {
	const stem = join(dist, relative(lib, source)).replace(/\.m?ts$/, "");
	const m = source.endsWith(".mts") ? "m" : "";
	return [`.${m}js`, `.${m}js.map`, `.d.${m}ts`].map(
		(extension) => stem + extension,
	);
}

function inputHash() {
	const { version } = JSON.parse(
		readFileSync(inRoot("node_modules", "typescript", "package.json"), "utf8"),
	);
	return hashOf([inRoot("tsconfig.json"), ...sources()], [version]);
}

const outputsExist = () =>
	sources().every((source) => outputsOf(source).every(existsSync));

export function typescriptIsBuilt() {
	return isStamped("typescript", inputHash()) && outputsExist();
}

/** Removes what was made of sources that are gone, so that it can neither be required nor packed. */
function removeOrphans() {
	const wanted = new Set(sources().flatMap(outputsOf));
	for (const file of filesUnder(dist)) {
		if (!wanted.has(file) && !file.endsWith(".tsbuildinfo")) rmSync(file);
	}
}

/**
 * Builds dist/ if it is not up to date. With type errors tsc still writes the JavaScript; the error carries what it said.
 *
 * @param {import("../support/step.mjs").Step} step
 * @throws {StepError}
 */
export async function buildTypescript(step) {
	if (typescriptIsBuilt()) return "up to date";
	step.start("compiling");
	return await withLock("typescript", async () => {
		if (typescriptIsBuilt()) return "compiled by another process";
		const hash = inputHash();
		removeStamp("typescript");
		removeOrphans();
		// The incremental record makes tsc believe that its outputs are still there.
		if (!outputsExist()) rmSync(join(dist, ".tsbuildinfo"), { force: true });
		const { code, output } = await run(process.execPath, [
			packageCommand("typescript", "tsc"),
			"-p",
			inRoot("tsconfig.json"),
		]);
		if (code !== 0) throw new StepError("type errors in lib/", output);
		writeStamp("typescript", hash);
		return "compiled";
	});
}

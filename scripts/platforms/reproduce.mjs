/** Shows that a build can be repeated: the same sources in another folder, built from nothing, give the same bytes. */
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inRoot } from "../support/paths.mjs";
import { StepError } from "../support/step.mjs";
import { compile } from "./build.mjs";
import { addonFile } from "./check.mjs";

/** All that cargo reads. */
const sources = [".cargo", "Cargo.toml", "Cargo.lock", "build.rs", "crate"];

/** @param {string} file */
const hashOfFile = (file) =>
	createHash("sha256").update(readFileSync(file)).digest("hex");

/**
 * @param {import("./table.mjs").Platform} platform One that has been built.
 * @param {import("../support/step.mjs").Step} step
 * @throws {StepError} where the bytes differ
 */
export async function reproduce(platform, step) {
	step.start("compiling");
	const folder = mkdtempSync(join(tmpdir(), "nodejs-websocket-build-"));
	try {
		for (const name of sources)
			cpSync(inRoot(name), join(folder, name), { recursive: true });
		const again = hashOfFile(await compile(platform, step, folder));
		const before = hashOfFile(addonFile(platform));
		if (again !== before)
			throw new StepError(`the bytes differ: ${before}, now ${again}`);
		return `the same bytes, SHA-256 ${again}`;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

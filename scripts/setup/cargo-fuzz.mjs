/** cargo-fuzz: a pinned version, installed into the checkout's own cache. */
import { join } from "node:path";
import { run } from "../support/child.mjs";
import { cache } from "../support/paths.mjs";
import { StepError } from "../support/step.mjs";
import { cargoIsMissing, reasonOf } from "./native.mjs";

const VERSION = "0.13.2";

const folder = join(cache, "cargo-fuzz");

/** The program; cargo runs its commands by path, too. */
export const cargoFuzz = join(folder, "bin", "cargo-fuzz");

/**
 * Why this machine cannot build for a sanitizer, or nothing when it can.
 *
 * @returns {Promise<string | undefined>}
 */
export async function nightlyIsMissing() {
	const noCargo = await cargoIsMissing();
	if (noCargo) return noCargo;
	if (process.platform === "win32") return "it needs Linux or macOS";
	const { code } = await run("cargo", ["+nightly", "--version"]);
	return code === 0
		? undefined
		: "there is no nightly toolchain (rustup toolchain install nightly)";
}

/**
 * Installs cargo-fuzz if it is not there.
 *
 * @param {import("../support/step.mjs").Step} step
 * @throws {StepError}
 */
export async function installCargoFuzz(step) {
	const { output: installed } = await run(cargoFuzz, ["--version"]);
	if (installed.trim() === `cargo-fuzz ${VERSION}`) return "up to date";
	step.start("installing");
	const { code, output } = await run(
		"cargo",
		[
			"install",
			"cargo-fuzz",
			"--version",
			`=${VERSION}`,
			"--locked",
			"--root",
			folder,
		],
		{ onLine: step.progress },
	);
	if (code !== 0) throw new StepError(reasonOf(output), output);
	return "installed";
}

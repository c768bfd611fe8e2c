/**
 * Runs of the fuzz targets in crate/fuzz.
 *
 * A run starts from the inputs kept in git and writes new ones to the cache, never among them: `npm test` leaves the
 * checkout as it was.
 */
import {
	existsSync,
	mkdirSync,
	readdirSync,
	renameSync,
	rmSync,
} from "node:fs";
import { basename, join } from "node:path";
import { cargoFuzz } from "../setup/cargo-fuzz.mjs";
import { run } from "../support/child.mjs";
import { cache, inRoot } from "../support/paths.mjs";
import { StepError } from "../support/step.mjs";

const folder = inRoot("crate", "fuzz");

/** Inputs longer than this add time and no new paths. */
const MAX_INPUT_BYTES = 4096;

/** All targets, by name. */
export const targets = readdirSync(join(folder, "fuzz_targets"))
	.filter((name) => name.endsWith(".rs"))
	.map((name) => basename(name, ".rs"));

/** @param {string} target */
const keptInputs = (target) => join(folder, "corpus", target);

/** @param {string} target */
function foundInputs(target) {
	const found = join(cache, "fuzz-corpus", target);
	mkdirSync(found, { recursive: true });
	return found;
}

/**
 * Arguments of cargo-fuzz.
 *
 * @param {string} command
 * @param {string[]} args
 */
const fuzzArgs = (command, ...args) => [
	// cargo-fuzz expects to be called by cargo, which says the subcommand first.
	"fuzz",
	command,
	"--fuzz-dir",
	folder,
	"--target-dir",
	inRoot("target", "fuzz"),
	...args,
];

/** cargo-fuzz takes the toolchain of the cargo it finds. */
const env = { RUSTUP_TOOLCHAIN: "nightly" };

/**
 * Builds all targets with AddressSanitizer.
 *
 * @param {import("../support/step.mjs").Step} step
 */
export async function buildTargets(step) {
	step.start("compiling");
	const { code, output } = await run(cargoFuzz, fuzzArgs("build"), {
		env,
		onLine: step.progress,
	});
	if (code !== 0) throw new StepError("the targets do not compile", output);
	return "compiled";
}

/**
 * @typedef {object} FuzzRun
 * @property {number} executions
 * @property {boolean} crashed
 * @property {string} output
 */

/**
 * Reads how a run went. One that says no count has not run.
 *
 * @param {import("../support/child.mjs").Outcome} outcome
 * @returns {FuzzRun}
 */
export function readRun({ code, output }) {
	const executions = /^stat::number_of_executed_units:\s*(\d+)$/m.exec(output);
	return {
		executions: Number(executions?.[1] ?? 0),
		crashed: code !== 0 || !executions,
		output,
	};
}

/**
 * Runs a built target for some time, or until it fails.
 *
 * @param {string} target
 * @param {number} seconds
 * @param {{ onLine?: (line: string) => void }} [options]
 * @returns {Promise<FuzzRun>}
 */
export async function fuzz(target, seconds, options) {
	const outcome = await run(
		cargoFuzz,
		fuzzArgs(
			"run",
			target,
			foundInputs(target),
			...[keptInputs(target)].filter(existsSync),
			"--",
			`-max_total_time=${seconds}`,
			`-max_len=${MAX_INPUT_BYTES}`,
			"-print_final_stats=1",
		),
		{ env, ...options },
	);
	return readRun(outcome);
}

/**
 * Puts the fewest inputs that reach what all known ones reach into the place of those kept in git.
 *
 * @param {string} target
 * @returns {Promise<number>} How many are kept.
 */
export async function minimize(target) {
	const kept = keptInputs(target);
	const chosen = join(cache, "fuzz-corpus", `${target}.minimized`);
	rmSync(chosen, { recursive: true, force: true });
	mkdirSync(chosen, { recursive: true });
	const { code, output } = await run(
		cargoFuzz,
		fuzzArgs(
			"run",
			target,
			chosen,
			...[kept, foundInputs(target)].filter(existsSync),
			"--",
			"-set_cover_merge=1",
			`-max_len=${MAX_INPUT_BYTES}`,
		),
		{ env },
	);
	if (code !== 0) throw new StepError("the inputs were not merged", output);
	rmSync(kept, { recursive: true, force: true });
	mkdirSync(join(kept, ".."), { recursive: true });
	renameSync(chosen, kept);
	return readdirSync(kept).length;
}

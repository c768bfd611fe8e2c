/** Dependencies of the checkout, or of a folder in it: installed as package-lock.json says, and only when they are not. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/child.mjs";
import { root } from "../support/paths.mjs";
import { StepError } from "../support/step.mjs";

/** @typedef {Record<string, { version?: string, optional?: boolean, integrity?: string }>} Packages */

/** @param {string} file @returns {Packages} */
function packagesOf(file) {
	const { packages } = JSON.parse(readFileSync(file, "utf8"));
	const { "": _root, ...rest } = packages;
	return rest;
}

/**
 * Whether node_modules holds what package-lock.json asks for, by the record npm keeps of what it installed. Optional
 * packages may be missing: those of other platforms are.
 *
 * @param {string} folder
 * @param {string} [lockFolder] The one with package-lock.json, where it is another.
 */
export function dependenciesAreInstalled(folder, lockFolder = folder) {
	const record = join(folder, "node_modules", ".package-lock.json");
	if (!existsSync(record)) return false;
	const installed = packagesOf(record);
	return Object.entries(
		packagesOf(join(lockFolder, "package-lock.json")),
	).every(([path, wanted]) =>
		path in installed
			? installed[path].version === wanted.version &&
				installed[path].integrity === wanted.integrity
			: wanted.optional === true,
	);
}

/**
 * @param {import("../support/step.mjs").Step} step
 * @param {string} [folder] The one with package-lock.json.
 */
export async function installDependencies(step, folder = root) {
	if (dependenciesAreInstalled(folder)) return "up to date";
	step.start("installing");
	// `npm start` hands its own configuration down in the environment; development dependencies are wanted all the same.
	const { code, output } = await run(
		"npm",
		["ci", "--include=dev", "--prefix", folder],
		{ onLine: step.progress },
	);
	if (code !== 0) {
		throw new StepError(
			code === 127 ? "npm was not found" : "npm ci did not succeed",
			output,
		);
	}
	return "installed";
}

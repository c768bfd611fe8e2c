/** Where things are in the checkout. Nothing here depends on the current directory. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

/** Git-ignored notes of the scripts: stamps, locks, reports. */
export const cache = join(root, ".cache");

/** @param {string[]} parts */
export function inRoot(...parts) {
	return join(root, ...parts);
}

/**
 * The JavaScript file behind a command of an installed package, to be run with this Node: no shell, no PATH.
 *
 * @param {string} packageName
 * @param {string} command
 * @returns {string}
 */
export function packageCommand(packageName, command) {
	const folder = inRoot("node_modules", packageName);
	const { bin } = JSON.parse(
		readFileSync(join(folder, "package.json"), "utf8"),
	);
	return join(folder, typeof bin === "string" ? bin : bin[command]);
}

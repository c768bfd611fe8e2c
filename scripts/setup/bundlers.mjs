/** The bundlers whose bundles are tested: in .cache/bundlers, in the versions of __test__/bundlers/package-lock.json. */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../support/lock.mjs";
import { cache, inRoot } from "../support/paths.mjs";
import {
	dependenciesAreInstalled,
	installDependencies,
} from "./dependencies.mjs";

const lists = inRoot("__test__", "bundlers");

/** Where they are required from. */
export const bundlersFolder = join(cache, "bundlers");

export function bundlersAreInstalled() {
	return dependenciesAreInstalled(bundlersFolder, lists);
}

/**
 * @param {import("../support/step.mjs").Step} step
 * @throws {import("../support/step.mjs").StepError} whose message is the reason in one sentence.
 */
export async function installBundlers(step) {
	if (bundlersAreInstalled()) return "up to date";
	return await withLock("bundlers", async () => {
		mkdirSync(bundlersFolder, { recursive: true });
		for (const name of ["package.json", "package-lock.json"])
			copyFileSync(join(lists, name), join(bundlersFolder, name));
		return await installDependencies(step, bundlersFolder);
	});
}

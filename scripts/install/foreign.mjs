/**
 * Other machines than this one, as far as a Linux on x64 runs their programs: other processors under qemu, musl by its own
 * dynamic linker, Windows under Wine. What is not installed by machines.mjs is said by name.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { StepError } from "../support/step.mjs";
import { machines } from "./machines.mjs";
import { modesOn } from "./project.mjs";

/** Where optional packages are. @param {string} folder */
const addonsIn = (folder) => join(folder, "node_modules", "@nodejs-websocket");

/** @param {import("./machines.mjs").Machine} machine @returns {import("./scenarios.mjs").Scenario} */
function scenarioOf(machine) {
	const { name, platform, text, prepare, options, command, env } = machine;
	return {
		name,
		tools: [],
		needs: platform,
		prepare,
		async run(project) {
			await project.install("npm", options);
			const folder = addonsIn(project.folder);
			const addons = existsSync(folder) ? readdirSync(folder) : [];
			if (addons.join() !== platform)
				throw new StepError(`npm chose ${addons.join(" and ") || "no addon"}`);
			const {
				name: engine,
				reason,
				passed,
			} = await project.smoke(command, modesOn(platform.split("-")[0]), env);
			if (engine !== "native") throw new StepError(`${reason}`);
			return `${passed.length} checks passed, the native engine serves (${text})`;
		},
	};
}

/** @type {import("./scenarios.mjs").Scenario[]} */
export const foreign = machines.map(scenarioOf);

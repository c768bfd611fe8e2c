/** What is shown of an installation, each in an empty folder: who installs, where, and what runs it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { platformName } from "../setup/native.mjs";
import { StepError } from "../support/step.mjs";
import { foreign } from "./foreign.mjs";
import { modesOn } from "./project.mjs";
import { nodeVersions, programOf } from "./tools.mjs";

/**
 * @typedef {import("./project.mjs").Project} Project
 * @typedef {import("./project.mjs").EngineInfo} EngineInfo
 */

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string[]} tools Of tools.mjs.
 * @property {string} [folder] The project's name where it is a special one.
 * @property {string} [needs] The platform whose package must be among those that were built.
 * @property {(step: import("../support/step.mjs").Step) => Promise<string>} [prepare] Installs what else it takes; a StepError
 *   says why that cannot be had.
 * @property {boolean} [quick] Whether it is part of `npm test`.
 * @property {(project: Project) => Promise<string>} run Returns what to say of it.
 */

/** @param {string} found @param {string} wanted @param {string} [reason] */
function expectEngine(found, wanted, reason) {
	if (found !== wanted)
		throw new StepError(`the ${found} engine serves: ${reason ?? "no reason"}`);
}

/** Every kind of module, and the package's command, with the engine expected. @param {Project} project @param {string} engine @param {string} [node] */
async function screamAll(project, engine, node) {
	for (const kind of /** @type {const} */ (["CommonJS", "ESM", "TypeScript"])) {
		const { name, reason } = await project.scream(kind, node);
		expectEngine(name, engine, reason);
	}
	const doctor = await project.doctor();
	expectEngine(doctor.engine, engine, doctor.addon.reason);
	return `${engine} engine in CommonJS, ESM and TypeScript`;
}

/** @param {Project} project @param {string[]} command @param {string[]} modes */
async function smokeWith(project, command, modes) {
	const { name, reason, passed } = await project.smoke(command, modes);
	const why = name === "native" ? "" : ` (${reason})`;
	return `${passed.length} checks passed, the ${name} engine serves${why}`;
}

const native = platformName();
const odd = "dossier d'été – 夏 2";

/** @type {Scenario[]} */
export const scenarios = [
	{
		name: "npm",
		tools: [],
		needs: native,
		quick: true,
		async run(project) {
			await project.install("npm");
			return await screamAll(project, "native");
		},
	},
	{
		name: "npm, spaces",
		tools: [],
		needs: native,
		folder: odd,
		quick: true,
		async run(project) {
			await project.install("npm");
			return `${await screamAll(project, "native")}, in "${odd}"`;
		},
	},
	{
		name: "--ignore-scripts",
		tools: [],
		needs: native,
		async run(project) {
			await project.install("npm", ["--ignore-scripts"]);
			return await screamAll(project, "native");
		},
	},
	{
		name: "--omit=optional",
		tools: [],
		quick: true,
		async run(project) {
			await project.install("npm", ["--omit=optional"]);
			if (existsSync(join(project.folder, "node_modules", "@nodejs-websocket")))
				throw new StepError("an optional package was installed");
			return await screamAll(project, "typescript");
		},
	},
	.../** @type {const} */ (["pnpm", "yarn"]).map((name) => ({
		name,
		tools: [name],
		needs: native,
		/** @param {Project} project */
		async run(project) {
			await project.install(name);
			return await screamAll(project, "native");
		},
	})),
	...nodeVersions.map((version) => ({
		name: `Node ${version}`,
		tools: [`node-${version}`],
		needs: native,
		/** @param {Project} project */
		async run(project) {
			await project.install("npm");
			const node = programOf(`node-${version}`);
			await screamAll(project, "native", node);
			return await smokeWith(project, [node], modesOn(process.platform));
		},
	})),
	{
		name: "Bun",
		tools: ["bun"],
		needs: native,
		async run(project) {
			await project.install("bun");
			return await smokeWith(project, [programOf("bun")], modesOn("other"));
		},
	},
	{
		name: "Deno",
		tools: ["deno"],
		needs: native,
		async run(project) {
			await project.install("npm");
			const options = ["--allow-all", "--node-modules-dir=manual"];
			return await smokeWith(
				project,
				[process.execPath, programOf("deno"), "run", ...options],
				modesOn("other"),
			);
		},
	},
	...foreign,
];

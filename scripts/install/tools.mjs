/** The programs that the test of installing needs, as npm packages in pinned versions, each in a folder of the cache. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/child.mjs";
import { cache } from "../support/paths.mjs";
import { StepError } from "../support/step.mjs";

const folder = join(cache, "install", "tools");

/** As packages of binaries name this machine's system. */
const system = process.platform === "win32" ? "win" : process.platform;

/** @param {string} name */
const nodePackage = (name) => `node-${system}-${process.arch}@${name}`;

/** Versions of Node.js that the package is tried on: every line that is supported, and the newest. */
export const nodeVersions = ["20.20.2", "22.23.3", "24.21.0", "26.10.0"];

/** A dependency of verdaccio's asks for a tag, "cjs", which not every mirror of the registry passes on. */
const overrides = { "node-fetch": "2.7.0" };

/** @param {string} name @param {string[]} parts */
const inTool = (name, ...parts) => join(folder, name, "node_modules", ...parts);

/** @type {Record<string, { packages: string[], program: string }>} */
const tools = {
	verdaccio: {
		packages: ["verdaccio@6.10.4"],
		program: inTool("verdaccio", "verdaccio", "bin", "verdaccio"),
	},
	pnpm: {
		packages: [`pnpm@10.34.9`],
		program: inTool("pnpm", "pnpm", "bin", "pnpm.cjs"),
	},
	yarn: {
		packages: ["yarn@1.22.22"],
		program: inTool("yarn", "yarn", "bin", "yarn.js"),
	},
	bun: {
		packages: ["bun@1.4.5"],
		program: inTool("bun", "bun", "bin", "bun.exe"),
	},
	deno: {
		packages: ["deno@2.9.6"],
		program: inTool("deno", "deno", "bin.cjs"),
	},
	...Object.fromEntries(
		nodeVersions.map((version) => [
			`node-${version}`,
			{
				packages: [nodePackage(version)],
				program: inTool(
					`node-${version}`,
					`node-${system}-${process.arch}`,
					"bin",
					"node",
				),
			},
		]),
	),
};

/** The file of a tool, once it is installed: a binary, or JavaScript for Node. @param {string} name */
export const programOf = (name) => tools[name].program;

/**
 * Installs packages from the registry in use into a folder of its own, if they are not there.
 *
 * @param {string} place
 * @param {string[]} packages With exact versions.
 * @param {import("../support/step.mjs").Step} step
 * @param {string[]} [options] For npm: those of another machine.
 * @throws {StepError}
 */
export async function installPackages(place, packages, step, options = []) {
	const record = join(place, "packages.json");
	const wanted = JSON.stringify(packages);
	if (existsSync(record) && readFileSync(record, "utf8") === wanted)
		return "up to date";
	step.start("installing");
	mkdirSync(place, { recursive: true });
	writeFileSync(
		join(place, "package.json"),
		JSON.stringify({ private: true, overrides }),
	);
	const { code, output } = await run(
		"npm",
		[
			...["install", "--no-audit", "--no-fund", "--save-exact"],
			...options,
			...packages,
		],
		{ cwd: place, onLine: step.progress },
	);
	if (code !== 0)
		throw new StepError(`${packages.join(", ")} could not be had`, output);
	writeFileSync(record, wanted);
	return "installed";
}

/**
 * Installs a tool if it is not there.
 *
 * @param {string} name
 * @param {import("../support/step.mjs").Step} step
 * @throws {StepError}
 */
export async function installTool(name, step) {
	const { packages, program } = tools[name];
	const done = await installPackages(join(folder, name), packages, step);
	if (!existsSync(program)) throw new StepError(`${name} has no ${program}`);
	return done;
}

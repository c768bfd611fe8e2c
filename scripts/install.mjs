/**
 * `npm run test:install`: the package as its users will have it. Packs all packages that have been built, publishes them to a
 * registry of its own on 127.0.0.1, and installs them from there into empty folders.
 *
 *   npm run test:install                       everything, with the programs it needs installed into .cache/install
 *   npm run test:install -- --quick            the part that `npm test` runs
 *   npm run test:install -- --only=npm,Deno    the scenarios whose names contain a word
 *   npm run test:install -- --keep             leaves the folders, and says where
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Tally } from "./checks/tally.mjs";
import { Project } from "./install/project.mjs";
import { publishAll } from "./install/published.mjs";
import { registryTools } from "./install/registry.mjs";
import { scenarios } from "./install/scenarios.mjs";
import { installTool } from "./install/tools.mjs";
import { buildPlatform } from "./platforms/build.mjs";
import { platformsNamed } from "./platforms/table.mjs";
import { installZig } from "./platforms/tools.mjs";
import {
	orExit,
	prepareDependencies,
	prepareTypescript,
} from "./setup/index.mjs";
import { cargoIsMissing, platformName } from "./setup/native.mjs";
import { readCommandLine } from "./support/command-line.mjs";
import { StepError, step } from "./support/step.mjs";

/** @typedef {import("./install/registry.mjs").Registry} Registry */

const { values } = readCommandLine(import.meta.url, {
	options: {
		quick: { type: "boolean" },
		only: { type: "string" },
		keep: { type: "boolean" },
	},
});
const words = values.only?.split(",") ?? [];
const wanted = scenarios.filter(
	({ name, quick }) =>
		(!values.quick || quick) &&
		(words.length === 0 || words.some((word) => name.includes(word))),
);

const tally = new Tally();

/** What a machine lacks is skipped, with the reason; a CI machine should lack nothing. @param {string} name @param {string} reason */
function leaveOut(name, reason) {
	if (process.env.CI === "true") tally.fail(name, reason);
	else tally.skip(name, reason);
}

/** Runs a step whose failure is counted, not fatal, and returns the reason of one. @param {string} name @param {(line: import("./support/step.mjs").Step) => Promise<string>} work */
async function attempt(name, work) {
	try {
		await step(name, work);
	} catch (error) {
		if (!(error instanceof StepError)) throw error;
		if (error.details)
			process.stdout.write(`${error.details.trim().slice(-4000)}\n`);
		return error.message;
	}
}

/** This machine's own addon is built if it can be; the others are taken where they are. */
async function buildOwn() {
	const noCargo = await cargoIsMissing();
	if (noCargo) return leaveOut(platformName(), noCargo);
	const [own] = platformsNamed([platformName()]);
	const reason =
		(await attempt("zig", installZig)) ??
		(await attempt(own.name, (line) => buildPlatform(own, line)));
	if (reason) leaveOut(own.name, reason);
}

/** @param {import("./install/scenarios.mjs").Scenario} scenario @param {string} place @param {Registry} registry */
async function runScenario(scenario, place, registry) {
	const folder = join(place, "projects", scenario.folder ?? scenario.name);
	const reason = await attempt(scenario.name, async (line) => {
		line.start("installing");
		return await scenario.run(new Project(folder, registry));
	});
	if (reason) tally.fail(scenario.name, reason);
	else tally.add(scenario.name, { passed: 1 });
	if (!values.keep) rmSync(folder, { recursive: true, force: true });
}

/**
 * Why a scenario cannot be run here, if it cannot.
 *
 * @param {import("./install/scenarios.mjs").Scenario} scenario
 * @param {Map<string, string>} lacking Tools.
 * @param {string[]} missing Platforms without an addon.
 */
async function lackOf({ name, tools, needs, prepare }, lacking, missing) {
	const tool = tools.find((each) => lacking.has(each));
	if (tool) return lacking.get(tool);
	if (needs && missing.includes(needs))
		return `the addon for ${needs} is not built`;
	return prepare && (await attempt(name, prepare));
}

/** Installs the tools that are wanted. @returns {Promise<Map<string, string>>} Those that could not be had, and why. */
async function installTools() {
	/** @type {Map<string, string>} */
	const lacking = new Map();
	const names = new Set([
		...registryTools,
		...wanted.flatMap(({ tools }) => tools),
	]);
	for (const name of names) {
		const reason = await attempt(name, (line) => installTool(name, line));
		if (reason) lacking.set(name, reason);
	}
	return lacking;
}

await orExit(async () => {
	await prepareDependencies();
	await prepareTypescript();
	await buildOwn();
	const lacking = await installTools();
	const noRegistry = registryTools.find((name) => lacking.has(name));
	if (noRegistry) return leaveOut("the registry", `${lacking.get(noRegistry)}`);
	const place = mkdtempSync(join(tmpdir(), "nodejs-websocket-install-"));
	/** @type {Registry | undefined} */
	let registry;
	try {
		const published = await publishAll(place);
		registry = published.registry;
		for (const scenario of wanted) {
			const reason = await lackOf(scenario, lacking, published.missing);
			if (reason) leaveOut(scenario.name, reason);
			else await runScenario(scenario, place, registry);
		}
	} finally {
		await registry?.stop();
		if (values.keep) process.stdout.write(`Everything is in ${place}.\n`);
		else rmSync(place, { recursive: true, force: true });
	}
});

if (tally.total === 0)
	tally.fail("test:install", "no scenario has such a name");
process.stdout.write(`\n${tally.summary()}\n`);
process.exitCode = tally.failed > 0 ? 1 : 0;

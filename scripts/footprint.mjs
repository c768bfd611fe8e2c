/**
 * `npm run footprint`: what an installation costs, beside that of ws.
 *
 *   npm run footprint -- --record   also writes the table into README.md
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { costsOf, footprintTable } from "./install/footprint.mjs";
import { Project } from "./install/project.mjs";
import { publishAll } from "./install/published.mjs";
import { registryTools } from "./install/registry.mjs";
import { installPackages, installTool } from "./install/tools.mjs";
import { buildPlatform } from "./platforms/build.mjs";
import { platformsNamed } from "./platforms/table.mjs";
import { installZig } from "./platforms/tools.mjs";
import {
	orExit,
	prepareDependencies,
	prepareTypescript,
} from "./setup/index.mjs";
import { platformName } from "./setup/native.mjs";
import { readCommandLine } from "./support/command-line.mjs";
import { inRoot } from "./support/paths.mjs";
import { writeSection } from "./support/section.mjs";
import { step } from "./support/step.mjs";

const { values } = readCommandLine(import.meta.url, {
	options: { record: { type: "boolean" } },
});

const WS = "8.23.0";
const addons = ["bufferutil@4.1.0", "utf-8-validate@6.0.6"];

await orExit(async () => {
	await prepareDependencies();
	await prepareTypescript();
	await step("zig", installZig);
	for (const own of platformsNamed([platformName()]))
		await step(own.name, (line) => buildPlatform(own, line));
	for (const name of registryTools)
		await step(name, (line) => installTool(name, line));
	const place = mkdtempSync(join(tmpdir(), "nodejs-websocket-footprint-"));
	const { registry } = await publishAll(place);
	try {
		const whole = new Project(join(place, "whole"), registry);
		await whole.install("npm");
		const bare = new Project(join(place, "bare"), registry);
		await bare.install("npm", ["--omit=optional"]);
		const ws = join(place, "ws");
		const wsWithAddons = join(place, "ws-addons");
		await step("ws", (line) => installPackages(ws, [`ws@${WS}`], line));
		await step("ws with addons", (line) =>
			installPackages(wsWithAddons, [`ws@${WS}`, ...addons], line),
		);
		const main = "nodejs-websocket";
		const table = footprintTable(
			await costsOf([
				{ label: main, folder: whole.folder, main },
				{ label: "with `--omit=optional`", folder: bare.folder, main },
				{ label: `ws ${WS}`, folder: ws, main: "ws" },
				{
					label: "with bufferutil and utf-8-validate",
					folder: wsWithAddons,
					main: "ws",
				},
			]),
		);
		process.stdout.write(`\n${table}\n`);
		if (values.record) writeSection(inRoot("README.md"), "footprint", table);
	} finally {
		await registry.stop();
		rmSync(place, { recursive: true, force: true });
	}
});

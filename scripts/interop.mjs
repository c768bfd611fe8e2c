/**
 * `npm run test:interop`: talks with every WebSocket library that the interoperability tests know, installs those that are
 * missing, and prints the matrix of what was exchanged.
 *
 *   npm run test:interop -- --record   also writes the matrix into CONFORMANCE.md, if it is whole
 */

import { interopResults, renderInterop } from "./checks/interop-matrix.mjs";
import { readReport, runVitest } from "./checks/vitest.mjs";
import {
	orExit,
	prepareDependencies,
	prepareNative,
	preparePeers,
	prepareTypescript,
} from "./setup/index.mjs";
import { findChromium } from "./support/chromium.mjs";
import { readCommandLine } from "./support/command-line.mjs";
import { inRoot } from "./support/paths.mjs";
import { writeSection } from "./support/section.mjs";
import { StepError } from "./support/step.mjs";

/** The vitest projects, the files that have a peer's tests, and what may carry our connections there. */
const suites = /** @type {const} */ ([
	["node", "__test__/interop/", "socket"],
	["browser", "__test__/browser/interop", "socket"],
	["native-transport", "__test__/interop/", "native"],
	["browser", "__test__/browser/interop", "native"],
]);

const { values } = readCommandLine(import.meta.url, {
	options: { record: { type: "boolean" } },
});

await orExit(async () => {
	await prepareDependencies();
	await prepareTypescript();
	const noCargo = await prepareNative({ strict: true });
	const { missing, env } = await preparePeers();
	const chromium = findChromium();
	if (!noCargo) env.NODEJS_WEBSOCKET_TEST_REQUIRE_NATIVE = "1";
	if (chromium) env.CHROMIUM = chromium;

	let failed = 0;
	/** @type {import("./checks/interop-matrix.mjs").Result[]} */
	const results = [];
	for (const [project, filter, transport] of suites) {
		// What the native transport is not for, TLS and the TypeScript engine, was tried before.
		if (transport === "native" && (noCargo || process.platform !== "linux"))
			continue;
		env.NODEJS_WEBSOCKET_TRANSPORT = transport;
		failed += (await runVitest(project, [filter], env)).failed;
		const reported = interopResults(readReport(project));
		results.push(...reported.filter((each) => each.transport === transport));
	}
	const section = renderInterop(results);
	process.stdout.write(`\n${section}\n\n`);
	if (failed > 0) throw new StepError(`${failed} tests failed`);
	if (!values.record) return;

	const absent = missing.map(({ name }) => name);
	if (noCargo) absent.push("the native engine");
	if (!chromium) absent.push("Chromium");
	if (absent.length > 0) {
		throw new StepError(
			`nothing was recorded, since there is no ${absent.join(", no ")}`,
		);
	}
	writeSection(inRoot("CONFORMANCE.md"), "interop", section);
});

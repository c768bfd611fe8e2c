/**
 * `npm run test:faults`: connections under load through a proxy that delays, cuts, resets and truncates them. What each end
 * saw is compared; the figures are printed, and the exit code says whether all is well.
 *
 *   --connections=5000   at once
 *   --seconds=60         of load, after all connections have been opened
 *   --seed=N             of all that is decided at random; printed, so that a run can be repeated
 *   --engine=native      or typescript; without it one after the other
 *   --transport=native   or socket; likewise
 */

import { join } from "node:path";
import { problemsOf, tableOf } from "../__test__/faults/report.mjs";
import { runFaults } from "../__test__/faults/run.mjs";
import { variants } from "../__test__/faults/variants.mjs";
import {
	orExit,
	prepareDependencies,
	prepareNative,
	prepareTypescript,
} from "./setup/index.mjs";
import { readCommandLine } from "./support/command-line.mjs";
import { mostDescriptors } from "./support/descriptors.mjs";
import { cache } from "./support/paths.mjs";
import { elapsed } from "./support/step.mjs";

const { values } = readCommandLine(import.meta.url, {
	options: {
		connections: { type: "string", default: "5000" },
		seconds: { type: "string", default: "60" },
		seed: { type: "string", default: String(Date.now() % 1_000_000) },
		engine: { type: "string" },
		transport: { type: "string" },
	},
});

/** @param {string} message */
function refuse(message) {
	process.stderr.write(`${message}\n`);
	process.exit(2);
}

/** @param {"connections" | "seconds" | "seed"} name */
function integer(name) {
	const number = Number(values[name]);
	if (!Number.isInteger(number) || number < (name === "seed" ? 0 : 1))
		refuse(`--${name} should be a number, it is ${values[name]}.`);
	return number;
}

const connections = integer("connections");
const seconds = integer("seconds");
const seed = integer("seed");
const wanted = variants.filter(
	({ options }) =>
		(values.engine ?? options.engine) === options.engine &&
		(values.transport ?? options.transport) === options.transport,
);
if (wanted.length === 0) {
	const { engine = "any engine", transport = "any" } = values;
	refuse(`There is no ${engine} over ${transport} transport.`);
}
// The proxy has two sockets per connection, and a native connection two descriptors, as long as there are plenty.
const isAnyNative = wanted.some(
	({ options }) => options.transport === "native",
);
const needed = Math.ceil((2 * connections + 100) / (isAnyNative ? 0.75 : 1));
if (mostDescriptors() < needed) {
	refuse(
		`${connections} connections take ${needed} descriptors, and this system allows a process ${mostDescriptors()}: raise its limit (ulimit -Hn), or pass fewer --connections.`,
	);
}

const noCargo = await orExit(async () => {
	await prepareDependencies();
	await prepareTypescript();
	return prepareNative({ strict: true });
});

let failed = 0;
for (const { name, options } of wanted) {
	if (options.engine === "native" && noCargo) {
		process.stdout.write(`\n${name}: skipped, ${noCargo}\n`);
		if (process.env.CI === "true") failed++;
		continue;
	}
	if (options.transport === "native" && process.platform !== "linux") {
		process.stdout.write(`\n${name}: skipped, it is Linux only\n`);
		continue;
	}
	const since = performance.now();
	process.stdout.write(
		`\n> ${name}, ${connections} connections, seed ${seed}\n`,
	);
	const run = {
		variant: name,
		connections,
		seconds,
		seed,
		folder: join(cache, `faults-${name}`),
		/** @param {{ attempts: number, open: number }} progress */
		onProgress: ({ attempts, open }) =>
			process.stdout.write(
				`${elapsed(since)}: ${open} open, ${attempts} so far\n`,
			),
	};
	const problems = [];
	try {
		const result = await runFaults(run);
		process.stdout.write(tableOf(result, run));
		problems.push(...problemsOf(result, run));
	} catch (error) {
		// A process that crashed, or hung.
		problems.push(/** @type {Error} */ (error).message);
	}
	for (const problem of problems) process.stdout.write(`! ${problem}\n`);
	if (problems.length > 0) failed++;
	const verdict = problems.length > 0 ? "FAILED" : "ok";
	process.stdout.write(`< ${name}: ${verdict} (${elapsed(since)})\n`);
}
process.exitCode = failed > 0 ? 1 : 0;

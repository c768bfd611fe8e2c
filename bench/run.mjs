/**
 * `npm run bench`: measures this library, both engines, against others. Sets up what it needs, prints a table, and writes
 * bench/results/results.json and a page that shows it. `--help` has the options.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { orExit } from "../scripts/setup/index.mjs";
import { inRoot } from "../scripts/support/paths.mjs";
import { elapsed } from "../scripts/support/step.mjs";
import { versionsOf } from "./candidates.mjs";
import { duration, plannedSeconds } from "./countdown.mjs";
import { describeMachine } from "./machine.mjs";
import { endAtSignals } from "./measure/process.mjs";
import { commandOf, parseOptions, UsageError, usage } from "./options.mjs";
import { page } from "./report/page.mjs";
import { withResults } from "./report/readme.mjs";
import { terminalTable } from "./report/tables.mjs";
import { measureAll, planOf } from "./session.mjs";
import { setUp } from "./setup.mjs";

/** @typedef {import("./results.mjs").Results} Results */
/** @typedef {import("./options.mjs").Options} Options */

const words = process.argv.slice(2);

/** @param {Options} wanted @returns {Promise<Results>} */
async function measured(wanted) {
	const surroundings = await orExit(() =>
		setUp({
			peers: wanted.candidates.some(({ isOurs }) => !isOurs),
			node: wanted.node,
		}),
	);
	const options = possible(wanted, surroundings);
	const machine = describeMachine(surroundings);
	const plan = planOf(options);
	const present = options.candidates.filter((candidate) =>
		plan.some(({ field }) => field.includes(candidate)),
	);
	const began = performance.now();
	process.stdout.write(
		`\n${plan.length} scenarios × ${options.pace.rounds} rounds, ${present.length} candidates: about ${duration(plannedSeconds(plan))}\n\n`,
	);
	const scenarios = await measureAll(options, surroundings);
	process.stdout.write(`\nMeasuring took ${elapsed(began)}.\n`);
	return {
		format: 1,
		date: new Date().toISOString(),
		command: commandOf(words),
		pace: options.pace,
		machine,
		candidates: present.map((candidate) => ({
			id: candidate.id,
			label: candidate.label,
			isOurs: candidate.isOurs,
			text: candidate.text,
			versions: versionsOf(candidate),
		})),
		scenarios,
	};
}

/**
 * Without the scenarios that this machine lacks something for, and the reason said. On a CI machine they are left to fail.
 *
 * @param {Options} options
 * @param {import("./measure/server.mjs").Surroundings} surroundings
 * @returns {Options}
 */
function possible(options, { certificate }) {
	const isCI = process.env.CI === "true";
	if (isCI || !("reason" in certificate)) return options;
	process.stdout.write(`TLS is left out: ${certificate.reason}\n`);
	const scenarios = options.scenarios.filter(({ load }) => !load.tls);
	return { ...options, scenarios };
}

/** @param {Results} results */
function oursFailed({ candidates, scenarios }) {
	const ours = candidates.filter(({ isOurs }) => isOurs).map(({ id }) => id);
	return scenarios
		.flatMap(({ entries }) => entries)
		.some(({ candidate, failure }) => failure && ours.includes(candidate));
}

/** @param {string} file @param {string} content */
function write(file, content) {
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, content);
	process.stdout.write(`wrote ${relative(process.cwd(), file)}\n`);
}

/** @param {Options} options */
async function main(options) {
	const { from, output } = options;
	const folder = resolve(
		output ?? (from ? dirname(from) : inRoot("bench", "results")),
	);
	const results = from
		? JSON.parse(readFileSync(from, "utf8"))
		: await measured(options);
	process.stdout.write(`\n${terminalTable(results)}\n\n`);
	if (!from) {
		write(join(folder, "results.json"), JSON.stringify(results, null, "\t"));
	}
	write(join(folder, "report.html"), page(results));
	if (options.readme) {
		const file = inRoot("README.md");
		write(file, withResults(readFileSync(file, "utf8"), results));
	}
	if (oursFailed(results)) process.exitCode = 1;
}

try {
	const options = parseOptions(words);
	if (options.help) {
		process.stdout.write(usage);
	} else {
		endAtSignals();
		await main(options);
	}
} catch (error) {
	if (!(error instanceof UsageError)) throw error;
	process.stderr.write(`bench: ${error.message}. --help has the options.\n`);
	process.exitCode = 2;
}

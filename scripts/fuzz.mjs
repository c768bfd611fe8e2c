/**
 * `npm run fuzz`: looks for inputs on which the frame engine and its oracles part.
 *
 *   npm run fuzz                                all targets of crate/fuzz, 60 seconds each
 *   npm run fuzz -- <target> … --seconds <n>    some of them, for so long
 *   npm run fuzz -- --minimize                  afterwards, keeps in git what the inputs found so far reach
 *
 * What a run finds is the start of the next one (.cache/fuzz-corpus). An input that fails is named, with the command that
 * runs it again.
 */

import { buildTargets, fuzz, minimize, targets } from "./checks/fuzz.mjs";
import { installCargoFuzz, nightlyIsMissing } from "./setup/cargo-fuzz.mjs";
import { orExit } from "./setup/index.mjs";
import { readCommandLine } from "./support/command-line.mjs";
import { StepError, step } from "./support/step.mjs";

const { values, positionals } = readCommandLine(import.meta.url, {
	options: {
		seconds: { type: "string", default: "60" },
		minimize: { type: "boolean", default: false },
	},
	allowPositionals: true,
});
const wanted = positionals.length > 0 ? positionals : targets;
const unknown = wanted.find((name) => !targets.includes(name));
const seconds = Number(values.seconds);
if (unknown !== undefined || !(seconds > 0)) {
	process.stderr.write(
		`Usage: npm run fuzz -- [${targets.join(" | ")}] … [--seconds <n>] [--minimize]\n`,
	);
	process.exit(2);
}

let crashes = 0;

/** @param {string} target */
async function runTarget(target) {
	await step(target, async (line) => {
		line.start("running");
		const { executions, crashed, output } = await fuzz(target, seconds, {
			onLine: line.progress,
		});
		if (crashed) crashes++;
		if (crashed) process.stdout.write(`\n${output.trim()}\n`);
		return `${executions} executions, ${crashed ? "CRASHED" : "no crash"}`;
	});
}

await orExit(async () => {
	const reason = await nightlyIsMissing();
	if (reason) throw new StepError(reason);
	await step("cargo-fuzz", installCargoFuzz);
	await step("fuzz targets", buildTargets);
	for (const target of wanted) await runTarget(target);
	if (!values.minimize || crashes > 0) return;
	for (const target of wanted) {
		await step(`keep ${target}`, async (line) => {
			line.start("minimizing");
			return `${await minimize(target)} inputs`;
		});
	}
});
process.exitCode = crashes > 0 ? 1 : 0;

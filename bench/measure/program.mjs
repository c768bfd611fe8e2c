/** One run of what needs no peer: a frame engine by itself, and requiring a package. */
import { engineSeconds } from "../scenarios.mjs";
import { median } from "../statistics.mjs";
import { pinned } from "./cores.mjs";
import { Running } from "./process.mjs";
import { LIMIT_SECONDS } from "./server.mjs";

/** How many processes require the package in one run. */
const IMPORTS = 5;

/**
 * @param {import("../scenarios.mjs").Scenario} scenario
 * @param {import("../candidates.mjs").Candidate} candidate
 * @param {import("../scenarios.mjs").Pace} pace
 * @param {import("./server.mjs").Surroundings} surroundings
 */
export async function measureEngine(scenario, candidate, pace, surroundings) {
	const { sizes = [], operation = "" } = scenario;
	const seconds = engineSeconds(pace);
	const settings = { sizes, seconds, warmup: seconds / 2 };
	const program = new Running({
		name: "the engine's program",
		command: pinned(surroundings.cores?.measured, [
			surroundings.node,
			"candidates/engine/run.mjs",
			candidate.engine ?? "",
			operation,
			JSON.stringify(settings),
		]),
		env: candidate.env,
	});
	return await program.result(LIMIT_SECONDS);
}

/** The median of several processes. @type {typeof measureEngine} */
export async function measureImport(
	_scenario,
	candidate,
	_pace,
	{ cores, node },
) {
	/** @type {{ cpuMilliseconds: number, milliseconds: number }[]} */
	const runs = [];
	for (let i = 0; i < IMPORTS; i++) {
		const program = new Running({
			name: "the program",
			command: pinned(cores?.measured, [
				node,
				"candidates/import.cjs",
				candidate.import ?? "",
			]),
			env: candidate.env,
		});
		runs.push(await program.result(LIMIT_SECONDS));
	}
	return {
		mode: "import",
		milliseconds: median(runs.map((run) => run.milliseconds)),
		cpuMilliseconds: median(runs.map((run) => run.cpuMilliseconds)),
	};
}

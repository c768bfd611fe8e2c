/** One run of a client: a native echo server is started, the client's program drives itself against it. */
import { setTimeout as delay } from "node:timers/promises";
import { pinned } from "./cores.mjs";
import { RunError, Running } from "./process.mjs";
import { LIMIT_SECONDS } from "./server.mjs";

const START_LIMIT_MS = 10_000;

/** The port that the load generator prints first. @param {Running} server */
async function portOf(server) {
	const deadline = performance.now() + START_LIMIT_MS;
	while (!server.stdout.includes("\n")) {
		if (server.hasEnded || performance.now() > deadline) {
			throw new RunError(
				server.complaint || "the load generator does not serve",
			);
		}
		await delay(10);
	}
	return JSON.parse(server.stdout.split("\n")[0]).port;
}

/**
 * @param {import("../scenarios.mjs").Scenario} scenario
 * @param {import("../candidates.mjs").Candidate} candidate
 * @param {import("../scenarios.mjs").Pace} pace
 * @param {import("./server.mjs").Surroundings} surroundings
 */
export async function measureClient(scenario, candidate, pace, surroundings) {
	const { loadgen, node, cores } = surroundings;
	const server = new Running({
		name: "the load generator",
		command: pinned(cores?.load, [loadgen, "serve", "--port", "0"]),
	});
	try {
		const port = await portOf(server);
		const client = new Running({
			name: "the client",
			command: pinned(cores?.measured, [
				node,
				"candidates/clients/drive.mjs",
				candidate.client ?? "",
				JSON.stringify({ ...scenario.load, ...pace }),
			]),
			env: { ...candidate.env, PORT: `${port}` },
		});
		return await client.result(pace.warmup + pace.seconds + LIMIT_SECONDS);
	} finally {
		await server.stop();
	}
}

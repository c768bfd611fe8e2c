/** One run of a server: started afresh, loaded by the load generator, ended. */
import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { NODE } from "../candidates.mjs";
import { pinned } from "./cores.mjs";
import { RunError, Running } from "./process.mjs";

/** @typedef {import("../candidates.mjs").Candidate} Candidate */
/** @typedef {import("../scenarios.mjs").Scenario} Scenario */
/** @typedef {import("../scenarios.mjs").Pace} Pace */
/** @typedef {import("../scenarios.mjs").Load} Load */

/**
 * What all runs share.
 *
 * @typedef {object} Surroundings
 * @property {string} loadgen The load generator's program.
 * @property {string} node The Node.js that is measured.
 * @property {import("./cores.mjs").Cores | undefined} cores
 * @property {{ key: string, cert: string } | { reason: string }} certificate Files, or why there are none.
 */

const HOST = "127.0.0.1";

const START_LIMIT_MS = 10_000;

/** How much longer than planned a run may take, for what goes before and after it. */
export const LIMIT_SECONDS = 60;

/** Below those that systems give to outgoing connections, one of which could be faster than the server. */
const PORTS = { first: 15_000, count: 15_000 };

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
	return new Promise((resolve) => {
		const server = createServer().on("error", () => resolve(false));
		server.listen(port, HOST, () => server.close(() => resolve(true)));
	});
}

async function freePort() {
	for (;;) {
		const port = PORTS.first + randomInt(PORTS.count);
		if (await isFree(port)) return port;
	}
}

/** @param {number} port @returns {Promise<boolean>} */
function accepts(port) {
	return new Promise((resolve) => {
		const socket = connect(port, HOST)
			.on("connect", () => {
				socket.destroy();
				resolve(true);
			})
			.on("error", () => resolve(false));
	});
}

/**
 * Waits until a server takes connections: whatever it is, that is how it shows.
 *
 * @param {Running} server
 * @param {number} port
 */
async function listening(server, port) {
	const deadline = performance.now() + START_LIMIT_MS;
	while (!(await accepts(port))) {
		if (server.hasEnded) throw await deathOf(server);
		if (performance.now() > deadline) {
			throw new RunError(`the server does not listen on port ${port}`);
		}
		await delay(20);
	}
}

/** @param {Running} server */
async function deathOf(server) {
	const { how } = await server.ended;
	const said = server.complaint;
	return new RunError(`the server ${how}${said ? `: ${said}` : ""}`);
}

/** What a server says of its timer. @param {number} port */
async function timerDelays(port) {
	const response = await fetch(`http://${HOST}:${port}/timer`);
	if (!response.ok) {
		throw new RunError(`the server's timer: status ${response.status}`);
	}
	return await response.json();
}

/** `{ inFlight: 2, tls: true }` as the load generator takes it. @param {Load} load */
export function loadArguments(load) {
	return Object.entries(load).flatMap(([name, value]) => {
		if (value === undefined || value === false) return [];
		const option = `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
		return value === true ? [option] : [option, `${value}`];
	});
}

/**
 * @param {Scenario} scenario
 * @param {Pace} pace
 */
function timeArguments({ mode }, { warmup, seconds }) {
	return mode === "idle"
		? []
		: ["--warmup", `${warmup}`, "--seconds", `${seconds}`];
}

/**
 * @param {Scenario} scenario
 * @param {Candidate} candidate
 * @param {Pace} pace
 * @param {Surroundings} surroundings
 */
export async function measureServer(scenario, candidate, pace, surroundings) {
	const { loadgen, node, cores, certificate } = surroundings;
	const { mode = "echo", load } = scenario;
	const env = { ...candidate.env };
	if (load.tls) {
		if ("reason" in certificate) throw new RunError(certificate.reason);
		env.BENCH_TLS_KEY = certificate.key;
		env.BENCH_TLS_CERT = certificate.cert;
	}
	if (load.deflate) env.BENCH_DEFLATE = load.deflate;
	const port = await freePort();
	const pagesPort = load.pagesRate === undefined ? 0 : await freePort();
	if (pagesPort) env.BENCH_PAGES_PORT = `${pagesPort}`;
	const server = new Running({
		name: "the server",
		command: pinned(
			cores?.measured,
			(candidate.server ?? []).map((word) => (word === NODE ? node : word)),
		),
		env: { ...env, PORT: `${port}` },
	});
	try {
		await listening(server, port);
		const generator = new Running({
			name: "the load generator",
			command: pinned(cores?.load, [
				loadgen,
				mode,
				...["--port", `${port}`, "--server-pid", `${server.pid}`],
				...loadArguments(load),
				...(pagesPort ? ["--pages-port", `${pagesPort}`] : []),
				...timeArguments(scenario, pace),
			]),
		});
		const { quiet = 0 } = load;
		const run = await generator.result(
			pace.warmup + pace.seconds + quiet + LIMIT_SECONDS,
		);
		return pagesPort
			? { ...run, timerMicros: await timerDelays(pagesPort) }
			: run;
	} catch (error) {
		// A server that died is the reason for whatever the load generator saw, which may have been told first.
		await Promise.race([server.ended, delay(200)]);
		throw server.hasEnded ? await deathOf(server) : error;
	} finally {
		await server.stop();
	}
}

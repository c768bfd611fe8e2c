/** Runs parts of the suite, some of them at a time. */
import { mkdirSync, rmSync } from "node:fs";
import { run } from "../support/child.mjs";
import { inRoot } from "../support/paths.mjs";
import { nameOf } from "./combinations.mjs";
import { folderOf } from "./parts.mjs";
import {
	listening,
	readReport,
	runFuzzingClient,
	runFuzzingServer,
} from "./suite.mjs";
import { judge } from "./verdict.mjs";

/** @typedef {import("./combinations.mjs").Combination} Combination */
/** @typedef {import("./parts.mjs").Part} Part */
/** @typedef {import("./suite.mjs").Task} Task */
/** @typedef {import("../support/child.mjs").Outcome} Outcome */
/** @typedef {import("../support/child.mjs").ChildOptions} ChildOptions */

/**
 * @typedef {object} Result
 * @property {Combination} combination
 * @property {import("./verdict.mjs").Verdict[]} verdicts
 * @property {string[]} problems What went wrong outside of any case.
 * @property {number} seconds
 */

/** How long one part may take. The suite bounds each case itself, by up to some minutes. */
const LIMIT_MS = 10 * 60_000;

/** They wait most of the time: for time-outs that the suite lets pass. */
const AT_A_TIME = 2;

/**
 * @param {string} program
 * @param {Combination} combination
 * @param {string[]} words
 * @param {ChildOptions} options
 */
function runProgram(program, { engine, transport, binary }, words, options) {
	const path = inRoot("scripts", "autobahn", "programs", program);
	return run(
		process.execPath,
		[
			path,
			`--engine=${engine}`,
			`--transport=${transport}`,
			`--binary=${binary}`,
			...words,
		],
		options,
	);
}

/**
 * What the parts of a run share.
 *
 * @typedef {object} Shared
 * @property {AbortSignal} signal Time is up.
 * @property {(line: string) => void} onLine Told what the suite says.
 * @property {string[]} problems What went wrong outside of any case.
 */

/** @param {string} what @param {Outcome} outcome */
const complaint = (what, { code, output }) =>
	`${what} ended with ${code}: ${output.trim().split("\n").slice(-8).join("\n")}`;

/**
 * Does work while a program runs that listens, and stops it then. Where it ends before, that is a problem.
 *
 * @param {string} what
 * @param {Shared} shared
 * @param {(options: Required<Pick<ChildOptions, "signal" | "onLine">>) => Promise<Outcome>} start
 * @param {(port: string) => Promise<void>} work
 */
async function whileListening(what, { signal, problems }, start, work) {
	const stop = new AbortController();
	const { port, ended } = await listening((onLine) =>
		start({ onLine, signal: AbortSignal.any([signal, stop.signal]) }),
	);
	const watched = ended.then((outcome) => {
		if (!stop.signal.aborted) problems.push(complaint(what, outcome));
	});
	if (port) await work(port);
	stop.abort();
	await watched;
}

/** @param {Combination} combination @param {Task} task @param {Shared} shared */
function testServer(combination, task, shared) {
	const { signal, onLine, problems } = shared;
	return whileListening(
		"the echo server",
		shared,
		(options) => runProgram("server.mjs", combination, [], options),
		async (port) => {
			const suite = await runFuzzingClient(task, port, { signal, onLine });
			if (suite.code !== 0) problems.push(complaint("the suite", suite));
		},
	);
}

/** @param {Combination} combination @param {Task} task @param {Shared} shared */
function testClient(combination, task, shared) {
	const { signal, onLine, problems } = shared;
	return whileListening(
		"the suite",
		shared,
		(options) =>
			runFuzzingServer(task, {
				...options,
				onLine(line) {
					options.onLine(line);
					onLine(line);
				},
			}),
		async (port) => {
			const words = [`--url=ws://127.0.0.1:${port}`, `--agent=${task.agent}`];
			const client = await runProgram("client.mjs", combination, words, {
				signal,
			});
			if (client.code !== 0)
				problems.push(complaint("the echo client", client));
		},
	);
}

/**
 * @param {Part} part
 * @param {() => void} onCase Called when a case begins.
 * @returns {Promise<Result>}
 */
async function runPart(part, onCase) {
	const since = performance.now();
	const { combination, ids } = part;
	const agent = nameOf(combination).replaceAll("/", "-");
	const task = { agent, ids, folder: folderOf(part) };
	rmSync(task.folder, { recursive: true, force: true });
	mkdirSync(task.folder, { recursive: true });
	const test = combination.role === "server" ? testServer : testClient;
	const signal = AbortSignal.timeout(LIMIT_MS);
	/** @type {string[]} */
	const problems = [];
	await test(combination, task, {
		signal,
		onLine(line) {
			if (line.startsWith("Running test case ID ")) onCase();
		},
		problems,
	});
	if (signal.aborted) problems.push(`given up after ${LIMIT_MS / 60_000} min`);
	return {
		combination,
		verdicts: judge(ids, readReport(task)),
		problems,
		seconds: (performance.now() - since) / 1000,
	};
}

/**
 * Runs all of them, some at a time. The results come in the order of the work.
 *
 * @param {Part[]} work
 * @param {object} on
 * @param {(news: string) => void} on.progress Told which are running, and how far they are.
 * @param {(part: Part, result: Result) => void} on.result Told each result when it is there.
 * @returns {Promise<Result[]>}
 */
export async function runParts(work, on) {
	/** @type {Result[]} */
	const results = [];
	/** @type {Map<Part, string>} */
	const running = new Map();
	const tell = () => on.progress([...running.values()].join(", "));
	let next = 0;
	async function take() {
		while (next < work.length) {
			const index = next++;
			const part = work[index];
			const title = `${nameOf(part.combination)} ${part.name}`;
			let begun = 0;
			results[index] = await runPart(part, () => {
				running.set(part, `${title}: ${++begun} of ${part.ids.length}`);
				tell();
			});
			on.result(part, results[index]);
			running.delete(part);
			tell();
		}
	}
	await Promise.all(Array.from({ length: AT_A_TIME }, take));
	return results;
}

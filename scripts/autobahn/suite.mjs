/** The suite's command, and commands that say on which port they listen. */
import { EventEmitter, once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/child.mjs";
import { StepError } from "../support/step.mjs";
import { installedPython, launcher, packages } from "./install.mjs";

/** @typedef {import("../support/child.mjs").Outcome} Outcome */
/** @typedef {import("../support/child.mjs").ChildOptions} ChildOptions */

/** @param {string[]} words @param {ChildOptions} [options] */
function runLauncher(words, options) {
	const { command, env } = installedPython();
	// Unbuffered, so that its lines come when they are written.
	return run(command, ["-u", "-W", "ignore", launcher, packages, ...words], {
		...options,
		env,
	});
}

/**
 * The ids of all cases the suite has, in its order.
 *
 * @returns {Promise<string[]>}
 */
export async function suiteIds() {
	const { code, output } = await runLauncher(["--ids"]);
	if (code !== 0) throw new StepError("the suite does not run", output);
	return JSON.parse(output);
}

/**
 * What the suite is to do. The folder is where it writes its reports.
 *
 * @typedef {object} Task
 * @property {string} folder
 * @property {string} agent The name of the program under test in the reports.
 * @property {string[]} ids
 */

/**
 * @param {Task} task
 * @param {"fuzzingclient" | "fuzzingserver"} mode
 * @param {object} extra
 * @param {ChildOptions} options
 */
function runMode({ folder, ids }, mode, extra, options) {
	const spec = join(folder, "spec.json");
	writeFileSync(
		spec,
		JSON.stringify({
			outdir: folder,
			cases: ids,
			"exclude-cases": [],
			"exclude-agent-cases": {},
			...extra,
		}),
	);
	return runLauncher(
		["--mode", mode, "--webport", "0", "--spec", spec],
		options,
	);
}

/**
 * Tests the server at a port.
 *
 * @param {Task} task
 * @param {string} port
 * @param {ChildOptions} options
 */
export function runFuzzingClient(task, port, options) {
	const server = { agent: task.agent, url: `ws://127.0.0.1:${port}` };
	return runMode(task, "fuzzingclient", { servers: [server] }, options);
}

/**
 * Waits for clients to test, on a port of its own.
 *
 * @param {Task} task
 * @param {ChildOptions} options
 */
export function runFuzzingServer(task, options) {
	return runMode(task, "fuzzingserver", { url: "ws://127.0.0.1:0" }, options);
}

/**
 * Starts a command that prints `Listening on port N`.
 *
 * @param {(onLine: (line: string) => void) => Promise<Outcome>} start
 * @returns {Promise<{ port: string | undefined, ended: Promise<Outcome> }>} No port where it ended before it listened.
 */
export async function listening(start) {
	const events = new EventEmitter();
	const ended = start((line) => {
		const port = /^Listening on port (\d+)$/.exec(line)?.[1];
		if (port) events.emit("listening", port);
	});
	const [port] = await Promise.race([
		once(events, "listening"),
		ended.then(() => []),
	]);
	return { port, ended };
}

/**
 * What the suite reports of one case.
 *
 * @typedef {object} Entry
 * @property {string} behavior OK, FAILED, NON-STRICT, INFORMATIONAL, …
 * @property {string} behaviorClose Likewise, of the closing handshake.
 * @property {string} reportfile The suite's file on it.
 */

/**
 * The suite's report by case ids; without any where it wrote none.
 *
 * @param {Task} task
 * @returns {Record<string, Entry>}
 */
export function readReport({ folder, agent }) {
	const index = join(folder, "index.json");
	if (!existsSync(index)) return {};
	/** @type {Record<string, Entry>} */
	const entries = JSON.parse(readFileSync(index, "utf8"))[agent] ?? {};
	for (const entry of Object.values(entries))
		entry.reportfile = join(folder, entry.reportfile);
	return entries;
}

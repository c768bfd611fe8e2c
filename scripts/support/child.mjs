/** Child processes: run a command to its end, with what it wrote. */
import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

/**
 * @typedef {object} Outcome
 * @property {number} code Exit code; 127 where the command does not exist, 128 where a signal ended it.
 * @property {string} output What it wrote to stdout and stderr, in the order it came.
 */

/**
 * @typedef {object} ChildOptions
 * @property {NodeJS.ProcessEnv} [env] Added to this process's environment.
 * @property {string} [cwd] The root of the checkout if left out.
 * @property {AbortSignal} [signal] Ends the command (SIGTERM) when it is aborted.
 * @property {boolean} [live] Also pass the output on to this process's stdout while it comes.
 * @property {(line: string) => void} [onLine] Called with each complete line of output.
 */

/**
 * Children that are running, so that an interrupted script leaves none behind.
 *
 * @type {Set<import("node:child_process").ChildProcess>}
 */
const running = new Set();

const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/** @param {NodeJS.Signals} signal */
function onSignal(signal) {
	for (const child of running) child.kill(signal);
	process.exit(signal === "SIGINT" ? 130 : 143);
}

/**
 * Signals are listened to only while a child runs: the rest of the time they are none of this module's business.
 *
 * @param {import("node:child_process").ChildProcess} child
 */
function watch(child) {
	if (running.size === 0)
		for (const name of signals) process.on(name, onSignal);
	running.add(child);
	const forget = () => {
		if (!running.delete(child) || running.size > 0) return;
		for (const name of signals) process.off(name, onSignal);
	};
	child.on("error", forget).on("close", forget);
}

/**
 * Runs a command. Never rejects: one that cannot be started is code 127.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {ChildOptions} [options]
 * @returns {Promise<Outcome>}
 */
export function run(command, args, options = {}) {
	return new Promise((done) => {
		let output = "";
		let line = "";
		const child = spawn(command, args, {
			cwd: options.cwd ?? root,
			env: { ...process.env, ...options.env },
			stdio: ["ignore", "pipe", "pipe"],
			// npm is a batch file on Windows, which only a shell can start. The arguments are this project's own.
			shell: process.platform === "win32" && command === "npm",
		});
		watch(child);
		const stop = () => child.kill();
		if (options.signal?.aborted) stop();
		options.signal?.addEventListener("abort", stop);
		/** @param {string} text */
		const take = (text) => {
			output += text;
			if (options.live) process.stdout.write(text);
			if (!options.onLine) return;
			const lines = (line + text).split(/\r?\n/);
			line = lines.pop() ?? "";
			for (const complete of lines) options.onLine(complete);
		};
		child.stdout.setEncoding("utf8").on("data", take);
		child.stderr.setEncoding("utf8").on("data", take);
		child.on("error", (error) => {
			done({ code: 127, output: output + error.message });
		});
		child.on("close", (code) => {
			options.signal?.removeEventListener("abort", stop);
			done({ code: code ?? 128, output });
		});
	});
}

/**
 * Runs a command that owns the terminal while it runs: its colours and progress are its own.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] Added to this process's environment.
 * @returns {Promise<number>} The exit code, as in `Outcome`.
 */
export function runInherited(command, args, env = {}) {
	return new Promise((done) => {
		const child = spawn(command, args, {
			cwd: root,
			env: { ...process.env, ...env },
			stdio: ["ignore", "inherit", "inherit"],
		});
		watch(child);
		child.on("error", () => {
			done(127);
		});
		child.on("close", (code) => {
			done(code ?? 128);
		});
	});
}

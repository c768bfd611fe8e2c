/** A program that runs beside this one. Each has a process group of its own, so that it ends with all that it started. */
import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { inRoot } from "../../scripts/support/paths.mjs";

/** How much of what a program says on stderr is kept, for the reason why it failed. */
const KEPT_CHARACTERS = 4000;

/** Why a run has no figures, in one sentence. */
export class RunError extends Error {}

/** Process groups that are running. @type {Set<number>} */
const running = new Set();

/** @param {number} pid */
function killGroup(pid) {
	try {
		process.kill(-pid, "SIGKILL");
	} catch {
		// It has ended by itself.
	}
}

process.on("exit", () => {
	for (const pid of running) killGroup(pid);
});

/** Ends this process at a signal the usual way, its programs first. */
export function endAtSignals() {
	for (const [signal, code] of /** @type {const} */ ([
		["SIGINT", 130],
		["SIGTERM", 143],
		["SIGHUP", 129],
	]))
		process.on(signal, () => process.exit(code));
}

/**
 * @typedef {object} Program
 * @property {string} name For messages.
 * @property {string[]} command
 * @property {NodeJS.ProcessEnv} [env] Added to this process's environment.
 */

export class Running {
	#child;
	#name;
	#stderr = "";
	/** What it has written to stdout. */
	stdout = "";
	hasEnded = false;
	/** How it ended, in words; settles when it has. @type {Promise<{ code: number | null, how: string }>} */
	ended;

	/** @param {Program} program */
	constructor({ name, command, env }) {
		const [file, ...args] = command;
		this.#name = name;
		// Its stdin stays open for as long as this process lives; the programs here end when it closes.
		this.#child = spawn(file, args, {
			cwd: inRoot("bench"),
			env: { ...process.env, ...env },
			stdio: ["pipe", "pipe", "pipe"],
			detached: true,
		});
		const { pid } = this.#child;
		if (pid !== undefined) running.add(pid);
		this.#child.stdin.on("error", () => {});
		this.#child.stdout.setEncoding("utf8").on("data", (text) => {
			this.stdout += text;
		});
		this.#child.stderr.setEncoding("utf8").on("data", (text) => {
			this.#stderr = (this.#stderr + text).slice(-KEPT_CHARACTERS);
		});
		this.ended = new Promise((done) => {
			this.#child.on("error", ({ message }) => {
				this.hasEnded = true;
				done({ code: null, how: `cannot be started: ${message}` });
			});
			this.#child.on("exit", () => {
				this.hasEnded = true;
				if (pid === undefined) return;
				// What it started may still be there, and hold its stdout open.
				killGroup(pid);
				running.delete(pid);
			});
			this.#child.on("close", (code, signal) => {
				done({ code, how: `ended with ${signal ?? `code ${code}`}` });
			});
		});
	}

	/** That of its process group, too. */
	get pid() {
		const { pid } = this.#child;
		if (pid === undefined) throw new RunError(`${this.#name} did not start`);
		return pid;
	}

	/** The last line it said that means something. */
	get complaint() {
		const lines = this.#stderr.split("\n").map((line) => line.trim());
		const error = lines.find((line) => /^\w*Error\b.*: /.test(line));
		return error ?? lines.filter(Boolean).at(-1) ?? "";
	}

	async stop() {
		const { pid } = this.#child;
		if (pid !== undefined && !this.hasEnded) killGroup(pid);
		await this.ended;
	}

	/**
	 * Waits for its end and the JSON object it printed.
	 *
	 * @param {number} limitSeconds After which it is stopped.
	 * @returns {Promise<any>}
	 */
	async result(limitSeconds) {
		const limit = new AbortController();
		const late = delay(limitSeconds * 1000, undefined, {
			signal: limit.signal,
		}).catch(() => undefined);
		const end = await Promise.race([this.ended, late]);
		limit.abort();
		if (!end) {
			await this.stop();
			throw new RunError(
				`${this.#name} did not end in ${limitSeconds.toFixed(0)} s`,
			);
		}
		if (end.code !== 0)
			throw new RunError(this.complaint || `${this.#name} ${end.how}`);
		try {
			return JSON.parse(this.stdout);
		} catch {
			throw new RunError(`${this.#name} printed no result`);
		}
	}
}

/** The runner's side of a worker process. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** @typedef {import("./workers/answer.mjs").Told} Told */

/** How long a worker may go on after `stop`. */
const STOP_MS = 30_000;

/**
 * @typedef {object} WorkerEvents
 * @property {(complaint: string) => void} onComplaint
 * @property {(progress: { attempts: number, open: number }) => void} [onProgress]
 */

export class Worker {
	/** @type {string} */
	role;
	/** @type {WorkerEvents} */
	#events;
	#child;
	#stderr = "";
	/** @type {{ resolve(result: any): void } | null} */
	#request = null;
	/** Settles with how the process ended. */
	#ended;
	/** Why this side ended the process. */
	#reason = "";

	/**
	 * @param {"server" | "proxy" | "client"} role
	 * @param {WorkerEvents} events
	 */
	constructor(role, events) {
		this.role = role;
		this.#events = events;
		const file = fileURLToPath(
			new URL(`./workers/${role}.mjs`, import.meta.url),
		);
		this.#child = fork(file, {
			execArgv: ["--expose-gc"],
			stdio: ["ignore", "inherit", "pipe", "ipc"],
		});
		this.#child.stderr?.setEncoding("utf8").on("data", (text) => {
			this.#stderr += text;
		});
		this.#child.on("message", (told) => this.#told(/** @type {Told} */ (told)));
		this.#ended = new Promise((resolve) => {
			this.#child.on("close", (code, signal) => {
				const how = `the ${role} process ended with ${signal ?? code}`;
				const error = new Error([how, this.#reason, this.#stderr].join("\n"));
				resolve(code === 0 && this.#stderr === "" ? null : error);
			});
		});
	}

	/**
	 * Has the worker do something. One request at a time.
	 *
	 * @param {string} name
	 * @param {unknown} [argument]
	 * @returns {Promise<any>} What it answers; rejects where the process ends before.
	 */
	request(name, argument) {
		return new Promise((resolve, reject) => {
			this.#request = { resolve };
			// A process that has ended rejects by `close`, which may have been before.
			void this.#ended.then((error) =>
				reject(error ?? new Error(`the ${this.role} process has ended`)),
			);
			this.#child.send({ name, argument }, () => {});
		});
	}

	/** Has the worker end by itself. Rejects where it does not, or not well. */
	async stop() {
		const timer = setTimeout(
			() => this.kill("something kept it alive"),
			STOP_MS,
		);
		this.#child.send({ name: "stop" });
		const error = await this.#ended;
		clearTimeout(timer);
		if (error !== null) throw error;
	}

	/** @param {string} [reason] */
	kill(reason) {
		if (this.#child.exitCode !== null) return;
		this.#reason = reason ?? "";
		this.#child.kill("SIGKILL");
	}

	/** @param {Told} told */
	#told({ answered, result, complaint, progress }) {
		if (complaint !== undefined) this.#events.onComplaint(complaint);
		if (progress !== undefined) this.#events.onProgress?.(progress);
		if (answered === undefined) return;
		const request = this.#request;
		this.#request = null;
		request?.resolve(result);
	}
}

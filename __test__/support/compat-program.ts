/** Programs in processes of their own, in which `require("nodejs-websocket")` is the implementation under test. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Bench } from "./compat-bench.js";
import { within } from "./compat-wait.js";

const require = createRequire(import.meta.url);

/** The root of this checkout. */
export const root = dirname(require.resolve("nodejs-websocket/package.json"));

export interface Outcome {
	code: number | null;
	signal: NodeJS.Signals | null;
	stdout: string;
	stderr: string;
}

/** A running process. Owned by the bench, which kills what is left of it. */
export class Program {
	readonly child: ChildProcess;
	/** Settles when the process has ended and its output is read. */
	readonly outcome: Promise<Outcome>;
	#stdout = "";
	#stderr = "";
	#wake = new Set<() => void>();

	constructor(child: ChildProcess) {
		this.child = child;
		child.stdout?.setEncoding("utf8").on("data", (text: string) => {
			this.#stdout += text;
			for (const wake of this.#wake) wake();
		});
		child.stderr?.setEncoding("utf8").on("data", (text: string) => {
			this.#stderr += text;
		});
		this.outcome = new Promise((resolve) => {
			child.once("close", (code, signal) => {
				resolve({
					code,
					signal,
					stdout: this.#stdout,
					stderr: this.#stderr,
				});
				for (const wake of this.#wake) wake();
			});
		});
	}

	/** The first match of `pattern` in what the program has printed. */
	printed(pattern: RegExp): Promise<RegExpExecArray> {
		return within(
			`${pattern} in the output`,
			new Promise((resolve, reject) => {
				const look = () => {
					const match = pattern.exec(this.#stdout);
					if (match) {
						this.#wake.delete(look);
						resolve(match);
					} else if (this.child.exitCode !== null) {
						this.#wake.delete(look);
						reject(
							new Error(
								`the program ended before it printed ${pattern}: ${this.#stdout}${this.#stderr}`,
							),
						);
					}
				};
				this.#wake.add(look);
				look();
			}),
		);
	}

	/** How the program ended. */
	ended(): Promise<Outcome> {
		return within("the end of the program", this.outcome);
	}

	send(line: string): void {
		this.child.stdin?.write(`${line}\n`);
	}
}

/** Runs `file` with Node; the engine of the implementation is the default one there. */
export function startFile(
	bench: Bench,
	file: string,
	args: string[] = [],
	env: Record<string, string> = {},
): Program {
	const { engine } = bench.implementation;
	const child = spawn(process.execPath, [file, ...args], {
		stdio: ["pipe", "pipe", "pipe"],
		env: {
			...process.env,
			...(engine === undefined ? {} : { NODEJS_WEBSOCKET_ENGINE: engine }),
			...env,
		},
	});
	bench.afterwards(() => {
		if (child.exitCode === null) child.kill("SIGKILL");
	});
	return new Program(child);
}

/** Runs `source` as a CommonJS program in a folder whose node_modules has only the implementation. */
export function start(
	bench: Bench,
	source: string,
	args: string[] = [],
): Program {
	const folder = bench.folder();
	mkdirSync(join(folder, "node_modules"));
	symlinkSync(
		dirname(require.resolve(`${bench.implementation.specifier}/package.json`)),
		join(folder, "node_modules", "nodejs-websocket"),
	);
	const file = join(folder, "program.js");
	writeFileSync(file, source);
	return startFile(bench, file, args);
}

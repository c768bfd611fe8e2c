/** The command line as a process, as it was built. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The file behind the command `nodejs-websocket`. */
export const mainFile = fileURLToPath(
	new URL("../../dist/cli/main.js", import.meta.url),
);

/** What is still running, so that no test leaves anything behind. */
const running = new Set<Program>();

export class Program {
	readonly child: ChildProcessWithoutNullStreams;
	/** What it has printed so far. */
	stdout = "";
	stderr = "";
	/** The exit code, or the signal that ended it. */
	readonly ended: Promise<number | string>;

	constructor(args: string[], env: NodeJS.ProcessEnv = {}) {
		this.child = spawn(process.execPath, [mainFile, ...args], {
			env: {
				...process.env,
				NODEJS_WEBSOCKET_ENGINE: "",
				NODEJS_WEBSOCKET_TRANSPORT: "",
				...env,
			},
		});
		const { stdout, stderr, stdin } = this.child;
		stdout.setEncoding("utf8").on("data", (text: string) => {
			this.stdout += text;
		});
		stderr.setEncoding("utf8").on("data", (text: string) => {
			this.stderr += text;
		});
		// Its end may come before that of the input; `ended` tells.
		stdin.on("error", () => {});
		running.add(this);
		this.ended = once(this.child, "close").then(([code, signal]) => {
			running.delete(this);
			return code ?? signal;
		});
	}

	/** The lines it has printed. */
	get lines(): string[] {
		return this.stdout.split("\n").slice(0, -1);
	}

	/** Waits until it has printed something that matches. */
	async printed(pattern: RegExp): Promise<RegExpExecArray> {
		for (;;) {
			const found = pattern.exec(this.stdout);
			if (found !== null) return found;
			const { stdout } = this.child;
			await Promise.race([once(stdout, "data"), once(stdout, "end")]);
			if (stdout.readableEnded && !pattern.test(this.stdout))
				throw new Error(
					`it ended without ${pattern}: ${this.stdout}${this.stderr}`,
				);
		}
	}
}

/** Runs it to its end. */
export async function runProgram(
	args: string[],
	{ input = "", env = {} } = {},
): Promise<{ code: number | string; stdout: string; stderr: string }> {
	const program = new Program(args, env);
	program.child.stdin.end(input);
	const code = await program.ended;
	return { code, stdout: program.stdout, stderr: program.stderr };
}

/** Ends what a failed test has left running. */
export async function endPrograms(): Promise<void> {
	const left = [...running];
	for (const { child } of left) child.kill("SIGKILL");
	await Promise.all(left.map(({ ended }) => ended));
}

/** A program as a peer: commands on its standard input, reports on its standard output. It ends with its input. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Lacks } from "./peer-endpoint.js";
import { Reports, serializeCommand } from "./peer-frames.js";
import { Remote } from "./peer-remote.js";

export class PeerProcess {
	readonly remote: Remote;
	readonly #child: ChildProcess;

	constructor(name: string, command: string, args: string[], lacks: Lacks) {
		const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
		this.#child = child;
		// A write after its end: why it ended is told by 'close'.
		child.stdin.on("error", () => {});
		this.remote = new Remote(lacks, (command, bytes) => {
			for (const piece of serializeCommand(command, bytes))
				child.stdin.write(piece);
		});
		const reports = new Reports((report, bytes) =>
			this.remote.receive(report, bytes),
		);
		child.stdout.on("data", (piece: Buffer) => reports.feed(piece));
		let complaints = "";
		child.stderr.setEncoding("utf8").on("data", (text: string) => {
			complaints += text;
		});
		child.on("error", (error) => this.remote.fail(error));
		child.on("close", (code, signal) =>
			this.remote.fail(
				new Error(`${name} ended with ${code ?? signal}: ${complaints}`),
			),
		);
	}

	/** Ends its input and waits for its end. */
	async stop(): Promise<void> {
		const child = this.#child;
		if (child.exitCode !== null || child.signalCode !== null) return;
		const ended = once(child, "exit");
		child.stdin?.end();
		await ended;
	}
}

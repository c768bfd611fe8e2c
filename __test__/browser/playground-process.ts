import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(
	new URL("../../playground/server.mjs", import.meta.url),
);
/** Below the ports that systems hand out by themselves, so that the same ones can be had again after a restart. */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;
const PORTS = 3;

/** Options for Node that keep every native addon from loading. */
export const WITHOUT_ADDONS = [
	"--import",
	`data:text/javascript,process.dlopen = () => { throw new Error("addons are kept out") }`,
];

export interface PlaygroundConfig {
	defaultEngine: string;
	engines: { name: string; port: number }[];
	unavailable: { name: string; reason: string }[];
}

/** The playground's program as a child process. Start it again on its port after it was stopped. */
export class PlaygroundProcess {
	readonly #port: string;
	readonly #nodeOptions: string[];
	#url = "";
	#child: ChildProcess | null = null;
	#output = "";

	private constructor(port: string, nodeOptions: string[]) {
		this.#port = port;
		this.#nodeOptions = nodeOptions;
	}

	/** Starts it on `port` of 127.0.0.1, or on free ports. */
	static async start(
		port?: number | string,
		nodeOptions: string[] = [],
	): Promise<PlaygroundProcess> {
		const first = String(port ?? (await findFreePorts()));
		const playground = new PlaygroundProcess(first, nodeOptions);
		await playground.start();
		return playground;
	}

	/** Where it says that the page is. */
	get url(): string {
		return this.#url;
	}

	/** What it has printed since its last start. */
	get output(): string {
		return this.#output;
	}

	async start(): Promise<void> {
		const child = spawn(process.execPath, [...this.#nodeOptions, PROGRAM], {
			env: { ...process.env, PORT: this.#port, HOST: "127.0.0.1" },
			stdio: ["ignore", "pipe", "pipe"],
		});
		this.#child = child;
		this.#output = "";
		await new Promise<void>((resolve, reject) => {
			const read = (text: string) => {
				this.#output += text;
				const line = /^Playground: (\S+)$/m.exec(this.#output);
				if (line === null) return;
				this.#url = line[1];
				resolve();
			};
			child.stdout.setEncoding("utf8").on("data", read);
			child.stderr.setEncoding("utf8").on("data", read);
			child.once("error", reject);
			child.once("close", (code) =>
				reject(new Error(`The playground ended with ${code}: ${this.#output}`)),
			);
		});
	}

	/** Sends a signal and waits for the end. Returns the exit code, or the signal that ended it. */
	async stop(
		signal: "SIGTERM" | "SIGINT" | "SIGKILL" = "SIGTERM",
	): Promise<number | string | null> {
		const child = this.#child;
		if (child === null) return null;
		this.#child = null;
		if (child.exitCode === null && child.signalCode === null) {
			const end = once(child, "exit");
			child.kill(signal);
			await end;
		}
		return child.exitCode ?? child.signalCode;
	}

	async config(): Promise<PlaygroundConfig> {
		const response = await fetch(new URL("/config.json", this.url));
		return (await response.json()) as PlaygroundConfig;
	}

	/** Messages echoed so far by each engine. */
	async echoed(): Promise<Record<string, number>> {
		const response = await fetch(new URL("/stats.json", this.url));
		const stats = (await response.json()) as { echoed: Record<string, number> };
		return stats.echoed;
	}
}

/** The first of a row of ports that are all free. */
async function findFreePorts(): Promise<number> {
	const span = HIGHEST_PORT - LOWEST_PORT;
	for (let attempt = 0; attempt < 100; attempt++) {
		const first = LOWEST_PORT + Math.floor(Math.random() * span);
		const ports = Array.from({ length: PORTS }, (_, i) => first + i);
		const free = await Promise.all(ports.map(isFree));
		if (free.every(Boolean)) return first;
	}
	throw new Error("No free ports were found");
}

function isFree(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once("error", () => resolve(false));
		server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
	});
}

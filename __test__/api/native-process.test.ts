/** Native connections and the life of processes and threads. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect } from "vitest";
import { next, nextValue, until, within } from "../support/compat-wait.js";
import library from "../support/library.js";
import type { ApiBench } from "./api-bench.js";
import { behavesNatively, native } from "./native-bench.js";

const run = promisify(execFile);
const programOf = (name: string) =>
	join(import.meta.dirname, "programs", `${name}.cjs`);

/** Starts a program that serves, and prints its port. */
async function startServer(bench: ApiBench, name: string, ...words: string[]) {
	const child = spawn(process.execPath, [programOf(name), ...words], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	bench.afterwards(() => child.kill("SIGKILL"));
	const [line] = await within("its port", once(child.stdout, "data"));
	return { child, url: `ws://127.0.0.1:${Number(String(line))}/` };
}

describe("a worker thread", () => {
	behavesNatively(
		"may end with open connections, whatever ends it",
		async () => {
			const { stdout } = await run(
				process.execPath,
				[programOf("worker-end")],
				{ timeout: 100_000, killSignal: "SIGKILL" },
			);
			expect(JSON.parse(stdout)).toEqual({ ended: 80, left: 0 });
		},
	);
});

describe("a process", () => {
	for (const transport of ["native", "socket"])
		behavesNatively(
			`that exits in a handler has sent its reply, over the ${transport} transport`,
			async (bench) => {
				const { child, url } = await startServer(
					bench,
					"exit-in-handler",
					transport,
				);
				const exit = once(child, "exit");
				const far = bench.connect(url);
				await next(far, "connect");
				far.sendText("x");
				expect(await nextValue(far, "text")).toBe("bye x");
				await within("the end", far.closed);
				expect((await within("its exit", exit))[0]).toBe(7);
			},
		);

	behavesNatively(
		"lives while a connection is open, but not for one that is unreferenced",
		async (bench) => {
			const served = await bench.serve(native);
			const accepted = served.accepted();
			const ended = run(process.execPath, [programOf("lifetime"), served.url], {
				timeout: 100_000,
				killSignal: "SIGKILL",
			});
			const near = await accepted;
			// Long after everything else there has run.
			await new Promise((resolve) => setTimeout(resolve, 500));
			expect(near.readyState).toBe(1);
			near.sendText("go");
			expect((await ended).stdout).toBe("go 1\n");
			await within("the end", near.closed);
		},
	);
});

describe("many connections", () => {
	const COUNT = 2000;

	behavesNatively("are served by the processes of a cluster", async (bench) => {
		const { child, url } = await startServer(bench, "crowd");
		let echoes = 0;
		let ends = 0;
		const all = [];
		for (let i = 0; i < COUNT; i++) {
			const far = library.connect(url, native);
			far.on("error", () => {});
			far.on("connect", () => far.sendText(`${i}`));
			far.on("text", (text) => {
				if (text === `${i}`) echoes++;
			});
			far.on("close", () => ends++);
			all.push(far);
			if (i % 100 === 99) await next(far, "text");
		}
		await until("every echo", () => echoes === COUNT);
		for (const far of all) far.sendText("again");
		child.stdin.write("end\n");
		await until("every end", () => ends === COUNT);
	});
});

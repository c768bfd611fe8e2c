/** Handlers that keep the event loop from going on, or run it themselves: nothing is lost, doubled or out of order. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "nodejs-websocket";
import { afterAll, describe, expect, test } from "vitest";
import { turns, until, within } from "../support/compat-wait.js";
import { frame, request, type Wire } from "../support/compat-wire.js";
import { type ApiBench, behaves } from "./api-bench.js";

const texts = (...all: string[]) =>
	Buffer.concat(all.map((text) => frame(1, text, { mask: true })));

/**
 * Two peers of one server. The first sends "1" and "2" at once; `block` is called by the handler of its "1", in which both send
 * more. Returns what was handled, by peer, when all of it was.
 */
async function handled(
	bench: ApiBench,
	block: (connection: Connection) => void,
): Promise<string[][]> {
	const wires: Wire[] = [];
	const seen: string[][] = [];
	let isBlocking = false;
	const { port } = await bench.serve({}, (connection) => {
		const order: string[] = [];
		seen.push(order);
		connection.on("text", (text) => {
			order.push(text);
			connection.sendText(text);
			if (text !== "1" || isBlocking) return;
			isBlocking = true;
			for (const wire of wires) wire.write(texts("3", "4"));
			block(connection);
			for (const wire of wires) wire.write(texts("5"));
		});
	});
	for (let i = 0; i < 2; i++) {
		const wire = await bench.dial(port);
		wire.write(request());
		await wire.head();
		wires.push(wire);
	}
	wires[0].write(texts("1", "2"));
	const isWhole = (order: string[]) => order.at(-1) === "5";
	await until("all", () => seen.every(isWhole));
	await turns(5);
	for (const [i, wire] of wires.entries())
		for (const text of seen[i])
			expect((await wire.frame()).payload.toString()).toBe(text);
	return seen;
}

const everything = [
	["1", "2", "3", "4", "5"],
	["3", "4", "5"],
];

describe("a handler", () => {
	behaves("may wait for another process", async (bench) => {
		const all = await handled(bench, () =>
			execFileSync(process.execPath, ["-e", ""]),
		);
		expect(all).toEqual(everything);
	});

	behaves("may sleep", async (bench) => {
		const cell = new Int32Array(new SharedArrayBuffer(4));
		const all = await handled(bench, () => Atomics.wait(cell, 0, 0, 100));
		expect(all).toEqual(everything);
	});
});

const folder = mkdtempSync(join(tmpdir(), "nested-loop-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The addon that runs the loop, compiled here; or why it cannot be. */
function nestedLoop(): (() => void) | { reason: string } {
	if (process.platform === "win32") return { reason: "there is no cc" };
	const source = join(import.meta.dirname, "programs", "nested-loop.c");
	const file = join(folder, "nested-loop.node");
	const flags =
		process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : [];
	try {
		execFileSync("cc", ["-shared", "-fPIC", ...flags, source, "-o", file]);
	} catch (error) {
		if (process.env.CI === "true") throw error;
		return { reason: `no addon can be compiled: ${(error as Error).message}` };
	}
	return createRequire(import.meta.url)(file);
}

describe("a handler that runs the event loop", () => {
	const run = nestedLoop();
	if (typeof run !== "function") {
		test.skip(run.reason, () => {});
		return;
	}

	behaves("loses nothing of what comes meanwhile", async (bench) => {
		let ticks = 0;
		const all = await handled(bench, () => {
			// Everything else goes on.
			setImmediate(() => ticks++);
			for (let i = 0; i < 50; i++) run();
			expect(ticks).toBe(1);
		});
		expect(all).toEqual(everything);
	});

	behaves("may see its connection end", async (bench) => {
		const { near, wire } = await bench.rawClient();
		let messages = 0;
		near.on("text", () => {
			if (messages++ > 0) return;
			wire.reset();
			for (let i = 0; i < 50; i++) run();
			near.socket.destroy();
			for (let i = 0; i < 50; i++) run();
		});
		wire.write(texts("1", "2", "3"));
		await within("the end", near.closed);
		expect(messages).toBe(1);
	});
});

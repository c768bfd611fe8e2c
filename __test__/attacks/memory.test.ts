/** What connections leave behind, and what a declared length makes the process hold. Measured in processes of their own. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect } from "vitest";
import { onEachEngine } from "../support/peer-engines.js";

const run = promisify(execFile);

/** Runs a program of the folder `programs` on `engine`. It has to end by itself: what keeps it alive is a leak. */
async function measure(
	engine: string | undefined,
	program: string,
	...args: (string | number)[]
): Promise<Record<string, number>> {
	const file = join(import.meta.dirname, "programs", program);
	const { stdout, stderr } = await run(
		process.execPath,
		["--expose-gc", file, ...args.map(String)],
		{
			timeout: 100_000,
			killSignal: "SIGKILL",
			env: { ...process.env, NODEJS_WEBSOCKET_ENGINE: engine },
		},
	);
	expect(stderr).toBe("");
	return JSON.parse(stdout) as Record<string, number>;
}

const CONNECTIONS = 10_000;

/** The smallest object that could be left per connection is larger. Compiled code and its feedback vary by less in all. */
const BYTES_PER_CONNECTION = 100;

const KIB = 1024;

describe("a server", () => {
	onEachEngine(
		"keeps nothing of 10,000 connections that came and went",
		async ({ implementation }) => {
			const { engine } = implementation;
			const left = await measure(engine, "leak.cjs", CONNECTIONS);
			expect(left.engine).toBe(engine);
			// Of each sixteen connections one is reset within its handshake.
			expect(left.opened).toBeGreaterThan((CONNECTIONS * 9) / 8);
			expect(left.closed).toBe(left.opened);
			expect(left.connections).toBe(0);
			expect(left.heapGrowth / CONNECTIONS).toBeLessThan(BYTES_PER_CONNECTION);
			expect(left.bufferGrowth / CONNECTIONS).toBeLessThan(
				BYTES_PER_CONNECTION,
			);
			expect(left.decodersBefore).toBe(0);
			expect(left.decodersAfter).toBe(0);
			if (engine === "native") expect(left.mostDecoders).toBeGreaterThan(0);
		},
	);

	for (const kind of ["text", "collected", "streamed"]) {
		onEachEngine(
			`takes less than 64 KiB for 2 MiB that a header declares (${kind})`,
			async ({ implementation }) => {
				const held = await measure(
					implementation.engine,
					"declared.cjs",
					200,
					2048 * KIB,
					kind,
				);
				expect(held.connections).toBe(200);
				// A quarter more for what a measurement of the whole process varies by.
				expect(held.bytesPerConnection).toBeLessThan(80 * KIB);
				expect(held.residentPerConnection).toBeLessThan(80 * KIB);
				// Native memory that was reserved and never touched. The JavaScript heap itself grows in steps of megabytes.
				expect(held.reservedPerConnection).toBeLessThan(256 * KIB);
			},
		);
	}
});

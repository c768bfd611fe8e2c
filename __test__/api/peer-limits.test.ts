/** What a peer may send per second, and how long it may be silent. */
import type { Connection } from "nodejs-websocket";
import { describe, expect } from "vitest";
import { next, record, turns, until, within } from "../support/compat-wait.js";
import { frame } from "../support/compat-wire.js";
import { behaves } from "./api-bench.js";

const masked = { mask: true };
const NEVER = 2 ** 31 - 1;

const text = (payload: string) => frame(1, payload, masked);

/** What a connection's listeners were told of a failure. */
function failures(connection: Connection) {
	const errors = record(connection, "error");
	const closes = record(connection, "close");
	return () => ({
		errors: errors.map(([error]) => (error as { code: string }).code),
		closes,
	});
}

describe("a peer that sends more messages per second than the limit", () => {
	behaves("is failed with 1008", async (bench) => {
		const { near, wire } = await bench.rawClient({ maxMessagesPerSecond: 3 });
		const texts = record(near, "text");
		const told = failures(near);
		wire.write(...[..."abcdefgh"].map(text));
		const { opcode, payload } = await wire.frame();
		expect([opcode, payload.readUInt16BE(0)]).toEqual([8, 1008]);
		expect(await wire.rest()).toHaveLength(0);
		wire.socket.end();
		expect(texts.flat()).toEqual(["a", "b", "c"]);
		expect(told()).toEqual({
			errors: ["WS_ERR_RATE"],
			closes: [[1008, undefined]],
		});
	});

	behaves(
		"waits under the policy 'pause', and loses nothing",
		async (bench) => {
			// So few that the debt of one lasts longer than a busy machine stands still.
			const { near, wire } = await bench.rawClient({
				maxMessagesPerSecond: 3,
				ratePolicy: "pause",
			});
			const texts = record(near, "text");
			const binaries = record(near, "binary");
			const told = failures(near);
			// One chunk and more to come: three at once, and one that makes the debt.
			wire.write(...[..."abc"].map(text), text("d"), text("e"));
			await until("the first", () => texts.length >= 4);
			await turns(5);
			expect(texts).toHaveLength(4);
			// Streams count where they begin, whatever their length.
			wire.write(
				frame(2, Buffer.alloc(100_000), masked),
				frame(2, "", masked),
				text("f"),
			);
			await until("the rest", () => texts.length === 6);
			expect(texts.flat().join("")).toBe("abcdef");
			expect(binaries).toHaveLength(2);
			expect(told()).toEqual({ errors: [], closes: [] });
		},
	);

	behaves("is read again after the user's own pause only", async (bench) => {
		const { near, wire } = await bench.rawClient({
			maxMessagesPerSecond: 100,
			ratePolicy: "pause",
		});
		const texts = record(near, "text");
		wire.write(...Array.from({ length: 110 }, () => text("x")));
		await until("the first", () => texts.length > 100);
		near.pause();
		const paused = texts.length;
		await new Promise((resolve) => setTimeout(resolve, 60));
		expect(texts).toHaveLength(paused);
		near.resume();
		await until("the rest", () => texts.length === 110);
	});
});

describe("a peer that sends more bytes per second than the limit", () => {
	behaves("is failed with 1008 before they are read", async (bench) => {
		const { near, wire } = await bench.rawClient({ maxBytesPerSecond: 50_000 });
		const texts = record(near, "text");
		const told = failures(near);
		wire.write(text("x".repeat(200_000)));
		const { opcode, payload } = await wire.frame();
		expect([opcode, payload.readUInt16BE(0)]).toEqual([8, 1008]);
		wire.socket.destroy();
		expect(texts).toHaveLength(0);
		expect(told().errors).toEqual(["WS_ERR_RATE"]);
	});

	behaves("waits under the policy 'pause'", async (bench) => {
		const { near, wire } = await bench.rawClient({
			maxBytesPerSecond: 1_000_000,
			ratePolicy: "pause",
		});
		const texts = record(near, "text");
		for (let i = 0; i < 12; i++) wire.write(text("x".repeat(100_000)));
		await until("all", () => texts.length === 12);
	});
});

describe("pings and pongs", () => {
	for (const [name, opcode] of [
		["pings", 9],
		["pongs", 10],
	] as const) {
		behaves(`beyond the rate fail the connection (${name})`, async (bench) => {
			const { near, wire } = await bench.rawClient({
				maxControlFramesPerSecond: 5,
			});
			const seen = record(near, name === "pings" ? "ping" : "pong");
			const told = failures(near);
			wire.write(
				...Array.from({ length: 9 }, () => frame(opcode, "p", masked)),
			);
			for (;;) {
				const { opcode, payload } = await wire.frame();
				if (opcode === 10) continue;
				expect([opcode, payload.readUInt16BE(0)]).toEqual([8, 1008]);
				break;
			}
			wire.socket.destroy();
			expect(seen).toHaveLength(5);
			expect(told().errors).toEqual(["WS_ERR_RATE"]);
		});
	}

	behaves(
		"have a limit of 1000 by default, also for a client",
		async (bench) => {
			const { far, wire } = await bench.rawServer();
			const told = failures(far);
			const closed = next(far, "close");
			wire.write(...Array.from({ length: 3000 }, () => frame(9)));
			expect(await closed).toEqual([1008, undefined]);
			expect(told().errors).toEqual(["WS_ERR_RATE"]);
		},
	);

	behaves("do not count as messages", async (bench) => {
		const { near, wire } = await bench.rawClient({ maxMessagesPerSecond: 1 });
		const texts = record(near, "text");
		wire.write(frame(9, "", masked), frame(10, "", masked), text("a"));
		await until("the text", () => texts.length === 1);
		expect(near.readyState).toBe(near.OPEN);
	});
});

describe("a peer that is silent for idleTimeoutMs", () => {
	behaves(
		"is failed with 1001, and lost if it does not answer",
		async (bench) => {
			const { near, wire } = await bench.rawClient({
				idleTimeoutMs: 40,
				closeTimeoutMs: 20,
			});
			const told = failures(near);
			const { opcode, payload } = await wire.frame();
			expect([opcode, payload.readUInt16BE(0)]).toEqual([8, 1001]);
			expect(await within("the end", near.closed)).toMatchObject({
				wasClean: false,
			});
			expect(told()).toEqual({
				errors: ["WS_ERR_IDLE_TIMEOUT", "WS_ERR_CLOSE_TIMEOUT"].slice(
					0,
					told().errors.length,
				),
				closes: [[1001, undefined]],
			});
			expect(told().errors[0]).toBe("WS_ERR_IDLE_TIMEOUT");
		},
	);

	behaves("is not, as long as anything comes", async (bench) => {
		const { near, wire } = await bench.rawClient({ idleTimeoutMs: 400 });
		const told = failures(near);
		// A message that never ends, a byte at a time.
		const slow = frame(1, "x".repeat(50), masked);
		for (let at = 0; at < 20; at++) {
			wire.socket.write(slow.subarray(at, at + 1));
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
		expect(told()).toEqual({ errors: [], closes: [] });
	});

	behaves("is not blamed while it is not read", async (bench) => {
		const { near } = await bench.rawClient({ idleTimeoutMs: 20 });
		const told = failures(near);
		near.pause();
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(told()).toEqual({ errors: [], closes: [] });
		const closed = next(near, "close");
		near.resume();
		expect(await closed).toEqual([1001, undefined]);
	});

	behaves(
		"is left alone by default, and by the longest limit",
		async (bench) => {
			for (const idleTimeoutMs of [Number.POSITIVE_INFINITY, NEVER]) {
				const { near, far } = await bench.pair({ idleTimeoutMs });
				await turns(5);
				far.sendText("x");
				await next(near, "text");
			}
		},
	);
});

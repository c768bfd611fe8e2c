import { describe, expect } from "vitest";
import { next, record, turns, until, within } from "../support/compat-wait.js";
import { closeFrame, frame, request } from "../support/compat-wire.js";
import { behaves } from "./api-bench.js";

const masked = { mask: true };

/** Text frames "0" to "count - 1". */
function numbers(count: number, from = 0): Buffer {
	return Buffer.concat(
		Array.from({ length: count }, (_, i) => frame(1, `${from + i}`, masked)),
	);
}

function expected(count: number): string[][] {
	return Array.from({ length: count }, (_, i) => [`${i}`]);
}

describe("pause() and resume()", () => {
	behaves(
		"in the middle of a chunk hold back the frames behind",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const texts = record(near, "text");
			near.on("text", (text) => {
				if (text === "4" || text === "7") near.pause();
			});
			wire.write(numbers(20));
			await until("five", () => texts.length >= 5);
			await turns();
			expect(texts).toHaveLength(5);
			near.resume();
			await until("eight", () => texts.length >= 8);
			await turns();
			expect(texts).toHaveLength(8);
			near.resume();
			await until("all", () => texts.length === 20);
			expect(texts).toEqual(expected(20));
		},
	);

	behaves("within one handler change nothing", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const texts = record(near, "text");
		near.on("text", () => {
			near.pause();
			near.resume();
		});
		wire.write(numbers(20));
		await until("all", () => texts.length === 20);
		expect(texts).toEqual(expected(20));
	});

	behaves("hold back pings, too", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const pings = record(near, "ping");
		near.pause();
		wire.write(frame(9, "p", masked));
		await turns(10);
		expect(pings).toEqual([]);
		near.resume();
		expect((await wire.frame()).opcode).toBe(10);
	});

	behaves("stop reading: the peer sees the back-pressure", async (bench) => {
		const { near, far } = await bench.pair();
		near.pause();
		const texts = record(near, "text");
		for (let i = 0; i < 16; i++) far.sendText("x".repeat(1024 * 1024));
		await turns(20);
		expect(far.bufferedAmount).toBeGreaterThan(1024 * 1024);
		expect(texts).toEqual([]);
		near.resume();
		await until("all", () => texts.length === 16);
	});

	behaves("may come before the client's 'connect'", async (bench) => {
		const { url } = await bench.serve({}, (connection) => {
			connection.sendText("early");
		});
		const far = bench.connect(url);
		far.pause();
		const texts = record(far, "text");
		await next(far, "connect");
		await turns(10);
		expect(texts).toEqual([]);
		far.resume();
		await until("the text", () => texts.length === 1);
	});

	behaves(
		"in the 'connection' handler hold back what came with the handshake",
		async (bench) => {
			const served = await bench.serve({}, (connection) => connection.pause());
			const wire = await bench.dial(served.port);
			const accepted = served.accepted();
			wire.write(request(), numbers(3));
			const near = await accepted;
			const texts = record(near, "text");
			await wire.head();
			wire.write(numbers(3, 3));
			await turns(10);
			expect(texts).toEqual([]);
			near.resume();
			await until("all", () => texts.length === 6);
			expect(texts).toEqual(expected(6));
		},
	);

	behaves("deliver the peer's close when reading goes on", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const texts = record(near, "text");
		const closes = record(near, "close");
		near.pause();
		wire.write(numbers(3), closeFrame(1000, "bye", masked));
		wire.socket.end();
		await turns(10);
		expect(closes).toEqual([]);
		expect(near.readyState).toBe(1);
		near.resume();
		await until("the close", () => closes.length === 1);
		expect(closes).toEqual([[1000, "bye"]]);
		expect(texts).toEqual(expected(3));
	});

	behaves(
		"lose nothing where the peer has ended without a close frame",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const texts = record(near, "text");
			const closes = record(near, "close");
			near.on("text", (text) => {
				if (text === "10") near.pause();
			});
			near.pause();
			wire.write(numbers(6000));
			wire.socket.end();
			await turns(20);
			near.resume();
			await until("eleven", () => texts.length >= 11);
			await turns(20);
			expect(texts).toHaveLength(11);
			expect(closes).toEqual([]);
			near.resume();
			await until("the close", () => closes.length === 1);
			expect(texts).toEqual(expected(6000));
			expect(closes).toEqual([[1006, ""]]);
			expect(await within("the end", near.closed)).toEqual({
				code: 1006,
				reason: "",
				wasClean: false,
			});
		},
	);

	behaves(
		"terminate() ends a connection paused with messages and the peer's end behind",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const texts = record(near, "text");
			near.on("text", () => near.pause());
			near.pause();
			wire.write(numbers(10));
			wire.socket.end();
			await turns(20);
			near.resume();
			await until("one", () => texts.length === 1);
			await turns(20);
			near.terminate();
			expect(await within("the end", near.closed)).toMatchObject({
				code: 1006,
			});
			expect(texts).toHaveLength(1);
		},
	);

	behaves(
		"a local close() lifts the pause, and drops the messages held back",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const texts = record(near, "text");
			near.on("text", () => near.pause());
			wire.write(numbers(10), closeFrame(1000, "", masked));
			await until("one", () => texts.length === 1);
			near.close();
			expect((await wire.frame()).opcode).toBe(8);
			wire.socket.end();
			expect(await within("the end", near.closed)).toEqual({
				code: 1000,
				reason: "",
				wasClean: true,
			});
			expect(texts).toHaveLength(1);
		},
	);

	behaves(
		"the close time-out ends a paused connection whose peer is silent",
		async (bench) => {
			const { near } = await bench.rawClient({ closeTimeoutMs: 50 });
			near.pause();
			near.close();
			near.pause();
			expect(await within("the end", near.closed)).toMatchObject({
				wasClean: false,
			});
		},
	);

	behaves(
		"a pause does not let a full iterator go on, nor the other way round",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const texts = record(near, "text");
			const iterator = near[Symbol.asyncIterator]();
			wire.write(numbers(600));
			await until("the mark", () => texts.length === 256);
			near.pause();
			near.resume();
			await turns(10);
			expect(texts).toHaveLength(256);
			near.pause();
			for (let i = 0; i < 256; i++) await iterator.next();
			await turns(10);
			expect(texts).toHaveLength(256);
			near.resume();
			await until("more", () => texts.length > 256);
		},
	);
});

/** What becomes of messages for a peer that does not read. */
import type { Connection, ServerOptions } from "nodejs-websocket";
import { describe, expect } from "vitest";
import {
	called,
	record,
	turns,
	until,
	within,
} from "../support/compat-wait.js";
import { type ApiBench, behaves } from "./api-bench.js";

const MIB = 1024 * 1024;
const block = Buffer.alloc(MIB);

/** A connection for whose peer as much is waiting as may. */
async function full(bench: ApiBench, options: ServerOptions = {}) {
	const pair = await bench.rawClient({
		maxBufferedBytes: 4 * MIB,
		closeTimeoutMs: 200,
		...options,
	});
	pair.wire.socket.pause();
	const errors = record(pair.near, "error");
	const closes = record(pair.near, "close");
	while (pair.near.bufferedAmount < 4 * MIB) {
		pair.near.sendBinary(block);
		await turns(1);
	}
	return { ...pair, errors, closes };
}

/** Everything that can send one message. */
const sends: [string, (connection: Connection) => Promise<unknown>][] = [
	["sendText", (conn) => called((done) => conn.sendText("x", done))],
	["sendBinary", (conn) => called((done) => conn.sendBinary(block, done))],
	["send", (conn) => called((done) => conn.send("x", done))],
];

describe("with maxBufferedBytes waiting", () => {
	for (const [name, send] of sends) {
		behaves(`${name} fails the connection with 1013`, async (bench) => {
			const { near, errors, closes } = await full(bench);
			const before = near.bufferedAmount;
			expect(await send(near)).toMatchObject({ code: "WS_ERR_BUFFERED_BYTES" });
			// The close frame, and no more.
			expect(near.bufferedAmount - before).toBeLessThan(100);
			expect(closes).toEqual([[1013, undefined]]);
			expect(errors.map(([error]) => (error as { code: string }).code)).toEqual(
				["WS_ERR_BUFFERED_BYTES"],
			);
			// The peer reads nothing: after closeTimeoutMs what waits is let go.
			await within("the end", near.closed);
			expect(near.bufferedAmount).toBe(0);
		});

		behaves(`${name} drops the message where told to`, async (bench) => {
			const { near, wire, errors, closes } = await full(bench, {
				overflowPolicy: "drop",
			});
			const before = near.bufferedAmount;
			for (let i = 0; i < 3; i++)
				expect(await send(near)).toMatchObject({
					code: "WS_ERR_BUFFERED_BYTES",
				});
			expect(near.bufferedAmount).toBe(before);
			expect([errors, closes]).toEqual([[], []]);

			wire.socket.resume();
			await until("the drain", () => near.bufferedAmount === 0);
			expect(await send(near)).toBeFalsy();
		});
	}

	behaves("a loop that goes on sending does not crash", async (bench) => {
		const { near, closes } = await bench
			.rawClient({ maxBufferedBytes: MIB })
			.then(({ near, wire }) => {
				wire.socket.pause();
				return { near, closes: record(near, "close") };
			});
		const seen = bench.uncaught();
		const returned = Array.from({ length: 64 }, () => near.sendBinary(block));
		// Dropped from the limit on, still open until this turn is over.
		expect(returned.at(-1)).toBeUndefined();
		expect(near.readyState).toBe(near.OPEN);
		await until("the end", () => closes.length > 0);
		await turns(5);
		expect(closes).toEqual([[1013, undefined]]);
		expect(seen).toEqual([]);
	});

	behaves("beginBinary still returns a stream", async (bench) => {
		const { near, closes } = await full(bench);
		near.beginBinary()?.write("x");
		expect(near.outStream).not.toBeNull();
		await turns(5);
		expect(closes).toEqual([]);
	});

	behaves(
		"a peer that ends its side and reads nothing is let go in time",
		async (bench) => {
			const { near, wire, closes } = await full(bench);
			wire.socket.end();
			await within("the end", near.closed);
			expect(closes).toEqual([[1006, ""]]);
			expect(near.bufferedAmount).toBe(0);
			expect(near.socket.destroyed).toBe(true);
		},
	);

	behaves("sendPing counts, too", async (bench) => {
		const { near } = await full(bench, { overflowPolicy: "drop" });
		const before = near.bufferedAmount;
		near.sendPing("x");
		expect(near.bufferedAmount).toBe(before);
	});

	behaves(
		"one message of any length is taken by an empty queue",
		async (bench) => {
			const { near, far } = await bench.pair(
				{ maxBufferedBytes: 1 },
				{ maxMessageBytes: 16 * MIB },
			);
			const lengths: number[] = [];
			far.on("message", (data) => lengths.push(data.length));
			await called((done) => near.sendBinary(Buffer.alloc(10 * MIB), done));
			await until("the message", () => lengths.length === 1);
			expect(lengths).toEqual([10 * MIB]);
		},
	);

	behaves("a binary stream is not cut, it waits", async (bench) => {
		const { near, wire, closes } = await full(bench, {
			maxBufferedBytes: 8 * MIB,
		});
		const stream = near.beginBinary();
		for (let i = 0; i < 8; i++) stream?.write(block);
		stream?.end();
		await turns(10);
		expect(near.bufferedAmount).toBeLessThan(16 * MIB);
		expect(closes).toEqual([]);
		wire.socket.resume();
		await until(
			"the end of the stream",
			() => stream?.writableFinished === true,
		);
		await until("the drain", () => near.bufferedAmount === 0);
	});
});

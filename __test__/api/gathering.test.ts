import type { Writable } from "node:stream";
import { describe, expect } from "vitest";
import { next, record, turns, until, within } from "../support/compat-wait.js";
import { frame, request } from "../support/compat-wire.js";
import { readFrames } from "../support/frames.js";
import { behaves } from "./api-bench.js";

const masked = { mask: true };

/** For what is seen at the socket's own writes and 'data' events: the native transport has none. */
const overSocket = { transport: "socket" } as const;

/** How many bytes each write hands to the operating system from now on. */
function writesOf(socket: Writable): number[] {
	const writes: number[] = [];
	const { _write, _writev } = socket;
	socket._write = function (chunk: Buffer, ...rest) {
		writes.push(chunk.length);
		return _write.call(this, chunk, ...rest);
	};
	socket._writev = function (chunks, callback) {
		writes.push(chunks.reduce((sum, { chunk }) => sum + chunk.length, 0));
		return _writev?.call(this, chunks, callback);
	};
	return writes;
}

function numbers(count: number): Buffer {
	return Buffer.concat(
		Array.from({ length: count }, (_, i) => frame(1, `${i}`, masked)),
	);
}

describe("replies", () => {
	behaves("to all frames of a chunk leave in one write", async (bench) => {
		const { near, wire } = await bench.rawClient(overSocket);
		near.on("text", (text) => near.sendText(text));
		near.on("message", (message) => near.send(`again ${String(message)}`));
		const writes = writesOf(near.socket);
		wire.write(numbers(100));
		for (let i = 0; i < 100; i++) {
			expect((await wire.frame()).payload.toString()).toBe(`${i}`);
			expect((await wire.frame()).payload.toString()).toBe(`again ${i}`);
		}
		expect(writes).toHaveLength(1);
	});

	behaves("written after an await leave in one write, too", async (bench) => {
		const { near, wire } = await bench.rawClient(overSocket);
		near.on("text", async (text) => {
			await null;
			near.sendText(text);
			await null;
			near.sendText(text);
		});
		const writes = writesOf(near.socket);
		wire.write(numbers(50));
		for (let i = 0; i < 100; i++) await wire.frame();
		expect(writes).toHaveLength(1);
	});

	behaves(
		"written by a loop over the connection are gathered",
		async (bench) => {
			const { near, wire } = await bench.rawClient(overSocket);
			const run = async () => {
				for await (const message of near) near.send(message);
			};
			run().catch(() => {});
			const writes = writesOf(near.socket);
			wire.write(numbers(50));
			for (let i = 0; i < 50; i++) await wire.frame();
			expect(writes).toHaveLength(1);
		},
	);

	behaves(
		"to what came with the handshake leave together with its answer",
		async (bench) => {
			const served = await bench.serve(overSocket, (connection) => {
				connection.on("text", (text) => connection.sendText(text));
				connection.sendText("welcome");
			});
			const writes: number[] = [];
			served.server.socket.prependListener("connection", (socket) => {
				const seen = writesOf(socket);
				socket.on("close", () => writes.push(...seen));
			});
			const wire = await bench.dial(served.port);
			wire.write(request(), numbers(3));
			await wire.head();
			const texts: string[] = [];
			for (let i = 0; i < 4; i++)
				texts.push((await wire.frame()).payload.toString());
			expect(texts).toEqual(["welcome", "0", "1", "2"]);
			wire.socket.destroy();
			await until("the end", () => writes.length > 0);
			expect(writes).toHaveLength(1);
		},
	);
});

describe("sends", () => {
	behaves("of one tick leave in one write", async (bench) => {
		const { near, wire } = await bench.rawClient(overSocket);
		const writes = writesOf(near.socket);
		for (let i = 0; i < 20; i++) near.sendText(`${i}`);
		near.sendPing("p");
		near.sendBinary(Buffer.from("b"));
		expect(writes).toEqual([]);
		for (let i = 0; i < 22; i++) await wire.frame();
		expect(writes).toHaveLength(1);
	});

	behaves("of a client, too", async (bench) => {
		const { far, wire } = await bench.rawServer(overSocket);
		const writes = writesOf(far.socket);
		for (let i = 0; i < 20; i++) far.sendText(`${i}`);
		far.sendBinary(Buffer.alloc(50_000));
		for (let i = 0; i < 21; i++) await wire.frame();
		expect(writes).toHaveLength(1);
	});

	behaves("to many connections are one write each", async (bench) => {
		const served = await bench.serve(overSocket);
		const clients = [0, 1, 2].map(() => bench.connect(served.url));
		await Promise.all(clients.map((client) => next(client, "connect")));
		await until("three", () => served.server.connections.length === 3);
		const counts = served.server.connections.map(({ socket }) =>
			writesOf(socket),
		);
		const seen = clients.map((client) => record(client, "text"));
		for (let i = 0; i < 10; i++)
			for (const connection of served.server.connections)
				connection.sendText(`${i}`);
		await until("all", () => seen.every((texts) => texts.length === 10));
		expect(counts.map((writes) => writes.length)).toEqual([1, 1, 1]);
		for (const texts of seen)
			expect(texts).toEqual(Array.from({ length: 10 }, (_, i) => [`${i}`]));
	});

	behaves(
		"keep their order, small and large, framed and raw",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const large = Buffer.alloc(100_000, 1);
			const huge = Buffer.alloc(300_000, 2);
			near.sendText("1");
			near.sendBinary(large);
			near.sendText("2");
			near.socket.write(frame(1, "raw"));
			near.sendText("3");
			near.sendBinary(huge);
			near.sendText("é".repeat(40_000));
			near.sendText("4");
			const got: string[] = [];
			for (let i = 0; i < 8; i++) {
				const { payload } = await wire.frame();
				got.push(
					payload.length > 10
						? `${payload[0]} × ${payload.length}`
						: payload.toString(),
				);
			}
			expect(got).toEqual([
				"1",
				"1 × 100000",
				"2",
				"raw",
				"3",
				"2 × 300000",
				"195 × 80000",
				"4",
			]);
		},
	);

	behaves(
		"of a large Buffer do not copy it while the peer keeps up",
		async (bench) => {
			const { near, wire } = await bench.rawClient(overSocket);
			const chunks: Uint8Array[] = [];
			const { _writev } = near.socket;
			near.socket._writev = function (all, callback) {
				chunks.push(...all.map(({ chunk }) => chunk));
				return _writev?.call(this, all, callback);
			};
			const large = Buffer.alloc(64 * 1024, 5);
			near.sendText("before");
			near.sendBinary(large);
			expect(
				chunks.some(
					(chunk) =>
						chunk.buffer === large.buffer && chunk.length === large.length,
				),
			).toBe(true);
			expect((await wire.frame()).payload.toString()).toBe("before");
			expect((await wire.frame()).payload.equals(large)).toBe(true);
		},
	);

	behaves("leave the caller's Buffer as it was", async (bench) => {
		const { far, wire } = await bench.rawServer();
		const data = Buffer.from("0123456789");
		far.sendBinary(data);
		const sent = await wire.frame();
		expect(sent.masked).toBe(true);
		expect(sent.payload.toString()).toBe("0123456789");
		expect(data.toString()).toBe("0123456789");
	});

	behaves(
		"of a Buffer that is changed in the same tick send what it was",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			for (const length of [10, 31 * 1024, 100 * 1024]) {
				const data = Buffer.alloc(length, 1);
				near.sendBinary(data);
				data.fill(2);
				const { payload } = await wire.frame();
				expect(payload.equals(Buffer.alloc(length, 1))).toBe(true);
			}
		},
	);
});

describe("many tiny frames in one chunk", () => {
	behaves("do not keep another connection from being served", async (bench) => {
		const served = await bench.serve(overSocket);
		const flood = served.accepted();
		const flooding = await bench.dial(served.port);
		flooding.write(request());
		const flooded = await flood;
		await flooding.head();
		const calm = served.accepted();
		const other = bench.connect(served.url);
		const near = await calm;
		await next(other, "connect");
		near.on("text", (text) => near.sendText(text));
		let count = 0;
		let isAsked = false;
		const echoed = new Promise<number>((resolve) => {
			other.on("text", () => resolve(count));
		});
		const done = new Promise<void>((resolve) => {
			flooded.on("text", () => {
				count++;
				if (!isAsked) {
					isAsked = true;
					other.sendText("echo");
				}
				if (count === 50_000) resolve();
			});
		});
		// One chunk, whatever the kernel cuts: it is handed to the socket's own 'data' event.
		flooded.socket.emit(
			"data",
			Buffer.concat(Array<Buffer>(50_000).fill(frame(1, "", masked))),
		);
		expect(await within("the echo", echoed)).toBeLessThan(50_000);
		await within("the flood", done);
		expect(count).toBe(50_000);
	});
});

describe("automatic pongs", () => {
	behaves(
		"are bounded and coalesced while the peer does not read",
		async (bench) => {
			const { near, wire } = await bench.rawClient({
				maxControlFramesPerSecond: Number.POSITIVE_INFINITY,
			});
			wire.socket.pause();
			// Fills the way to the peer, so that the pongs have to wait here.
			const block = Buffer.alloc(1024 * 1024);
			while (near.bufferedAmount < 1024 * 1024) {
				near.sendBinary(block);
				await turns(1);
			}
			const before = near.bufferedAmount;
			let pings = 0;
			near.on("ping", () => pings++);
			const payload = Buffer.alloc(125, "p");
			const flood = frame(9, payload, masked);
			for (let i = 0; i < 50; i++)
				wire.write(Buffer.concat(Array<Buffer>(1000).fill(flood)));
			wire.write(frame(9, "last", masked));
			await until("the pings", () => pings === 50_001);
			expect(near.bufferedAmount).toBe(before);
			wire.socket.resume();
			const pongs: string[] = [];
			while (pongs.at(-1) !== "last") {
				const { opcode, payload } = await wire.frame();
				if (opcode === 10) pongs.push(payload.toString());
			}
			expect(pongs).toEqual(["last"]);
		},
	);

	behaves("to a flood with a peer that reads are all sent", async (bench) => {
		const { wire } = await bench.rawClient();
		wire.write(
			...Array.from({ length: 300 }, (_, i) => frame(9, `${i}`, masked)),
		);
		for (let i = 0; i < 300; i++) {
			const pong = await wire.frame();
			expect([pong.opcode, pong.payload.toString()]).toEqual([10, `${i}`]);
		}
	});
});

describe("pings and pongs", () => {
	behaves("are events with string and Buffer", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const pings = record(near, "ping");
		const pongs = record(near, "pong");
		const bytes = Buffer.from([0xff, 0]);
		wire.write(
			frame(9, bytes, masked),
			frame(10, bytes, masked),
			frame(9, "", masked),
		);
		await until("both", () => pings.length === 2);
		expect(pings).toEqual([
			["\ufffd\0", bytes],
			["", Buffer.alloc(0)],
		]);
		expect(pongs).toEqual([["\ufffd\0", bytes]]);
		expect((await wire.frame()).payload.equals(bytes)).toBe(true);
	});

	behaves("sendPing takes up to 125 bytes", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.sendPing("é".repeat(62));
		near.sendPing(new Uint8Array(125));
		near.sendPing();
		expect(() => near.sendPing("é".repeat(63))).toThrow(
			expect.objectContaining({
				code: "WS_ERR_PING_LENGTH",
				name: "RangeError",
			}),
		);
		expect(() => near.sendPing(1 as never)).toThrow(
			expect.objectContaining({ code: "WS_ERR_DATA_TYPE" }),
		);
		near.sendText("behind them");
		const frames = readFrames(await wire.take(126 + 127 + 2));
		expect((await wire.frame()).payload.toString()).toBe("behind them");
		expect(frames.map(({ first, payload }) => [first, payload.length])).toEqual(
			[
				[0x89, 124],
				[0x89, 125],
				[0x89, 0],
			],
		);
	});
});

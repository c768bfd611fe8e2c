import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import { next, record, turns, within } from "../support/compat-wait.js";

describe("close", () => {
	kept("sends code and reason and returns undefined", async (bench) => {
		const { near, wire } = await bench.rawClient();
		expect(near.close(1000, "bye")).toBeUndefined();
		expect(await wire.take(7)).toEqual(Buffer.from("880503e8627965", "hex"));
	});

	kept("sends a code alone", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.close(4000);
		expect(await wire.take(4)).toEqual(Buffer.from("88020fa0", "hex"));
	});

	kept(
		"sends an empty close frame without a code, or for 1005",
		async (bench) => {
			for (const args of [
				[],
				[undefined, "dropped"],
				[1005, "dropped"],
			] as const) {
				const { near, wire } = await bench.rawClient();
				near.close(...args);
				expect(await wire.take(2)).toEqual(Buffer.from("8800", "hex"));
			}
		},
	);

	kept("of a client is masked", async (bench) => {
		const { far, wire } = await bench.rawServer();
		far.close(1001, "é");
		const frame = await wire.frame();
		expect(frame.masked).toBe(true);
		expect(frame.payload).toEqual(Buffer.from("03e9c3a9", "hex"));
	});

	kept(
		"emits 'close' synchronously with the arguments as given",
		async (bench) => {
			for (const args of [[], [1000], [1001, "going"], [3000, ""]]) {
				const { near } = await bench.pair();
				const closes = record(near, "close");
				near.close(...(args as [number, string]));
				expect(closes).toEqual([[args[0], args[1]]]);
				expect(near.readyState).toBe(near.CLOSING);
			}
		},
	);

	kept("gives the peer code and reason", async (bench) => {
		const { near, far } = await bench.pair();
		const closed = next(far, "close");
		near.close(4321, "grund ü");
		expect(await closed).toEqual([4321, "grund ü"]);
	});

	kept(
		"without a code gives the peer 1005 and an empty reason",
		async (bench) => {
			const { near, far } = await bench.pair();
			const closed = next(near, "close");
			far.close();
			expect(await closed).toEqual([1005, ""]);
		},
	);

	kept("delivers first what was sent before", async (bench) => {
		const { near, far } = await bench.pair();
		const texts = record(far, "text");
		const closed = next(far, "close");
		for (let i = 0; i < 50; i++) near.sendText(`${i}`);
		near.close(1000);
		await closed;
		expect(texts).toHaveLength(50);
	});

	kept("ends the TCP connection on both sides in the end", async (bench) => {
		const { near, far } = await bench.pair();
		const gone = Promise.all([
			next(near.socket, "close"),
			next(far.socket, "close"),
		]);
		near.close();
		await gone;
		expect([near.socket.destroyed, far.socket.destroyed]).toEqual([true, true]);
	});

	fixed("emits 'close' once, however often it is called", async (bench) => {
		const { near, far } = await bench.pair();
		const closes = [record(near, "close"), record(far, "close")];
		const gone = next(near.socket, "close");
		near.close(1000);
		near.close(1001);
		far.close();
		near.close();
		await gone;
		near.close();
		await turns();
		expect(closes.map((each) => each.length)).toEqual([1, 1]);
		expect(closes[0]).toEqual([[1000, undefined]]);
	});

	formerly("'close' came with each call", async (bench) => {
		const { near } = await bench.pair();
		const closes = record(near, "close");
		near.close();
		near.close();
		near.close();
		expect(closes).toHaveLength(3);
	});

	fixed(
		"throws a RangeError for a code that may not be sent, changing nothing",
		async (bench) => {
			const { near, far } = await bench.pair();
			const closes = record(near, "close");
			for (const code of [
				0,
				1,
				999,
				1004,
				1006,
				1015,
				2999,
				5000,
				65_535,
				65_536,
				-1,
				1000.5,
				Number.NaN,
			]) {
				expect(() => near.close(code, "x"), String(code)).toThrow(
					expect.objectContaining({
						name: "RangeError",
						code: "WS_ERR_INVALID_CLOSE_CODE",
					}),
				);
				expect(near.readyState).toBe(near.OPEN);
			}
			expect(closes).toEqual([]);
			const text = next(far, "text");
			near.sendText("still open");
			expect(await text).toEqual(["still open"]);
		},
	);

	formerly("codes were not checked", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.close(999);
		expect((await wire.frame()).payload.readUInt16BE()).toBe(999);
	});

	fixed("sends 1000 to 1003, 1007 to 1014 and 3000 to 4999", async (bench) => {
		for (const code of [1000, 1003, 1007, 1014, 3000, 4999]) {
			const { near, wire } = await bench.rawClient();
			near.close(code);
			expect((await wire.frame()).payload.readUInt16BE()).toBe(code);
		}
	});

	fixed(
		"throws a RangeError for a reason over 123 bytes, changing nothing",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			for (const reason of ["x".repeat(124), "é".repeat(62)]) {
				expect(() => near.close(1000, reason)).toThrow(
					expect.objectContaining({
						name: "RangeError",
						code: "WS_ERR_CLOSE_REASON_LENGTH",
					}),
				);
				expect(near.readyState).toBe(near.OPEN);
			}
			near.close(1000, "x".repeat(123));
			expect((await wire.frame()).payload).toHaveLength(125);
		},
	);

	formerly("a longer reason made an illegal frame", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.close(1000, "x".repeat(200));
		expect((await wire.frame()).payload).toHaveLength(202);
	});

	fixed(
		"does not wait for a silent peer longer than closeTimeoutMs",
		async (bench) => {
			const { near, wire } = await bench.rawClient({ closeTimeoutMs: 30 });
			near.close(1000);
			await wire.frame();
			await within("the end", wire.ended);
			expect(await within("conn.closed", near.closed)).toMatchObject({
				code: 1006,
				wasClean: false,
			});
			expect(near.readyState).toBe(3);
		},
	);
});

describe("close while connecting", () => {
	kept("emits 'close' synchronously and is CLOSED", async (bench) => {
		const { url } = await bench.serve();
		const client = bench.connect(url);
		client.on("error", () => {});
		const closes = record(client, "close");
		client.close();
		expect(closes).toEqual([[undefined, undefined]]);
		expect(client.readyState).toBe(client.CLOSED);
		await next(client.socket, "close");
	});

	fixed(
		"writes nothing, fails with nothing, and closes once",
		async (bench) => {
			const wires: Promise<Buffer>[] = [];
			const port = await bench.listenRaw((wire) => {
				wires.push(wire.rest());
				wire.socket.resume();
			});
			const client = bench.connect(`ws://127.0.0.1:${port}/`);
			const seen = [
				record(client, "close"),
				record(client, "error"),
				record(client, "connect"),
			];
			client.close();
			await next(client.socket, "close");
			await turns();
			expect(seen.map((each) => each.length)).toEqual([1, 0, 0]);
			for (const bytes of wires) expect(await bytes).toHaveLength(0);
		},
	);

	formerly("the handshake was written after the end", async (bench) => {
		const port = await bench.listenRaw(() => {});
		const client = bench.connect(`ws://127.0.0.1:${port}/`);
		const failed = next(client, "error");
		client.close();
		expect((await failed)[0]).toMatchObject({
			code: "ERR_STREAM_WRITE_AFTER_END",
		});
	});

	fixed(
		"holds between the TCP connection and the answer, too",
		async (bench) => {
			const port = await bench.listenRaw((wire) => {
				wire.ended.then(() => wire.socket.end());
			});
			const client = bench.connect(`ws://127.0.0.1:${port}/`);
			const seen = [record(client, "close"), record(client, "error")];
			await next(client.socket, "connect");
			client.close();
			await next(client.socket, "close");
			await turns();
			expect(seen.map((each) => each.length)).toEqual([1, 0]);
		},
	);
});

describe("conn.closed", () => {
	fixed(
		"settles when the closing handshake is over, with the peer's view",
		async (bench) => {
			const { near, far } = await bench.pair();
			near.close(1001, "away");
			expect(
				await within("both", Promise.all([near.closed, far.closed])),
			).toEqual([
				{ code: 1001, reason: "away", wasClean: true },
				{ code: 1001, reason: "away", wasClean: true },
			]);
		},
	);

	fixed("of a program that never asks rejects nothing", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const closed = next(near, "close");
		wire.socket.destroy();
		await closed;
		await turns();
		expect(near.readyState).toBe(3);
	});
});

describe("terminate", () => {
	fixed("ends at once without a closing handshake", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const closes = record(near, "close");
		near.terminate();
		expect(await wire.rest()).toEqual(Buffer.alloc(0));
		expect(await within("conn.closed", near.closed)).toMatchObject({
			code: 1006,
			wasClean: false,
		});
		expect(closes).toHaveLength(1);
	});
});

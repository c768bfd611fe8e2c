import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import { next, record } from "../support/compat-wait.js";
import { frame } from "../support/compat-wire.js";

const masked = { mask: true };

describe("sendPing", () => {
	kept("sends these bytes and returns undefined", async (bench) => {
		const { near, wire } = await bench.rawClient();
		expect(near.sendPing("abc")).toBeUndefined();
		expect(await wire.take(5)).toEqual(Buffer.from("8903616263", "hex"));
		near.sendPing();
		expect(await wire.take(2)).toEqual(Buffer.from("8900", "hex"));
		near.sendPing("");
		expect(await wire.take(2)).toEqual(Buffer.from("8900", "hex"));
	});

	kept("takes a Buffer as well", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.sendPing(Buffer.from([0xff, 0]));
		expect(await wire.take(4)).toEqual(Buffer.from("8902ff00", "hex"));
	});

	kept("is answered by 'pong' with the payload as a string", async (bench) => {
		const { near, far } = await bench.pair();
		for (const [from, data] of [
			[near, "from the server é"],
			[far, "from the client €"],
			[far, ""],
		] as const) {
			const pong = next(from, "pong");
			from.sendPing(data);
			expect((await pong)[0]).toBe(data);
		}
	});

	fixed("has the Buffer as second argument of 'pong'", async (bench) => {
		const { near } = await bench.pair();
		const pong = next(near, "pong");
		near.sendPing(Buffer.from([0xff, 0x00, 0x41]));
		expect(await pong).toEqual([
			"\ufffd\u0000A",
			Buffer.from([0xff, 0x00, 0x41]),
		]);
	});

	fixed(
		"throws a RangeError for more than 125 bytes and sends nothing",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			for (const long of ["x".repeat(126), "é".repeat(63), Buffer.alloc(126)]) {
				expect(() => near.sendPing(long)).toThrow(
					expect.objectContaining({
						name: "RangeError",
						code: "WS_ERR_PING_LENGTH",
					}),
				);
			}
			near.sendPing("x".repeat(125));
			expect((await wire.frame()).payload).toHaveLength(125);
		},
	);

	formerly("a ping of more than 125 bytes was sent", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.sendPing("x".repeat(200));
		const { opcode, payload } = await wire.frame();
		expect([opcode, payload.length]).toEqual([9, 200]);
	});
});

describe("a ping that comes", () => {
	kept("is answered with a pong of the same text", async (bench) => {
		const { wire } = await bench.rawClient();
		wire.write(frame(9, "hello", masked));
		expect(await wire.take(7)).toEqual(Buffer.from("8a0568656c6c6f", "hex"));
	});

	kept("is answered by a client with a masked pong", async (bench) => {
		const { wire } = await bench.rawServer();
		wire.write(frame(9, "hello"));
		const { opcode, payload, masked: isMasked } = await wire.frame();
		expect([opcode, payload.toString(), isMasked]).toEqual([10, "hello", true]);
	});

	kept("is answered between the fragments of a message", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const text = next(near, "text");
		wire.write(
			frame(1, "a", { mask: true, fin: false }),
			frame(9, "p", masked),
			frame(0, "b", masked),
		);
		expect((await wire.frame()).opcode).toBe(10);
		expect(await text).toEqual(["ab"]);
	});

	kept("is not answered once this end is closing", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.close(1000);
		expect((await wire.frame()).opcode).toBe(8);
		wire.write(frame(9, "late", masked), frame(8, "", masked));
		expect(await wire.rest()).toEqual(Buffer.alloc(0));
	});

	fixed("is echoed byte for byte", async (bench) => {
		const { wire } = await bench.rawClient();
		wire.write(frame(9, Buffer.from([0xff, 0x00, 0xc3]), masked));
		expect(await wire.take(5)).toEqual(Buffer.from("8a03ff00c3", "hex"));
	});

	formerly("bytes that are no UTF-8 came back changed", async (bench) => {
		const { wire } = await bench.rawClient();
		wire.write(frame(9, Buffer.from([0xff, 0x00]), masked));
		expect((await wire.frame()).payload).toEqual(
			Buffer.from("efbfbd00", "hex"),
		);
	});

	fixed(
		"of more than 125 bytes fails the connection with 1002",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const closed = next(near, "close");
			wire.write(frame(9, Buffer.alloc(126), masked));
			const { opcode, payload } = await wire.frame();
			expect([opcode, payload.readUInt16BE()]).toEqual([8, 1002]);
			expect((await closed)[0]).toBe(1002);
		},
	);

	formerly(
		"a ping of 200 bytes was answered with such a pong",
		async (bench) => {
			const { wire } = await bench.rawClient();
			wire.write(frame(9, Buffer.alloc(200), masked));
			expect((await wire.frame()).payload).toHaveLength(200);
		},
	);

	fixed(
		"is told by 'ping' with its payload as a string and as a Buffer",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const pings = record(near, "ping");
			wire.write(frame(9, "data", masked));
			await wire.frame();
			expect(pings).toEqual([["data", Buffer.from("data")]]);
		},
	);
});

describe("a pong that nobody asked for", () => {
	kept("is told by 'pong'", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const pong = next(near, "pong");
		wire.write(frame(10, "surprise", masked));
		expect((await pong)[0]).toBe("surprise");
	});

	kept("is told also while this end is closing", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const pong = next(near, "pong");
		near.close(1000);
		wire.write(frame(10, "late", masked));
		expect((await pong)[0]).toBe("late");
	});
});

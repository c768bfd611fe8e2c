import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import type { Bench } from "../support/compat-bench.js";
import type { InStreamLike } from "../support/compat-types.js";
import { next, record, turns, until } from "../support/compat-wait.js";
import { frame } from "../support/compat-wire.js";

const masked = { mask: true };
const open = { mask: true, fin: false };

function setMax(bench: Bench, bytes: number): void {
	const { module } = bench.implementation;
	bench.afterwards(() => module.setMaxBufferLength(2_097_152));
	module.setMaxBufferLength(bytes);
}

describe("setMaxBufferLength", () => {
	kept(
		"closes with 1009 when a frame grows longer, without a reason",
		async (bench) => {
			setMax(bench, 10_000);
			const { near, wire } = await bench.rawClient();
			const closed = next(near, "close");
			wire.write(
				frame(1, "x".repeat(20_000), { mask: true, claim: 1_000_000 }),
			);
			const { opcode, payload } = await wire.frame();
			expect([opcode, payload.toString("hex", 0, 2)]).toEqual([8, "03f1"]);
			expect(await closed).toEqual([1009, undefined]);
		},
	);

	kept("lets messages up to it pass", async (bench) => {
		setMax(bench, 10_000);
		const { near, wire } = await bench.rawClient();
		const text = next(near, "text");
		wire.write(frame(1, "x".repeat(9_000), masked));
		expect(((await text)[0] as string).length).toBe(9_000);
	});

	kept(
		"counts for connections to servers that were made before",
		async (bench) => {
			const served = await bench.serve();
			setMax(bench, 6_000_000);
			const accepted = served.accepted();
			const far = bench.connect(served.url);
			await next(far, "connect");
			const text = next(await accepted, "text");
			far.sendText("x".repeat(5_000_000));
			expect(((await text)[0] as string).length).toBe(5_000_000);
		},
	);

	formerly("counted for connections that were open already", async (bench) => {
		const { near, far } = await bench.pair();
		setMax(bench, 6_000_000);
		const text = next(near, "text");
		far.sendText("x".repeat(5_000_000));
		expect(((await text)[0] as string).length).toBe(5_000_000);
	});

	fixed("lets connections that are open keep their limit", async (bench) => {
		const { near, far } = await bench.pair();
		setMax(bench, 6_000_000);
		const closed = next(near, "close");
		far.sendText("x".repeat(5_000_000));
		expect((await closed)[0]).toBe(1009);
	});

	fixed(
		"is a default: maxMessageBytes of server and connection wins",
		async (bench) => {
			setMax(bench, 100);
			const { near, far } = await bench.pair(
				{ maxMessageBytes: 5_000 },
				{ maxMessageBytes: 5_000 },
			);
			const texts = [next(near, "text"), next(far, "text")];
			far.sendText("x".repeat(5_000));
			near.sendText("x".repeat(5_000));
			for (const text of texts) {
				expect(((await text)[0] as string).length).toBe(5_000);
			}
			const closed = next(near, "close");
			far.sendText("x".repeat(5_001));
			expect((await closed)[0]).toBe(1009);
		},
	);

	fixed(
		"is checked at the header, before the payload is there",
		async (bench) => {
			const { near, wire } = await bench.rawClient({ maxMessageBytes: 1_000 });
			const closed = next(near, "close");
			const whole = frame(1, "x".repeat(1_001), masked);
			wire.write(whole.subarray(0, 8));
			expect((await wire.frame()).payload.readUInt16BE()).toBe(1009);
			expect((await closed)[0]).toBe(1009);
		},
	);

	fixed("holds for a message that comes in one chunk", async (bench) => {
		setMax(bench, 300);
		const { near, wire } = await bench.rawClient();
		const texts = record(near, "text");
		const closed = next(near, "close");
		wire.write(frame(1, "x".repeat(1_000), masked));
		expect((await closed)[0]).toBe(1009);
		expect(texts).toEqual([]);
	});

	formerly("a longer message in one chunk passed", async (bench) => {
		setMax(bench, 300);
		const { near, wire } = await bench.rawClient();
		const text = next(near, "text");
		wire.write(frame(1, "x".repeat(1_000), masked));
		expect(((await text)[0] as string).length).toBe(1_000);
	});

	fixed("counts the fragments of a text together", async (bench) => {
		const { near, wire } = await bench.rawClient({ maxMessageBytes: 1_000 });
		const closed = next(near, "close");
		wire.write(frame(1, "x".repeat(600), open));
		wire.write(frame(0, "x".repeat(600), open));
		expect((await wire.frame()).payload.readUInt16BE()).toBe(1009);
		expect((await closed)[0]).toBe(1009);
	});

	formerly("fragments of a text were not counted", async (bench) => {
		setMax(bench, 1_000);
		const { near, wire } = await bench.rawClient();
		const text = next(near, "text");
		for (let i = 0; i < 10; i++) {
			wire.write(frame(i ? 0 : 1, "x".repeat(600), open));
			await turns(1);
		}
		wire.write(frame(0, "", masked));
		expect(((await text)[0] as string).length).toBe(6_000);
	});

	fixed("buffers nothing after 1009, and closes once", async (bench) => {
		const { near, wire } = await bench.rawClient({
			maxMessageBytes: 1_000,
			closeTimeoutMs: 500,
		});
		const closes = record(near, "close");
		wire.write(frame(1, "x".repeat(5_000), { mask: true, claim: 10_000_000 }));
		expect((await wire.frame()).opcode).toBe(8);
		for (let i = 0; i < 20; i++) wire.write(Buffer.alloc(64 * 1024));
		wire.socket.end();
		await until("the end", () => near.socket.destroyed);
		expect(closes).toHaveLength(1);
	});
});

describe("a binary message past maxMessageBytes", () => {
	fixed(
		"is 1009 at its header where it is collected for 'message'",
		async (bench) => {
			const { near, wire } = await bench.rawClient({ maxMessageBytes: 1_000 });
			const messages = record(near, "message");
			const closed = next(near, "close");
			wire.write(frame(2, Buffer.alloc(1_001), masked).subarray(0, 8));
			expect((await wire.frame()).payload.readUInt16BE()).toBe(1009);
			expect((await closed)[0]).toBe(1009);
			expect(messages).toEqual([]);
		},
	);

	fixed(
		"is 1009 where its fragments together are too long for 'message'",
		async (bench) => {
			const { near, wire } = await bench.rawClient({ maxMessageBytes: 1_000 });
			const messages = record(near, "message");
			const closed = next(near, "close");
			wire.write(frame(2, Buffer.alloc(600), open));
			wire.write(frame(0, Buffer.alloc(600), masked));
			expect((await closed)[0]).toBe(1009);
			expect(messages).toEqual([]);
		},
	);

	fixed(
		"is discarded where nobody listens, and holds up nothing",
		async (bench) => {
			const { near, wire } = await bench.rawClient({ maxMessageBytes: 1_000 });
			const text = next(near, "text");
			wire.write(
				frame(2, Buffer.alloc(300_000), masked),
				frame(1, "after", masked),
			);
			expect(await text).toEqual(["after"]);
			expect(near.readyState).toBe(1);
		},
	);

	fixed("is 1009 past maxStreamBytes even while it is read", async (bench) => {
		const { near, wire } = await bench.rawClient({ maxStreamBytes: 5_000 });
		near.on("binary", (stream: InStreamLike) => stream.resume());
		const closed = next(near, "close");
		wire.write(frame(2, Buffer.alloc(3_000), open));
		wire.write(frame(0, Buffer.alloc(3_000), open));
		expect((await wire.frame()).payload.readUInt16BE()).toBe(1009);
		expect((await closed)[0]).toBe(1009);
	});
});

describe("maxFragments", () => {
	fixed(
		"counts the fragments shorter than 64 bytes, then 1008",
		async (bench) => {
			const { near, wire } = await bench.rawClient({ maxFragments: 10 });
			const closed = next(near, "close");
			wire.write(frame(1, "x", open));
			for (let i = 0; i < 10; i++) wire.write(frame(0, "", open));
			expect((await wire.frame()).payload.readUInt16BE()).toBe(1008);
			expect((await closed)[0]).toBe(1008);
		},
	);

	fixed("does not count longer ones", async (bench) => {
		const { near, wire } = await bench.rawClient({ maxFragments: 10 });
		const text = next(near, "text");
		for (let i = 0; i < 40; i++) {
			wire.write(frame(i ? 0 : 1, "y".repeat(64), open));
		}
		wire.write(frame(0, "", masked));
		expect(((await text)[0] as string).length).toBe(64 * 40);
	});
});

describe("a limit that makes no sense", () => {
	fixed("throws a typed error with the name of the option", (bench) => {
		for (const [option, value] of [
			["maxMessageBytes", -1],
			["maxMessageBytes", Number.NaN],
			["maxMessageBytes", "many"],
			["closeTimeoutMs", -5],
			["handshakeTimeoutMs", "soon"],
		] as const) {
			expect(() => bench.ws.createServer({ [option]: value })).toThrow(
				expect.objectContaining({
					code: expect.stringMatching(/^WS_ERR_OPTION/),
					message: expect.stringContaining(option),
				}),
			);
		}
	});
});

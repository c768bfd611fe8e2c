import type { Readable } from "node:stream";
import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import {
	next,
	nextValue,
	record,
	recordOrder,
	turns,
	within,
} from "../support/compat-wait.js";
import { frame } from "../support/compat-wire.js";

const masked = { mask: true };
const open = { mask: true, fin: false };

describe("a text that comes", () => {
	kept("is told by 'text' with one string", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const text = next(near, "text");
		wire.write(frame(1, "hello é€😀", masked));
		expect(await text).toEqual(["hello é€😀"]);
	});

	kept("is told also when it is empty", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const text = next(near, "text");
		wire.write(frame(1, "", masked));
		expect(await text).toEqual([""]);
	});

	kept("is told once its fragments are all there", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const texts = record(near, "text");
		wire.write(frame(1, "a", open), frame(0, "b", open));
		await turns();
		expect(texts).toEqual([]);
		wire.write(frame(0, "c", masked));
		await next(near, "text");
		expect(texts).toEqual([["abc"]]);
	});

	kept("may begin with an empty fragment", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const text = next(near, "text");
		wire.write(frame(1, "", open), frame(0, "b", masked));
		expect(await text).toEqual(["b"]);
	});

	kept("may come byte by byte", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const text = next(near, "text");
		wire.socket.setNoDelay();
		for (const byte of frame(1, "slow but whole", masked)) {
			wire.write(Buffer.from([byte]));
			await turns(1);
		}
		expect(await text).toEqual(["slow but whole"]);
	});

	kept("comes with many others from one chunk, in order", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const texts = record(near, "text");
		const all = Array.from({ length: 300 }, (_, i) => `${i}`);
		wire.write(
			...all.map((text) => frame(1, text, masked)),
			frame(1, "end", masked),
		);
		while (texts.at(-1)?.[0] !== "end") await next(near, "text");
		expect(texts.map(([text]) => text)).toEqual([...all, "end"]);
	});

	kept("may be long", async (bench) => {
		const { near, far } = await bench.pair();
		const long = "0123456789é".repeat(100_000);
		const text = next(near, "text");
		far.sendText(long);
		expect((await text)[0] === long).toBe(true);
	});

	kept(
		"is told to a listener added by an earlier one in the same chunk",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const seen: unknown[] = [];
			near.once("text", () => {
				near.on("text", (text) => seen.push(text));
			});
			wire.write(frame(1, "a", masked), frame(1, "b", masked));
			await next(near, "text");
			while (seen.length < 1) await next(near, "text");
			expect(seen).toEqual(["b"]);
		},
	);

	kept(
		"is not told to anybody once close() was called in a listener",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const texts: unknown[] = [];
			near.on("text", (text) => {
				texts.push(text);
				near.close(1000);
			});
			wire.write(frame(1, "a", masked), frame(1, "b", masked));
			expect((await wire.frame()).opcode).toBe(8);
			await turns();
			expect(texts).toEqual(["a"]);
		},
	);

	fixed("keeps a character that is split over fragments", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const euro = Buffer.from("€");
		const text = next(near, "text");
		wire.write(
			frame(1, euro.subarray(0, 1), open),
			frame(0, euro.subarray(1, 2), open),
			frame(0, euro.subarray(2), masked),
		);
		expect(await text).toEqual(["€"]);
	});

	formerly("a character split over fragments was spoilt", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const euro = Buffer.from("€");
		const text = next(near, "text");
		wire.write(
			frame(1, euro.subarray(0, 1), open),
			frame(0, euro.subarray(1), masked),
		);
		expect((await text)[0]).toMatch(/^\ufffd+$/);
	});

	fixed("that is no UTF-8 fails the connection with 1007", async (bench) => {
		for (const hex of ["ff", "c080", "eda080", "f4908080", "e282"]) {
			const { near, wire } = await bench.rawClient();
			const texts = record(near, "text");
			const closed = next(near, "close");
			wire.write(frame(1, Buffer.from(hex, "hex"), masked));
			expect((await wire.frame()).payload.readUInt16BE()).toBe(1007);
			expect((await closed)[0]).toBe(1007);
			expect(texts).toEqual([]);
		}
	});

	formerly("text that is no UTF-8 was told with U+FFFD", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const text = next(near, "text");
		wire.write(frame(1, Buffer.from("ff41", "hex"), masked));
		expect(await text).toEqual(["\ufffdA"]);
	});
});

describe("'message'", () => {
	fixed("brings texts and whole binaries", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const messages = record(near, "message");
		wire.write(
			frame(1, "a", masked),
			frame(2, "b", open),
			frame(0, "c", masked),
			frame(1, "end", masked),
		);
		while (messages.length < 3) await next(near, "message");
		expect(messages).toEqual([
			["a", false],
			[Buffer.from("bc"), true],
			["end", false],
		]);
	});

	fixed(
		"comes behind 'text', and beside a 'binary' over the same bytes",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const order = recordOrder(near, ["message", "text", "binary"]);
			const binary = nextValue<Readable>(near, "binary");
			wire.write(frame(1, "a", masked), frame(2, "bytes", masked));
			const pieces = await within("the data", (await binary).toArray());
			expect(Buffer.concat(pieces).toString()).toBe("bytes");
			expect(order.slice(0, 2)).toEqual(["text", "message"]);
			expect(order.slice(2).sort()).toEqual(["binary", "message"]);
		},
	);

	fixed(
		"is what an iteration over the connection brings, until the close",
		async (bench) => {
			const { near, far } = await bench.pair();
			const seen: unknown[] = [];
			const reading = within(
				"the end of the iteration",
				(async () => {
					const messages = near as unknown as AsyncIterable<string | Buffer>;
					for await (const message of messages) seen.push(message);
				})(),
			);
			far.sendText("a");
			far.sendBinary(Buffer.from("b"));
			far.sendText("c");
			far.close(1000);
			await reading;
			expect(seen).toEqual(["a", Buffer.from("b"), "c"]);
		},
	);

	fixed(
		"ends an iteration with the typed error after a lost connection",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const iterator = (near as unknown as AsyncIterable<unknown>)[
				Symbol.asyncIterator
			]();
			const first = iterator.next();
			wire.write(frame(1, "a", masked));
			expect(await within("a message", first)).toEqual({
				done: false,
				value: "a",
			});
			const second = within("the end", iterator.next());
			wire.socket.destroy();
			await expect(second).rejects.toMatchObject({
				code: "WS_ERR_CONNECTION_LOST",
			});
		},
	);
});

import { Readable } from "node:stream";
import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import type { InStreamLike } from "../support/compat-types.js";
import {
	next,
	nextValue,
	record,
	recordOrder,
	turns,
	until,
	within,
} from "../support/compat-wait.js";
import { frame } from "../support/compat-wire.js";

const masked = { mask: true };
const open = { mask: true, fin: false };

/** All bytes of `stream`, by its 'readable' and 'end' events as the documentation of 1.7 shows. */
function collect(stream: Readable): Promise<Buffer> {
	return within(
		"the end of the stream",
		new Promise((resolve) => {
			let data = Buffer.alloc(0);
			stream.on("readable", () => {
				const piece = stream.read() as Buffer | null;
				if (piece) data = Buffer.concat([data, piece]);
			});
			stream.on("end", () => resolve(data));
		}),
	);
}

describe("a binary message that comes", () => {
	kept("is an InStream, a Readable", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const binary = next(near, "binary");
		wire.write(frame(2, "x", masked));
		const args = await binary;
		expect(args).toHaveLength(1);
		expect(args[0]).toBeInstanceOf(Readable);
		expect(args[0]).toBeInstanceOf(bench.implementation.classes.InStream);
	});

	kept("is read as the documentation shows", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const data = new Promise((resolve) => {
			near.on("binary", (stream: Readable) => resolve(collect(stream)));
		});
		wire.write(frame(2, "hello", masked));
		expect(await within("the data", data)).toEqual(Buffer.from("hello"));
	});

	kept(
		"is read by 'data' listeners, pipe and iteration alike",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const results: Promise<Buffer>[] = [];
			near.on("binary", (stream: Readable) => {
				results.push(
					within(
						"the data",
						results.length === 0
							? new Promise((resolve) => {
									const pieces: Buffer[] = [];
									stream.on("data", (piece) => pieces.push(piece));
									stream.on("end", () => resolve(Buffer.concat(pieces)));
								})
							: stream.toArray().then((pieces) => Buffer.concat(pieces)),
					),
				);
			});
			wire.write(frame(2, "one", open), frame(0, "!", masked));
			wire.write(frame(2, "two", masked));
			await until("two messages", () => results.length === 2);
			expect(await Promise.all(results)).toEqual([
				Buffer.from("one!"),
				Buffer.from("two"),
			]);
		},
	);

	kept(
		"is told with its first fragment, and flows fragment by fragment",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const binary = nextValue<InStreamLike>(near, "binary");
			wire.write(frame(2, "first", open));
			const stream = await binary;
			const order = recordOrder(stream, ["end"]);
			expect(await nextValue<Buffer>(stream, "data")).toEqual(
				Buffer.from("first"),
			);
			wire.write(frame(0, "second", open));
			expect(await nextValue<Buffer>(stream, "data")).toEqual(
				Buffer.from("second"),
			);
			expect(order).toEqual([]);
			const ended = next(stream, "end");
			wire.write(frame(0, "", masked));
			await ended;
		},
	);

	kept("that is empty ends without data", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const data = new Promise((resolve) => {
			near.on("binary", (stream: Readable) => resolve(collect(stream)));
		});
		wire.write(frame(2, "", masked));
		expect(await within("the data", data)).toEqual(Buffer.alloc(0));
	});

	kept("is one stream per message, in order, beside texts", async (bench) => {
		const { near, far } = await bench.pair();
		const seen: (string | Promise<Buffer>)[] = [];
		near.on("binary", (stream: Readable) => seen.push(collect(stream)));
		near.on("text", (text: string) => seen.push(text));
		far.sendBinary(Buffer.from("a"));
		far.sendText("b");
		far.sendBinary(Buffer.from("c"));
		far.sendText("d");
		await until("four messages", () => seen.length === 4);
		expect((await Promise.all(seen)).map((each) => each.toString())).toEqual([
			"a",
			"b",
			"c",
			"d",
		]);
	});

	kept(
		"arrives byte-exact through beginBinary, in both directions",
		async (bench) => {
			const { module } = bench.implementation;
			bench.afterwards(() => module.setBinaryFragmentation(524_288));
			module.setBinaryFragmentation(1_000);
			const { near, far } = await bench.pair();
			const all = Buffer.alloc(300_000);
			for (let i = 0; i < all.length; i++) all[i] = (i * 31) & 0xff;
			for (const [from, to] of [
				[near, far],
				[far, near],
			] as const) {
				const got = new Promise<Buffer>((resolve) => {
					to.once("binary", (stream: Readable) => resolve(collect(stream)));
				});
				const stream = from.beginBinary();
				for (let at = 0; at < all.length; at += 7_001) {
					stream.write(all.subarray(at, at + 7_001));
				}
				stream.end();
				expect((await within("the data", got)).equals(all)).toBe(true);
			}
		},
	);

	kept("that nobody listens for holds up nothing", async (bench) => {
		const { near, far } = await bench.pair();
		const text = next(near, "text");
		far.sendBinary(Buffer.alloc(100_000));
		far.sendText("after");
		expect(await text).toEqual(["after"]);
	});

	kept("that is complete but never read holds up nothing", async (bench) => {
		const { near, far } = await bench.pair();
		near.on("binary", () => {});
		const texts = record(near, "text");
		for (let i = 0; i < 20; i++) {
			far.sendBinary(Buffer.alloc(50_000));
			far.sendText(`${i}`);
		}
		await until("all texts", () => texts.length === 20);
	});

	kept("of many MiB flows past maxBufferLength in fragments", async (bench) => {
		const { near, far } = await bench.pair();
		const total = 8 * 1024 * 1024;
		const done = within(
			"the end of the stream",
			new Promise<number>((resolve) => {
				near.on("binary", (stream: Readable) => {
					let bytes = 0;
					stream.on("data", (piece: Buffer) => {
						bytes += piece.length;
					});
					stream.on("end", () => resolve(bytes));
				});
			}),
		);
		const out = far.beginBinary();
		const piece = Buffer.alloc(64 * 1024, 5);
		for (let sent = 0; sent < total; sent += piece.length) {
			if (!out.write(piece)) await next(out, "drain");
		}
		out.end();
		expect(await done).toBe(total);
	});

	fixed("flows also from one frame longer than the limit", async (bench) => {
		const { near, wire } = await bench.rawClient({ maxMessageBytes: 100_000 });
		const total = 3_000_000;
		const done = within(
			"the end of the stream",
			new Promise<number>((resolve) => {
				near.on("binary", (stream: Readable) => {
					let bytes = 0;
					stream.on("data", (piece: Buffer) => {
						bytes += piece.length;
					});
					stream.on("end", () => resolve(bytes));
				});
			}),
		);
		wire.write(frame(2, Buffer.alloc(total), masked));
		expect(await done).toBe(total);
	});
});

describe("a binary message cut off by a lost connection", () => {
	fixed("is destroyed, aborted, and never ends", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const binary = nextValue<InStreamLike>(near, "binary");
		wire.write(frame(2, "half", open));
		const stream = await binary;
		const order = recordOrder(stream, ["data", "end", "close"]);
		const closed = next(stream, "close");
		wire.socket.destroy();
		await closed;
		await turns();
		expect(order).toEqual(["data", "close"]);
		expect(stream.aborted).toBe(true);
		expect(stream.destroyed).toBe(true);
	});

	formerly("it ended as if it were complete", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.on("error", () => {});
		const binary = nextValue<InStreamLike>(near, "binary");
		wire.write(frame(2, "half", open));
		const data = collect(await binary);
		wire.socket.end();
		expect(await data).toEqual(Buffer.from("half"));
	});

	fixed("gives the error to who listens for it", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const binary = nextValue<InStreamLike>(near, "binary");
		wire.write(frame(2, "half", open));
		const stream = await binary;
		stream.resume();
		const failed = next(stream, "error");
		wire.socket.destroy();
		expect((await failed)[0]).toMatchObject({ code: "WS_ERR_CONNECTION_LOST" });
	});

	fixed("makes an iteration throw", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const binary = nextValue<InStreamLike>(near, "binary");
		wire.write(frame(2, "half", open));
		const all = within("the iteration", (await binary).toArray());
		wire.socket.destroy();
		await expect(all).rejects.toThrow();
	});

	fixed("has aborted false when it was complete", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const binary = nextValue<InStreamLike>(near, "binary");
		wire.write(frame(2, "whole", masked));
		const stream = await binary;
		await collect(stream);
		wire.socket.destroy();
		await next(near, "close");
		expect(stream.aborted).toBe(false);
	});
});

describe("reading slowly", () => {
	fixed("a paused reader stops the peer, and loses nothing", async (bench) => {
		const { near, far } = await bench.pair();
		const binary = nextValue<InStreamLike>(near, "binary");
		const total = 24 * 1024 * 1024;
		const out = far.beginBinary();
		let sent = 0;
		const piece = Buffer.alloc(1024 * 1024, 3);
		const send = async () => {
			while (sent < total) {
				sent += piece.length;
				if (!out.write(piece)) await next(out, "drain");
			}
			out.end();
		};
		out.write(Buffer.alloc(0));
		const sending = send();
		const stream = await binary;
		let got = 0;
		stream.on("data", (data: Buffer) => {
			got += data.length;
			stream.pause();
			setImmediate(() => stream.resume());
		});
		await within(
			"the end",
			new Promise((resolve) => stream.on("end", resolve)),
		);
		await sending;
		expect(got).toBe(total);
		expect(near.readyState).toBe(1);
	});

	fixed(
		"a stream with a listener that nobody reads is 1009 at the limit",
		async (bench) => {
			const { near, wire } = await bench.rawClient({ maxMessageBytes: 50_000 });
			near.on("binary", () => {});
			const closed = next(near, "close");
			wire.write(frame(2, Buffer.alloc(200_000), open));
			expect((await closed)[0]).toBe(1009);
			const { opcode, payload } = await wire.frame();
			expect([opcode, payload.readUInt16BE()]).toEqual([8, 1009]);
		},
	);

	fixed(
		"close() lifts the pause of a reader, so that the connection ends",
		async (bench) => {
			const { near, far } = await bench.pair();
			const binary = nextValue<InStreamLike>(near, "binary");
			const out = far.beginBinary();
			for (let i = 0; i < 4; i++) out.write(Buffer.alloc(1024 * 1024));
			const stream = await binary;
			await nextValue(stream, "data");
			stream.pause();
			stream.on("error", () => {});
			near.close(1000);
			expect(await within("conn.closed", near.closed)).toMatchObject({
				code: 1000,
				wasClean: true,
			});
		},
	);
});

import { createWriteStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { InStream } from "nodejs-websocket";
import { describe, expect } from "vitest";
import {
	next,
	nextValue,
	record,
	recordOrder,
	turns,
	until,
	within,
} from "../support/compat-wait.js";
import { closeFrame, frame } from "../support/compat-wire.js";
import { behaves } from "./api-bench.js";

const masked = { mask: true };
const open = { mask: true, fin: false };
const KIB = 1024;
const MIB = 1024 * KIB;

async function bytesOf(stream: Readable): Promise<Buffer> {
	return Buffer.concat(await within("the stream", stream.toArray()));
}

/** A binary message of `length` bytes in one frame that grows with the offset. */
function numbered(length: number): Buffer {
	const data = Buffer.alloc(length);
	for (let at = 0; at + 4 <= length; at += 4) data.writeUInt32LE(at, at);
	return data;
}

describe("an InStream with a reader that is slow", () => {
	behaves(
		"stops the connection, and lets it go on when read",
		async (bench) => {
			const { near, far } = await bench.pair();
			const stream = nextValue<InStream>(near, "binary");
			const data = numbered(24 * MIB);
			far.sendBinary(data);
			far.sendText("behind");
			const texts = record(near, "text");
			const reader = await stream;
			reader.on("readable", () => {});
			await until("the mark", () => reader.readableLength >= 128 * KIB);
			await turns(20);
			expect(reader.readableLength).toBeLessThan(MIB);
			// The peer sees the back-pressure, and nothing overtakes the message.
			expect(far.bufferedAmount).toBeGreaterThan(MIB);
			expect(texts).toEqual([]);
			reader.removeAllListeners("readable");
			expect(data.equals(await bytesOf(reader))).toBe(true);
			await until("the text", () => texts.length === 1);
			expect(far.bufferedAmount).toBe(0);
		},
	);

	behaves("is written to a file by pipeline", async (bench) => {
		const { near, far } = await bench.pair();
		const data = numbered(6 * MIB);
		const file = join(bench.folder(), "upload");
		const stream = nextValue<InStream>(near, "binary");
		far.sendBinary(data);
		await within(
			"the pipeline",
			pipeline(await stream, createWriteStream(file)),
		);
		expect(data.equals(readFileSync(file))).toBe(true);
	});

	behaves("is no bigger in memory for a frame of 64 MiB", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const stream = nextValue<InStream>(near, "binary");
		const total = 64 * MIB;
		// A key of zeros: the payload is what it is on the wire.
		const head = frame(2, "", { mask: Buffer.alloc(4), claim: total });
		const block = Buffer.alloc(MIB);
		wire.socket.write(head);
		let largest = 0;
		let most = 0;
		let received = 0;
		let ones = 0;
		const reader = await (async () => {
			wire.socket.write(block.fill(1));
			return stream;
		})();
		const sink = new Writable({
			highWaterMark: 64 * KIB,
			write(piece: Buffer, _encoding, callback) {
				largest = Math.max(largest, piece.length);
				most = Math.max(most, reader.readableLength);
				received += piece.length;
				ones += piece[0] + piece[piece.length - 1];
				setImmediate(callback);
			},
		});
		let pieces = 0;
		reader.on("data", () => pieces++);
		const done = pipeline(reader, sink);
		const feed = async () => {
			for (let sent = MIB; sent < total; sent += MIB) {
				if (!wire.socket.write(block)) await next(wire.socket, "drain");
			}
		};
		await Promise.all([feed(), done]);
		expect(received).toBe(total);
		expect(ones).toBe(2 * pieces);
		expect(largest).toBeLessThanOrEqual(MIB);
		expect(most).toBeLessThanOrEqual(MIB);
		expect(near.readyState).toBe(1);
	});
});

describe("an InStream that nobody reads", () => {
	behaves(
		"keeps up to the limit, then fails the connection with 1009",
		async (bench) => {
			const { near, wire } = await bench.rawClient({
				maxMessageBytes: 100 * KIB,
			});
			const errors = record(near, "error");
			const closes = record(near, "close");
			const stream = nextValue<InStream>(near, "binary");
			wire.write(frame(2, Buffer.alloc(60 * KIB), open));
			const unread = await stream;
			wire.write(frame(0, Buffer.alloc(40 * KIB), open));
			await until("100 KiB", () => unread.readableLength === 100 * KIB);
			expect(near.readyState).toBe(1);
			wire.write(frame(0, Buffer.alloc(1), open));
			const answer = await wire.frame();
			expect(answer.opcode).toBe(8);
			expect(answer.payload.readUInt16BE()).toBe(1009);
			expect(errors[0][0]).toMatchObject({
				code: "WS_ERR_STREAM_UNREAD",
				initiator: "local",
			});
			expect(closes).toEqual([[1009, undefined]]);
			expect(unread.aborted).toBe(true);
		},
	);

	behaves(
		"does not hold up what follows once it is complete",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const streams: InStream[] = [];
			near.on("binary", (stream) => streams.push(stream));
			const texts = record(near, "text");
			wire.write(
				frame(2, Buffer.alloc(500 * KIB, 1), masked),
				frame(2, Buffer.alloc(500 * KIB, 2), masked),
				frame(1, "behind", masked),
			);
			await until("the text", () => texts.length === 1);
			expect(
				(await bytesOf(streams[1])).equals(Buffer.alloc(500 * KIB, 2)),
			).toBe(true);
			expect(
				(await bytesOf(streams[0])).equals(Buffer.alloc(500 * KIB, 1)),
			).toBe(true);
		},
	);

	behaves(
		"of a slow reader does not hold up what follows once it is complete",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const stream = nextValue<InStream>(near, "binary");
			const texts = record(near, "text");
			wire.write(frame(2, Buffer.alloc(100 * KIB), open));
			const reader = await stream;
			reader.on("readable", () => {});
			wire.write(
				frame(0, Buffer.alloc(20 * KIB), masked),
				frame(1, "behind", masked),
			);
			await until("the text", () => texts.length === 1);
			expect(reader.readableLength).toBe(120 * KIB);
		},
	);
});

describe("a binary message that nobody listens for", () => {
	behaves("is discarded, whatever its length", async (bench) => {
		const { near, far } = await bench.pair({ maxMessageBytes: 1000 });
		const texts = record(near, "text");
		far.sendBinary(Buffer.alloc(8 * MIB));
		far.sendText("behind");
		await until("the text", () => texts.length === 1);
		expect(near.readyState).toBe(1);
	});
});

describe("an InStream that its reader destroys", () => {
	behaves("discards the rest, and the connection goes on", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const stream = nextValue<InStream>(near, "binary");
		const texts = record(near, "text");
		wire.write(frame(2, "begin", open));
		const reader = await stream;
		reader.destroy();
		wire.write(
			frame(0, Buffer.alloc(5 * MIB), masked),
			frame(1, "behind", masked),
		);
		await until("the text", () => texts.length === 1);
		expect(reader.aborted).toBe(false);
		expect(near.readyState).toBe(1);
	});

	behaves(
		"with a full buffer does not stop the connection again",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const stream = nextValue<InStream>(near, "binary");
			const texts = record(near, "text");
			wire.write(frame(2, Buffer.alloc(300 * KIB), open));
			const reader = await stream;
			reader.on("data", () => {});
			reader.pause();
			await until("the mark", () => reader.readableLength >= 128 * KIB);
			await turns();
			reader.destroy();
			wire.write(
				frame(0, Buffer.alloc(300 * KIB), open),
				frame(0, Buffer.alloc(300 * KIB), masked),
				frame(1, "behind", masked),
			);
			await until("the text", () => texts.length === 1);
		},
	);

	behaves("by leaving a loop over it discards the rest", async (bench) => {
		const { near, far } = await bench.pair();
		const stream = nextValue<InStream>(near, "binary");
		const texts = record(near, "text");
		far.sendBinary(Buffer.alloc(4 * MIB));
		far.sendText("behind");
		for await (const piece of await stream) {
			expect(piece.length).toBeGreaterThan(0);
			break;
		}
		await until("the text", () => texts.length === 1);
	});
});

describe("an InStream that is cut off", () => {
	const ends: [
		string,
		(wire: {
			reset(): void;
			socket: { end(): void };
			write(...data: Buffer[]): void;
		}) => void,
		string,
	][] = [
		["by FIN", (wire) => wire.socket.end(), "WS_ERR_CONNECTION_LOST"],
		["by RST", (wire) => wire.reset(), "WS_ERR_CONNECTION_LOST"],
		[
			"by the peer's close frame",
			(wire) => wire.write(closeFrame(1000, "", masked)),
			"WS_ERR_CONNECTION_CLOSED",
		],
		[
			"by a broken rule",
			(wire) => wire.write(frame(1, "no", masked)),
			"WS_ERR_EXPECTED_CONTINUATION",
		],
	];
	for (const [how, end, code] of ends) {
		behaves(
			`${how} is destroyed without 'end' and without an 'error' nobody listens for`,
			async (bench) => {
				const uncaught = bench.uncaught();
				const { near, wire } = await bench.rawClient();
				const stream = nextValue<InStream>(near, "binary");
				wire.write(frame(2, "begin", open));
				const reader = await stream;
				const events = recordOrder(reader, ["end", "close"]);
				reader.on("data", () => {});
				await turns();
				end(wire);
				await until("the close", () => events.length > 0);
				await turns();
				expect(events).toEqual(["close"]);
				expect(reader.aborted).toBe(true);
				expect(uncaught).toEqual([]);
			},
		);

		behaves(`${how} throws out of a loop over it`, async (bench) => {
			const { near, wire } = await bench.rawClient();
			const stream = nextValue<InStream>(near, "binary");
			wire.write(frame(2, "begin", open));
			const reader = await stream;
			const got: string[] = [];
			const run = async () => {
				for await (const piece of reader) {
					got.push(String(piece));
					end(wire);
				}
			};
			await expect(within("the loop", run())).rejects.toMatchObject({ code });
			expect(got).toEqual(["begin"]);
		});
	}

	behaves("by a local close() is destroyed", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const stream = nextValue<InStream>(near, "binary");
		wire.write(frame(2, "begin", open));
		const reader = await stream;
		near.close();
		expect(reader.aborted).toBe(true);
		expect(reader.destroyed).toBe(true);
	});
});

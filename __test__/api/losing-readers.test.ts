/** What a peer could hold or lose by its timing: readers that go away, pieces that pin chunks, FIN behind many messages. */
import { Writable } from "node:stream";
import type { InStream } from "nodejs-websocket";
import { describe, expect } from "vitest";
import {
	next,
	nextValue,
	record,
	turns,
	until,
} from "../support/compat-wait.js";
import { closeFrame, frame } from "../support/compat-wire.js";
import { behaves } from "./api-bench.js";

const masked = { mask: true };

describe("a connection paused for a reader", () => {
	behaves("goes on when what the stream is piped into fails", async (bench) => {
		const { near, far } = await bench.pair();
		const texts = record(near, "text");
		near.on("binary", (stream) => {
			const sink = new Writable({
				highWaterMark: 1,
				write: (_chunk, _encoding, done) =>
					setImmediate(done, new Error("disk full")),
			});
			sink.on("error", () => {});
			stream.pipe(sink);
		});
		far.sendBinary(Buffer.alloc(1024 * 1024));
		far.sendText("behind");
		await until("the text", () => texts.length === 1);
	});

	behaves("goes on when the reader's listener is removed", async (bench) => {
		const { near, far } = await bench.pair();
		const texts = record(near, "text");
		const stream = nextValue<InStream>(near, "binary");
		far.sendBinary(Buffer.alloc(1024 * 1024));
		far.sendText("behind");
		const reader = await stream;
		reader.on("readable", () => {});
		await until("the mark", () => reader.readableLength >= 128 * 1024);
		expect(texts).toEqual([]);
		reader.removeAllListeners("readable");
		await until("the text", () => texts.length === 1);
	});
});

describe("a reader that waits for 'readable' now and then", () => {
	behaves("is a reader in between, too", async (bench) => {
		const { near, far } = await bench.pair({ maxMessageBytes: 300_000 });
		const stream = nextValue<InStream>(near, "binary");
		far.sendBinary(Buffer.alloc(3_000_000, 1));
		const reader = await stream;
		let ended = false;
		let got = 0;
		reader.once("end", () => {
			ended = true;
		});
		while (!ended) {
			const piece: Buffer | null = reader.read();
			got += piece?.length ?? 0;
			await turns(20);
			if (piece === null && !ended) {
				await Promise.race([next(reader, "readable"), next(reader, "end")]);
			}
		}
		expect(got).toBe(3_000_000);
	});
});

describe("a piece of a stream", () => {
	behaves("does not keep the chunk alive it came in", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const stream = nextValue<InStream>(near, "binary");
		wire.write(
			Buffer.concat([
				frame(0x02, Buffer.alloc(64, 7), { mask: true, fin: false }),
				...Array.from({ length: 400 }, () =>
					frame(0x0a, Buffer.alloc(100), masked),
				),
			]),
		);
		const piece: Buffer = await nextValue(await stream, "data");
		expect(piece).toEqual(Buffer.alloc(64, 7));
		expect(piece.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize);
	});
});

describe("a peer that ends its side behind more messages than fit one turn", () => {
	behaves("gets every reply, and the close frame", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.on("text", (text) => near.sendText(text));
		const messages = Array.from({ length: 5000 }, () =>
			frame(0x01, Buffer.from("m"), masked),
		);
		const closed = next(near, "close");
		wire.socket.end(Buffer.concat([...messages, closeFrame(1000, "", masked)]));
		expect((await closed)[0]).toBe(1000);
		const replies = await wire.take(5000 * 3 + 4);
		expect(replies.subarray(0, 3).toString("hex")).toBe("81016d");
		expect(replies.subarray(-4).toString("hex")).toBe("880203e8");
	});
});

describe("'drain'", () => {
	behaves("does not come behind 'close'", async (bench) => {
		const { near, wire } = await bench.rawClient();
		wire.socket.pause();
		const events: string[] = [];
		near.on("drain", () => events.push("drain"));
		near.on("close", () => events.push("close"));
		while (near.sendBinary(Buffer.alloc(1024 * 1024)) !== false);
		near.close(1000);
		wire.socket.resume();
		wire.write(closeFrame(1000, "", masked));
		await until("the peer to have all", () => near.bufferedAmount === 0);
		wire.socket.end();
		await near.closed;
		expect(events).toEqual(["close"]);
	});
});

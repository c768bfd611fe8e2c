import type { Readable } from "node:stream";
import { describe, expect } from "vitest";
import { record, turns, until, within } from "../support/compat-wait.js";
import { frame } from "../support/compat-wire.js";
import { behaves } from "./api-bench.js";

const masked = { mask: true };
const open = { mask: true, fin: false };

describe("'message'", () => {
	behaves("delivers text as a string and binary as a Buffer", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const messages = record(near, "message");
		wire.write(
			frame(1, "hé", masked),
			frame(2, Buffer.from([0, 255]), masked),
			frame(1, "", masked),
			frame(2, "", masked),
		);
		await until("four messages", () => messages.length === 4);
		expect(messages).toEqual([
			["hé", false],
			[Buffer.from([0, 255]), true],
			["", false],
			[Buffer.alloc(0), true],
		]);
		expect(Buffer.isBuffer(messages[1][0])).toBe(true);
	});

	behaves("comes after 'text' and before 'binary'", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const order: string[] = [];
		for (const name of ["message", "text", "binary"] as const)
			near.on(name, () => order.push(name));
		wire.write(frame(1, "a", masked), frame(2, "b", masked));
		await until("four events", () => order.length === 4);
		expect(order).toEqual(["text", "message", "message", "binary"]);
	});

	behaves(
		"gets a fragmented binary message whole, and 'binary' the same bytes as a stream",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const messages = record(near, "message");
			const streamed: Promise<Buffer>[] = [];
			near.on("binary", (stream: Readable) => {
				streamed.push(stream.toArray().then((pieces) => Buffer.concat(pieces)));
			});
			wire.write(frame(2, "one ", open), frame(9, "?", masked));
			await turns();
			expect(messages).toEqual([]);
			wire.write(frame(0, "two ", open));
			wire.write(frame(0, "three", masked));
			await until("the message", () => messages.length === 1);
			expect(messages[0]).toEqual([Buffer.from("one two three"), true]);
			expect(await within("the stream", Promise.all(streamed))).toEqual([
				Buffer.from("one two three"),
			]);
		},
	);

	behaves(
		"works where nobody listens for 'binary' or 'text'",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const messages = record(near, "message");
			const large = Buffer.alloc(300_000, 7);
			wire.write(frame(2, large, masked));
			await until("the message", () => messages.length === 1);
			expect(messages[0][1]).toBe(true);
			expect(large.equals(messages[0][0] as Buffer)).toBe(true);
		},
	);

	behaves("listeners may come and go between messages", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const seen: string[] = [];
		const onMessage = (data: string | Buffer, isBinary: boolean) =>
			seen.push(`message ${isBinary} ${data}`);
		near.on("binary", (stream) => {
			stream.on("data", (piece) => seen.push(`piece ${piece}`));
		});
		near.on("text", (text) => {
			if (text === "on") near.on("message", onMessage);
			if (text === "off") near.off("message", onMessage);
		});
		wire.write(
			frame(2, "1", masked),
			frame(1, "on", masked),
			frame(2, "2", masked),
			frame(1, "off", masked),
			frame(2, "3", masked),
		);
		await until("all", () => seen.includes("piece 3"));
		expect(seen.filter((line) => line.startsWith("message"))).toEqual([
			"message false on",
			"message true 2",
		]);
		expect(seen.filter((line) => line.startsWith("piece"))).toEqual([
			"piece 1",
			"piece 2",
			"piece 3",
		]);
	});

	behaves(
		"a listener that comes in the middle of a streamed message gets the next one",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const streams: Readable[] = [];
			near.on("binary", (stream) => streams.push(stream));
			wire.write(frame(2, "first ", open));
			await until("the stream", () => streams.length === 1);
			const messages = record(near, "message");
			wire.write(frame(0, "half", masked), frame(2, "second", masked));
			await until("the second", () => streams.length === 2);
			const [first, second] = await within(
				"both streams",
				Promise.all(streams.map((stream) => stream.toArray())),
			);
			expect(Buffer.concat(first).toString()).toBe("first half");
			expect(Buffer.concat(second).toString()).toBe("second");
			expect(messages).toEqual([[Buffer.from("second"), true]]);
		},
	);

	behaves(
		"a listener that leaves in the middle of a collected message leaves it to 'binary'",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const streams: Readable[] = [];
			near.on("binary", (stream) => streams.push(stream));
			const messages: unknown[] = [];
			const onMessage = (data: unknown) => messages.push(data);
			near.on("message", onMessage);
			wire.write(frame(2, "first ", open), frame(9, "", masked));
			expect((await wire.frame()).opcode).toBe(10);
			near.off("message", onMessage);
			wire.write(frame(0, "half", masked), frame(2, "second", masked));
			await until("both", () => streams.length === 2);
			const pieces = await within("the first", streams[0].toArray());
			expect(Buffer.concat(pieces).toString()).toBe("first half");
			expect(messages).toEqual([]);
		},
	);

	behaves(
		"is not emitted after the 'text' listener has closed",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const order: string[] = [];
			near.on("text", () => near.close());
			near.on("close", () => order.push("close"));
			near.on("message", () => order.push("message"));
			wire.write(frame(1, "a", masked), frame(1, "b", masked));
			expect((await wire.frame()).opcode).toBe(8);
			await turns();
			expect(order).toEqual(["close"]);
		},
	);

	behaves(
		"fails a collected message over the limit with 1009",
		async (bench) => {
			const { near, wire } = await bench.rawClient({ maxMessageBytes: 1000 });
			const messages = record(near, "message");
			const closes = record(near, "close");
			wire.write(frame(2, Buffer.alloc(1000), masked));
			await until("the first", () => messages.length === 1);
			wire.write(
				frame(2, Buffer.alloc(600), open),
				frame(0, Buffer.alloc(401), open),
			);
			const answer = await wire.frame();
			expect(answer.opcode).toBe(8);
			expect(answer.payload.readUInt16BE()).toBe(1009);
			expect(closes).toEqual([[1009, undefined]]);
			expect(messages).toHaveLength(1);
		},
	);
});

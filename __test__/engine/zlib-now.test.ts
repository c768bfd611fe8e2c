/** The streams of zlib that the messages of a thread share in the TypeScript engine. */
import { randomBytes } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
	isReusable,
	type ReusedStream,
} from "../../lib/engine/typescript/reused-stream.js";
import {
	deflateStream,
	dropStream,
	inflateStream,
	sharedRoom,
} from "../../lib/engine/typescript/zlib-now.js";

const settings = {
	level: 6,
	memoryLevel: 8,
	windowBits: 15,
	contextTakeover: false,
};

const IDLE_MS = 20_000;

function run(stream: ReusedStream | null, input: Uint8Array): Buffer {
	const room = sharedRoom();
	expect(stream?.run(input, room, 0, room.length)).toBe(true);
	expect(stream?.usedBytes).toBe(input.length);
	stream?.reset();
	return Buffer.from(room.subarray(0, stream?.outputBytes));
}

describe("a stream that is used again", () => {
	beforeEach(() => {
		vi.useFakeTimers();
	});
	afterEach(() => {
		vi.advanceTimersByTime(2 * IDLE_MS);
		vi.useRealTimers();
	});

	test("can be had in this Node.js", () => {
		expect(isReusable()).toBe(true);
	});

	test("writes what a new one writes, each time", () => {
		const inputs = ["", "Hello", "Hello".repeat(5000), "Hello"].map((text) =>
			Buffer.from(text),
		);
		for (const input of inputs) {
			const output = run(deflateStream(settings), input);
			const expected = deflateRawSync(input, {
				level: 6,
				memLevel: 8,
				finishFlush: constants.Z_SYNC_FLUSH,
			});
			expect(output.equals(expected)).toBe(true);
			expect(run(inflateStream(15), output).equals(input)).toBe(true);
		}
	});

	test("stops where its room ends", () => {
		const stream = inflateStream(15) as ReusedStream;
		const room = Buffer.alloc(100);
		const input = deflateRawSync(Buffer.alloc(1000, "x"));
		expect(stream.run(input, room, 10, 60)).toBe(true);
		expect(stream.outputBytes).toBe(50);
		expect(room.toString("latin1")).toBe(
			"\0".repeat(10) + "x".repeat(50) + "\0".repeat(40),
		);
		stream.reset();
	});

	test("says where it has ended", () => {
		const stream = inflateStream(15) as ReusedStream;
		const ended = deflateRawSync("Hello");
		const room = sharedRoom();
		const input = Buffer.concat([ended, randomBytes(10)]);
		expect(stream.run(input, room, 0, room.length)).toBe(true);
		expect(stream.usedBytes).toBe(ended.length);
		stream.reset();
	});

	test("says that it is broken, and makes place for another", () => {
		const stream = inflateStream(15) as ReusedStream;
		const room = sharedRoom();
		expect(stream.run(Buffer.from([0x07]), room, 0, room.length)).toBe(false);
		dropStream(stream);
		const next = inflateStream(15);
		expect(next).not.toBe(stream);
		const hello = deflateRawSync("Hello", {
			finishFlush: constants.Z_SYNC_FLUSH,
		});
		expect(run(next, hello).toString()).toBe("Hello");
	});

	test("is one for all messages with its settings", () => {
		const deflating = [
			settings,
			{ ...settings, level: 5 },
			{ ...settings, memoryLevel: 7 },
			{ ...settings, windowBits: 14 },
		].map((each) => deflateStream(each));
		const inflating = [15, 14].map((bits) => inflateStream(bits));
		expect(new Set([...deflating, ...inflating]).size).toBe(6);
		expect(deflateStream({ ...settings })).toBe(deflating[0]);
		expect(inflateStream(14)).toBe(inflating[1]);
		const hello = Buffer.from("Hello, hello");
		for (const [index, stream] of deflating.entries())
			expect(run(inflating[index % 2], run(stream, hello)).equals(hello)).toBe(
				true,
			);
	});

	test("is kept for eight settings, and the oldest given up for a ninth", () => {
		const streams = [1, 2, 3, 4, 5, 6, 7, 8].map((level) =>
			deflateStream({ ...settings, level }),
		);
		expect(deflateStream({ ...settings, level: 1 })).toBe(streams[0]);
		deflateStream({ ...settings, level: 9 });
		expect(deflateStream({ ...settings, level: 2 })).toBe(streams[1]);
		expect(deflateStream({ ...settings, level: 1 })).not.toBe(streams[0]);
	});

	test("is given back with its room once it was of no use for a while", () => {
		const stream = deflateStream(settings);
		const room = sharedRoom();
		vi.advanceTimersByTime(IDLE_MS);
		expect(deflateStream(settings)).toBe(stream);
		vi.advanceTimersByTime(IDLE_MS);
		expect(sharedRoom()).toBe(room);
		vi.advanceTimersByTime(2 * IDLE_MS);
		expect(vi.getTimerCount()).toBe(0);
		expect(deflateStream(settings)).not.toBe(stream);
		expect(sharedRoom()).not.toBe(room);
	});
});

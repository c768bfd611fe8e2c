import { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Engine } from "../../lib/engine/engine.js";
import { createNativeEngine } from "../../lib/engine/native/engine.js";
import { createTypeScriptEngine } from "../../lib/engine/typescript/engine.js";
import { SocketLink } from "../../lib/transport/socket/socket-link.js";
import { turns, until } from "../support/compat-wait.js";
import { frame, readFrames } from "../support/frames.js";
import { duplexPair } from "./duplex-pair.js";
import { describeLink } from "./link.contract.js";
import { Recorder } from "./recorder.js";
import { limits, socketPair } from "./socket-pair.js";

const engines: Engine[] = [createTypeScriptEngine()];
const native = createNativeEngine();
if ("reason" in native)
	test.skip(`the native engine is missing: ${native.reason}`, () => {});
else engines.push(native);

for (const engine of engines) {
	describeLink(`a SocketLink over TCP [${engine.name}]`, async () => {
		const [near, peer] = await socketPair();
		return { link: new SocketLink(near, engine, "server", limits), peer };
	});

	describeLink(
		`a SocketLink over a foreign Duplex [${engine.name}]`,
		async () => {
			const [near, peer] = duplexPair();
			return { link: new SocketLink(near, engine, "server", limits), peer };
		},
	);
}

/** A stream that finishes each write when told to. */
class Stepwise extends Duplex {
	readonly finish: (() => void)[] = [];
	isBroken = false;

	override _read(): void {}

	override _write(
		_chunk: Buffer,
		_encoding: BufferEncoding,
		callback: () => void,
	): void {
		if (this.isBroken) throw new Error("broken");
		this.finish.push(callback);
	}

	override _writev(_chunks: unknown, callback: () => void): void {
		this.finish.push(callback);
	}
}

describe("a SocketLink", () => {
	function make(): { stream: Stepwise; link: SocketLink; sink: Recorder } {
		const stream = new Stepwise();
		const link = new SocketLink(stream, engines[0], "server", limits);
		const sink = new Recorder();
		link.open(sink, new Uint8Array(0));
		return { stream, link, sink };
	}

	test("keeps what waits for a full socket in memory of its own, and in order", () => {
		const { stream, link } = make();
		const { link: other } = make();
		// The first write is under way and over the high-water mark; what follows waits here.
		link.sendBytes(0x82, Buffer.alloc(100_000, "a"));
		link.flush();
		expect(stream.writableNeedDrain).toBe(true);
		const before = stream.writableLength;
		for (let i = 0; i < 500; i++) {
			link.sendText(0x81, `${i}`);
			link.flush();
			// Another link's frame, so that each of these would have a slab of its own in the end.
			other.sendBytes(0x82, Buffer.alloc(1000));
		}
		expect(stream.writableLength).toBe(before);
		expect(link.bufferedAmount).toBeGreaterThan(before + 1000);
		const handed: Uint8Array[] = [];
		stream._writev = (chunks, callback) => {
			for (const { chunk } of chunks as { chunk: Buffer }[]) handed.push(chunk);
			stream.finish.push(callback);
		};
		stream._write = (chunk: Buffer, _encoding, callback) => {
			handed.push(chunk);
			stream.finish.push(callback);
		};
		stream.finish.shift()?.();
		return until("the rest", () => handed.length > 0).then(() => {
			const frames = readFrames(Buffer.concat(handed));
			expect(frames.map(({ payload }) => Number(payload.toString()))).toEqual(
				Array.from({ length: 500 }, (_, i) => i),
			);
			const memory = new Set(handed.map(({ buffer }) => buffer));
			const held = [...memory].reduce(
				(sum, { byteLength }) => sum + byteLength,
				0,
			);
			expect(held).toBeLessThan(16 * 1024);
		});
	});

	test("drains where what was ahead has left before the turn of what waits", async () => {
		const { stream, link, sink } = make();
		const mark = stream.writableHighWaterMark;
		link.sendBytes(0x82, Buffer.alloc(mark - 1000));
		link.flush();
		expect(link.sendBytes(0x82, Buffer.alloc(1000))).toBe(false);
		// Finished before the second is handed over: the stream itself was never over its mark.
		stream.finish[0]();
		await until("the second write", () => stream.finish.length === 2);
		await turns();
		expect(sink.events).toEqual([]);
		stream.finish[1]();
		await until("the drain", () => sink.events.length === 1);
		expect(sink.events).toEqual(["drain"]);
		expect(link.bufferedAmount).toBe(0);
	});

	test("that cannot write does not keep others from writing", async () => {
		const one = make();
		const two = make();
		const thrown: string[] = [];
		const others = process.listeners("uncaughtException");
		process.removeAllListeners("uncaughtException");
		process.on("uncaughtException", (error) => thrown.push(error.message));
		try {
			one.stream.isBroken = true;
			one.link.sendText(0x81, "a");
			two.link.sendText(0x81, "b");
			await turns();
		} finally {
			process.removeAllListeners("uncaughtException");
			for (const other of others) process.on("uncaughtException", other);
		}
		expect(thrown).toEqual(["broken"]);
		expect(two.stream.finish).toHaveLength(1);
	});

	test("leaves the chunks of a foreign stream as they came, for its other readers", async () => {
		const [near, peer] = duplexPair();
		const link = new SocketLink(near, engines[0], "server", limits);
		const sink = new Recorder();
		const raw: Buffer[] = [];
		near.on("data", (chunk: Buffer) => raw.push(chunk));
		link.open(sink, new Uint8Array(0));
		const bytes = frame({ opcode: 1, payload: "hello", mask: true });
		peer.write(bytes);
		await until("the text", () => sink.events.length === 1);
		expect(sink.events).toEqual(["text hello"]);
		expect(Buffer.concat(raw)).toEqual(bytes);
		link.destroy();
		await until("the end", () => sink.events.includes("closed"));
	});
});

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Connection, OutStream } from "nodejs-websocket";
import { describe, expect } from "vitest";
import {
	next,
	nextValue,
	record,
	turns,
	until,
	within,
} from "../support/compat-wait.js";
import library from "../support/library.js";
import { type ApiBench, behaves } from "./api-bench.js";

const MIB = 1024 * 1024;

function begin(connection: Connection): OutStream {
	const stream = connection.beginBinary();
	if (stream === undefined) throw new Error("the connection is not open");
	return stream;
}

/** For this test an OutStream sends a frame for every `bytes` bytes. */
function fragment(bench: ApiBench, bytes: number): void {
	const before = library.Connection.binaryFragmentation;
	library.setBinaryFragmentation(bytes);
	bench.afterwards(() => library.setBinaryFragmentation(before));
}

/** Fills the way to a peer that does not read, so that what follows waits behind it. */
async function congest(connection: Connection): Promise<void> {
	const block = Buffer.alloc(MIB);
	while (connection.bufferedAmount < MIB) {
		connection.sendBinary(block);
		await turns(1);
	}
}

describe("an OutStream", () => {
	behaves("fed by a fast source waits for the peer", async (bench) => {
		const { near, far } = await bench.pair();
		far.pause();
		let made = 0;
		const source = new Readable({
			read() {
				if (made++ < 64) this.push(Buffer.alloc(MIB, made));
				else this.push(null);
			},
		});
		const done = pipeline(source, begin(near));
		// Until the buffers on the way are full.
		let before = -1;
		while (before !== made) {
			before = made;
			await turns(30);
		}
		expect(made).toBeLessThan(64);
		expect(near.bufferedAmount).toBeLessThan(8 * MIB);
		const incoming = nextValue<Readable>(far, "binary");
		far.resume();
		let received = 0;
		let isInOrder = true;
		for await (const piece of await incoming) {
			isInOrder &&= piece[0] === Math.floor(received / MIB) + 1;
			received += piece.length;
		}
		await within("the pipeline", done);
		expect(received).toBe(64 * MIB);
		expect(isInOrder).toBe(true);
		expect(near.outStream).toBeNull();
	});

	behaves(
		"that is destroyed before it sent anything sends nothing",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const stream = begin(near);
			stream.write("never sent");
			stream.destroy();
			expect(near.outStream).toBeNull();
			expect(near.sendText("next")).toBe(true);
			expect((await wire.frame()).payload.toString()).toBe("next");
		},
	);

	behaves("that is destroyed in its middle closes with 1011", async (bench) => {
		fragment(bench, 4);
		const { near, wire } = await bench.rawClient();
		const stream = begin(near);
		stream.write("begin");
		stream.destroy();
		expect(near.readyState).toBe(2);
		const first = await wire.frame();
		expect([first.opcode, first.fin]).toEqual([2, false]);
		const close = await wire.frame();
		expect(close.opcode).toBe(8);
		expect(close.payload.readUInt16BE()).toBe(1011);
	});

	behaves("takes strings in any encoding, also corked", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const stream = begin(near);
		stream.cork();
		stream.write("c3a9", "hex");
		stream.write("w6k=", "base64");
		stream.write("\u00e9", "latin1");
		stream.write("é");
		stream.uncork();
		stream.end("61", "hex");
		const { opcode, fin, payload } = await wire.frame();
		expect([opcode, fin]).toEqual([2, true]);
		expect(payload.toString("hex")).toBe("c3a9c3a9e9c3a961");
	});

	behaves(
		"that is ended without a write sends an empty message",
		async (bench) => {
			const { near, far } = await bench.pair();
			const messages = record(far, "message");
			begin(near).end();
			await until("the message", () => messages.length === 1);
			expect(messages).toEqual([[Buffer.alloc(0), true]]);
		},
	);

	behaves("lets pings through between its frames", async (bench) => {
		fragment(bench, 4);
		const { near, wire } = await bench.rawClient();
		const stream = begin(near);
		stream.write("begin");
		near.sendPing("p");
		stream.end("end");
		const opcodes: number[] = [];
		for (let i = 0; i < 3; i++) opcodes.push((await wire.frame()).opcode);
		expect(opcodes).toEqual([2, 9, 0]);
	});

	for (const how of ["reset", "terminate", "close"] as const) {
		behaves(
			`cut off by ${how} does not crash a program that does not listen for its 'error'`,
			async (bench) => {
				fragment(bench, 4);
				const uncaught = bench.uncaught();
				const { near, wire } = await bench.rawClient();
				wire.socket.pause();
				await congest(near);
				const stream = begin(near);
				const calls: unknown[] = [];
				// The first is on its way behind the rest, the second waits for it.
				stream.write(Buffer.alloc(100_000), (error) => calls.push(error));
				stream.write(Buffer.alloc(100_000), (error) => calls.push(error));
				await turns();
				const closes = record(near, "close");
				if (how === "reset") wire.reset();
				else near[how]();
				await until("'close'", () => closes.length === 1);
				if (how === "close") near.terminate();
				await within("the end", near.closed);
				stream.write("dropped", (error) => calls.push(error));
				await until("the callbacks", () => calls.length === 3);
				await turns(5);
				expect(uncaught).toEqual([]);
				expect(closes).toEqual(
					how === "close" ? [[undefined, undefined]] : [[1006, ""]],
				);
				expect(stream.destroyed).toBe(true);
				expect(calls[1]).toBeInstanceOf(Error);
				expect(calls[2]).toBeInstanceOf(Error);
			},
		);
	}

	behaves("cut off gives the error to a listener", async (bench) => {
		fragment(bench, 4);
		const { near, wire } = await bench.rawClient();
		const stream = begin(near);
		stream.write("begin");
		const error = nextValue<Error>(stream, "error");
		wire.socket.end();
		expect(await error).toMatchObject({ code: "WS_ERR_CONNECTION_LOST" });
	});

	behaves("cut off rejects a pipeline into it", async (bench) => {
		fragment(bench, 4);
		const { near, wire } = await bench.rawClient();
		const source = new Readable({ read() {} });
		source.push("begin");
		const done = pipeline(source, begin(near));
		const failed = expect(within("the pipeline", done)).rejects.toMatchObject({
			code: "WS_ERR_CONNECTION_LOST",
		});
		await wire.frame();
		wire.socket.end();
		await failed;
	});

	behaves(
		"written after the user ended the socket is destroyed, and nothing is thrown",
		async (bench) => {
			fragment(bench, 4);
			const uncaught = bench.uncaught();
			const { near } = await bench.rawClient();
			const stream = begin(near);
			near.socket.end();
			const calls: unknown[] = [];
			stream.write("dropped", (error) => calls.push(error));
			await next(stream, "close");
			await turns();
			expect(uncaught).toEqual([]);
			expect(calls[0]).toBeInstanceOf(Error);
		},
	);
});

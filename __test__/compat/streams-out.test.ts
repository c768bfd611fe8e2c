import { createReadStream } from "node:fs";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import type { Bench } from "../support/compat-bench.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { called, next, until, within } from "../support/compat-wait.js";
import type { Wire } from "../support/compat-wire.js";

/** A server's connection that fragments at `bytes`, and its raw peer. */
async function fragmenting(
	bench: Bench,
	bytes: number,
): Promise<{ near: ConnectionLike; wire: Wire }> {
	const { module } = bench.implementation;
	bench.afterwards(() => module.setBinaryFragmentation(524_288));
	module.setBinaryFragmentation(bytes);
	return bench.rawClient();
}

describe("beginBinary", () => {
	kept("returns a Writable of the class OutStream", async (bench) => {
		const { near } = await bench.pair();
		const stream = near.beginBinary();
		expect(stream).toBeInstanceOf(Writable);
		expect(stream).toBeInstanceOf(bench.implementation.classes.OutStream);
		expect(stream.connection).toBe(near);
		expect(stream.minSize).toBe(524_288);
		expect(stream.hasSent).toBe(false);
	});

	kept("sends one empty frame when it is ended at once", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.beginBinary().end();
		expect(await wire.take(2)).toEqual(Buffer.from("8200", "hex"));
	});

	kept("sends one frame for less than the fragmentation", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const stream = near.beginBinary();
		stream.write(Buffer.from("ab"));
		stream.write(Buffer.from("cd"));
		stream.end(Buffer.from("e"));
		expect(await wire.take(7)).toEqual(Buffer.from("82056162636465", "hex"));
	});

	kept(
		"gathers writes up to the fragmentation, then sends all of them",
		async (bench) => {
			const { near, wire } = await fragmenting(bench, 10);
			const stream = near.beginBinary();
			stream.write(Buffer.alloc(5, "a"));
			stream.write(Buffer.alloc(7, "b"));
			expect(await wire.take(14)).toEqual(
				Buffer.concat([
					Buffer.from("020c", "hex"),
					Buffer.from("aaaaabbbbbbb"),
				]),
			);
			expect(stream.hasSent).toBe(true);
			stream.end("x");
			expect(await wire.take(3)).toEqual(Buffer.from("800178", "hex"));
		},
	);

	kept("leaves a chunk to its writer from the callback on", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const stream = near.beginBinary();
		const chunk = Buffer.from("abcd");
		const written = new Promise<void>((resolve) => {
			stream.write(chunk, () => resolve());
		});
		await within("the callback", written);
		chunk.fill("x");
		stream.end();
		expect(await wire.take(6)).toEqual(Buffer.from("820461626364", "hex"));
	});

	kept("ends with an empty frame when all was sent before", async (bench) => {
		const { near, wire } = await fragmenting(bench, 4);
		const stream = near.beginBinary();
		stream.write(Buffer.from("abcd"));
		stream.write(Buffer.from("efgh"));
		stream.end();
		expect(await wire.take(14)).toEqual(
			Buffer.from("020461626364000465666768" + "8000", "hex"),
		);
	});

	kept(
		"sends a write that is longer than the fragmentation as one frame",
		async (bench) => {
			const { near, wire } = await fragmenting(bench, 4);
			const stream = near.beginBinary();
			stream.write(Buffer.alloc(1_000, 1));
			const first = await wire.frame();
			expect([first.fin, first.opcode, first.payload.length]).toEqual([
				false,
				2,
				1_000,
			]);
			stream.end();
			expect(await wire.take(2)).toEqual(Buffer.from("8000", "hex"));
		},
	);

	kept(
		"is masked from a client, and keeps the caller's Buffers",
		async (bench) => {
			const { module } = bench.implementation;
			bench.afterwards(() => module.setBinaryFragmentation(524_288));
			module.setBinaryFragmentation(2);
			const { far, wire } = await bench.rawServer();
			const data = Buffer.from("secret");
			const stream = far.beginBinary();
			stream.write(data);
			stream.end();
			const [first, last] = [await wire.frame(), await wire.frame()];
			expect([first.masked, first.fin, first.opcode]).toEqual([true, false, 2]);
			expect([last.masked, last.fin, last.opcode]).toEqual([true, true, 0]);
			expect(first.payload.toString()).toBe("secret");
			expect(data.toString()).toBe("secret");
		},
	);

	kept("takes strings with an encoding", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const stream = near.beginBinary();
		stream.write("6162", "hex");
		stream.end("é");
		expect(await wire.take(6)).toEqual(Buffer.from("82046162c3a9", "hex"));
	});

	kept("calls back each write, and end", async (bench) => {
		const { near } = await fragmenting(bench, 4);
		const stream = near.beginBinary();
		expect(await called((done) => stream.write("ab", done))).toBeFalsy();
		expect(await called((done) => stream.write("cdef", done))).toBeFalsy();
		expect(await called((done) => stream.end("g", done))).toBeFalsy();
	});

	kept("can be piped into", async (bench) => {
		const { near, wire } = await bench.rawClient();
		await within(
			"the end of the pipeline",
			pipeline(createReadStream(import.meta.filename), near.beginBinary()),
		);
		const { opcode, payload } = await wire.frame();
		expect(opcode).toBe(2);
		expect(payload.toString()).toContain("can be piped into");
	});

	kept("may be called again after 'finish'", async (bench) => {
		const { near, wire } = await bench.rawClient();
		for (const text of ["a", "b"]) {
			const stream = near.beginBinary();
			const finished = next(stream, "finish");
			stream.end(text);
			await finished;
			expect((await wire.frame()).payload.toString()).toBe(text);
		}
	});
});

describe("an OutStream whose connection is lost", () => {
	kept("is ended, and is conn.outStream no more", async (bench) => {
		const { near, wire } = await fragmenting(bench, 4);
		near.beginBinary();
		wire.socket.destroy();
		await until("the end", () => near.outStream === null);
		expect(near.socket.writable).toBe(false);
	});

	kept("drops what is written after conn.close()", async (bench) => {
		const { near, wire } = await fragmenting(bench, 4);
		const stream = near.beginBinary();
		near.close(1000);
		stream.write(Buffer.from("abcdef"));
		expect((await wire.frame()).opcode).toBe(8);
		wire.socket.end();
		expect(await wire.rest()).toEqual(Buffer.alloc(0));
	});

	fixed("gives the error to the callbacks of later writes", async (bench) => {
		const { near, wire } = await fragmenting(bench, 4);
		const stream = near.beginBinary();
		const closed = next(near, "close");
		wire.socket.destroy();
		await closed;
		expect(
			await called((done) => stream.write(Buffer.from("abcdef"), done)),
		).toBeInstanceOf(Error);
	});

	formerly("the callback of such a write succeeded", async (bench) => {
		const { near } = await fragmenting(bench, 4);
		const stream = near.beginBinary();
		near.close(1000);
		expect(
			await called((done) => stream.write(Buffer.from("abcdef"), done)),
		).toBeFalsy();
	});

	fixed("emits 'error' to who listens", async (bench) => {
		const { near, wire } = await fragmenting(bench, 4);
		const stream = near.beginBinary();
		const failed = next(stream, "error");
		wire.socket.destroy();
		expect((await failed)[0]).toBeInstanceOf(Error);
	});
});

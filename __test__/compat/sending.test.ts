import type { Readable } from "node:stream";
import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import { called, next, record, turns, until } from "../support/compat-wait.js";

const NOT_OPEN = "You can't write to a non-open connection";

describe("sendText", () => {
	kept("returns true while the socket takes more", async (bench) => {
		const { near } = await bench.pair();
		expect(near.sendText("hi")).toBe(true);
		expect(near.sendBinary(Buffer.from("hi"))).toBe(true);
	});

	kept("returns false when the peer does not read", async (bench) => {
		const { near, wire } = await bench.rawClient();
		wire.socket.pause();
		const text = "x".repeat(65_536);
		const answers: unknown[] = [];
		for (let i = 0; i < 200; i++) answers.push(near.sendText(text));
		expect(answers.at(-1)).toBe(false);
		expect(near.sendBinary(Buffer.from(text))).toBe(false);
	});

	kept("sends the bytes of a Buffer as text", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.sendText(Buffer.from("bytes"));
		expect((await wire.frame()).bytes).toEqual(
			Buffer.concat([Buffer.from([0x81, 5]), Buffer.from("bytes")]),
		);
	});

	kept("throws a TypeError for numbers, undefined and null", async (bench) => {
		const { near, wire } = await bench.rawClient();
		for (const wrong of [5, undefined, null, true]) {
			expect(() => near.sendText(wrong)).toThrow(TypeError);
		}
		near.sendText("next");
		expect((await wire.frame()).payload.toString()).toBe("next");
	});

	kept("delivers texts in order", async (bench) => {
		const { near, far } = await bench.pair();
		const sent = Array.from({ length: 200 }, (_, i) => `text ${i} é`);
		const got = record(near, "text");
		for (const text of sent) far.sendText(text);
		far.sendText("end");
		while (got.at(-1)?.[0] !== "end") await next(near, "text");
		expect(got.slice(0, -1).map(([text]) => text)).toEqual(sent);
	});

	kept("replaces lone surrogates by U+FFFD", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.sendText("a\ud800b");
		expect((await wire.frame()).payload.toString()).toBe("a\ufffdb");
	});
});

describe("a program that waits for the socket's own 'drain' after false", () => {
	for (const [what, size, count] of [
		["long texts", 20_000, 50],
		["very long texts", 1_000_000, 5],
		["short texts", 100, 20_000],
	] as const) {
		kept(`gets on with ${what}`, async (bench) => {
			const { near, far } = await bench.pair();
			let got = 0;
			far.on("text", () => got++);
			const text = "x".repeat(size);
			for (let i = 0; i < count; i++) {
				if (near.sendText(text) === false) {
					await next(near.socket, "drain");
				}
			}
			await until("all texts", () => got === count);
		});
	}

	kept("gets on with binaries from a client, too", async (bench) => {
		const { near, far } = await bench.pair();
		let got = 0;
		near.on("binary", (stream: Readable) => {
			stream.resume();
			stream.on("end", () => got++);
		});
		for (let i = 0; i < 20; i++) {
			if (far.sendBinary(Buffer.alloc(200_000)) === false) {
				await next(far.socket, "drain");
			}
		}
		await until("all binaries", () => got === 20);
	});
});

describe("sendBinary", () => {
	kept("throws a TypeError for a string", async (bench) => {
		const { near, far } = await bench.pair();
		expect(() => near.sendBinary("text")).toThrow(TypeError);
		expect(() => far.sendBinary("text")).toThrow(TypeError);
	});

	fixed("takes a Uint8Array and an ArrayBuffer", async (bench) => {
		const { far, wire } = await bench.rawServer();
		const all = Uint8Array.from([1, 2, 3, 4, 5]);
		far.sendBinary(all);
		far.sendBinary(all.subarray(1, 3));
		far.sendBinary(all.buffer);
		far.send(all);
		far.send(all.buffer);
		const seen: string[] = [];
		for (let i = 0; i < 5; i++) {
			const { opcode, payload } = await wire.frame();
			seen.push(`${opcode}:${payload.toString("hex")}`);
		}
		expect(seen).toEqual([
			"2:0102030405",
			"2:0203",
			"2:0102030405",
			"2:0102030405",
			"2:0102030405",
		]);
		expect(all).toEqual(Uint8Array.from([1, 2, 3, 4, 5]));
	});

	formerly("a client could not send a Uint8Array", async (bench) => {
		const { far } = await bench.pair();
		expect(() => far.sendBinary(new Uint8Array(3))).toThrow(TypeError);
	});
});

describe("send", () => {
	kept("sends strings as text, Buffers as binary", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.send("a");
		near.send(Buffer.from("b"));
		expect(await wire.take(6)).toEqual(Buffer.from("810161820162", "hex"));
	});

	formerly("returned undefined", async (bench) => {
		const { near } = await bench.rawClient();
		expect(near.send("a")).toBeUndefined();
	});

	fixed("returns what sendText and sendBinary return", async (bench) => {
		const { near } = await bench.rawClient();
		expect(near.send("a")).toBe(true);
		expect(near.send(Buffer.alloc(30_000_000))).toBe(false);
	});

	kept("passes the callback on", async (bench) => {
		const { near } = await bench.pair();
		expect(await called((done) => near.send("a", done))).toBeFalsy();
		expect(
			await called((done) => near.send(Buffer.from("b"), done)),
		).toBeFalsy();
	});

	kept("throws a TypeError for anything else, in any state", async (bench) => {
		const { near } = await bench.pair();
		const text = "data should be either a string or a Buffer instance";
		const errorOf = (wrong: unknown): unknown => {
			try {
				return near.send(wrong);
			} catch (error) {
				return error;
			}
		};
		const check = (wrong: unknown) => {
			expect(errorOf(wrong)).toBeInstanceOf(TypeError);
			expect(errorOf(wrong)).toMatchObject({ message: text });
		};
		for (const wrong of [5, undefined, null, {}, ["a"]]) check(wrong);
		near.close();
		check(5);
	});

	formerly("a Uint8Array was refused", async (bench) => {
		const { near } = await bench.pair();
		expect(() => near.send(new Uint8Array(1))).toThrow(
			"data should be either a string or a Buffer instance",
		);
	});
});

describe("the callback of a send", () => {
	kept("comes without an error once the data is written", async (bench) => {
		const { near, far } = await bench.pair();
		expect(await called((done) => near.sendText("a", done))).toBeFalsy();
		expect(
			await called((done) => far.sendBinary(Buffer.from("a"), done)),
		).toBeFalsy();
	});

	kept("never comes before the call has returned", async (bench) => {
		const { near } = await bench.pair();
		let returned = false;
		const early = called((done) => {
			near.sendText("a", () => done(returned ? null : new Error("early")));
			returned = true;
		});
		expect(await early).toBeNull();
	});

	kept("comes in the order of the sends", async (bench) => {
		const { near } = await bench.pair();
		const order: number[] = [];
		for (let i = 0; i < 10; i++) near.sendText("x", () => order.push(i));
		await called((done) => near.sendText("last", done));
		expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
	});

	fixed("is ignored when it is no function", async (bench) => {
		const { near, far } = await bench.pair();
		const texts = record(near, "text");
		["a", "b", "c"].forEach(far.sendText, far);
		while (texts.length < 3) await next(near, "text");
		expect(texts).toEqual([["a"], ["b"], ["c"]]);
		far.sendBinary(Buffer.from("x"), "utf8");
		far.send("d", {});
		expect(await next(near, "text")).toEqual(["d"]);
	});

	formerly("a number for a callback threw", async (bench) => {
		const { far } = await bench.pair();
		expect(() => ["a", "b"].forEach(far.sendText, far)).toThrow(
			expect.objectContaining({ code: "ERR_UNKNOWN_ENCODING" }),
		);
	});

	fixed("gets the error of misuse, on the next tick", async (bench) => {
		const { near } = await bench.pair();
		near.on("error", () => {});
		near.close();
		let returned = false;
		for (const send of [
			(done: (error?: Error | null) => void) => near.sendText("a", done),
			(done: (error?: Error | null) => void) =>
				near.sendBinary(Buffer.from("a"), done),
			(done: (error?: Error | null) => void) => near.send("a", done),
		]) {
			returned = false;
			const seen = called((done) =>
				send((error) => done(returned ? error : new Error("early"))),
			);
			returned = true;
			expect(await seen).toMatchObject({ message: NOT_OPEN });
		}
	});

	formerly("the callback of a misuse was never called", async (bench) => {
		const { near } = await bench.pair();
		near.on("error", () => {});
		near.close();
		let calls = 0;
		near.sendText("a", () => calls++);
		await turns(10);
		expect(calls).toBe(0);
	});
});

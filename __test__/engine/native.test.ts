/** What only the native engine has: memory outside JavaScript, records shared between decoders, and an addon to load. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { Kind, MORE } from "../../lib/engine/native/binding.js";
import type { NativeEngine } from "../../lib/engine/native/engine.js";
import { loadBinding } from "../../lib/engine/native/load.js";
import { platformName } from "../../lib/engine/native/platform.js";
import { decoderFailureCodes } from "../../lib/errors.js";
import { nativeEngine } from "../support/engines.js";
import { frame } from "../support/frames.js";
import { createRecorded } from "./recorder.js";

const root = join(__dirname, "../..");
const engine = nativeEngine as NativeEngine;
const loaded = loadBinding();

const text = (payload: string): Uint8Array =>
	frame({ opcode: 1, mask: true, payload });

/** The names of an enum's variants in a Rust source, in order. */
function variants(path: string, from: string, pattern: RegExp): string[] {
	const source = readFileSync(join(root, path), "utf8");
	const body = source.slice(source.indexOf(from));
	return [...body.slice(0, body.indexOf("\n}")).matchAll(pattern)].map(
		(match) => match[1],
	);
}

describe("the two halves of the binding agree", () => {
	test("on the failures and their order", () => {
		expect(
			variants("crate/src/error.rs", "\nfailures! {", /= "(WS_ERR_\w+)"/g),
		).toEqual(decoderFailureCodes);
	});

	test("on the kinds of records and their order", () => {
		const rust = variants(
			"crate/src/napi/records.rs",
			"enum Kind {",
			/^\s*([A-Z]\w+),$/gm,
		);
		const snake = (name: string): string =>
			name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
		expect(Object.keys(Kind)).toEqual(rust.map(snake));
		expect(Object.values(Kind)).toEqual(rust.map((_, index) => index));
	});
});

describe.skipIf(nativeEngine === null)("the native engine", () => {
	const binding = "binding" in loaded ? loaded.binding : (null as never);

	describe("frees decoders", () => {
		test("that are destroyed, fail or are closed", () => {
			const before = engine.decoderCount;
			const ends = [
				frame({ opcode: 8, mask: true }),
				Uint8Array.of(0xff, 0xff),
				undefined,
			];
			for (let round = 0; round < 3000; round++) {
				const { decoder } = createRecorded(engine);
				decoder.feed(
					frame({ fin: false, opcode: 1, mask: true, payload: "held" }),
				);
				expect(engine.decoderCount).toBe(before + 1);
				const end = ends[round % ends.length];
				if (end === undefined) decoder.destroy();
				else decoder.feed(Uint8Array.from(end));
				expect(engine.decoderCount).toBe(before);
				// Once more changes nothing.
				decoder.destroy();
				expect(engine.decoderCount).toBe(before);
			}
		});

		test("that are dropped without being destroyed", async () => {
			setFlagsFromString("--expose-gc");
			const gc = runInNewContext("gc") as () => void;
			const before = engine.decoderCount;
			(() => {
				for (let i = 0; i < 200; i++) createRecorded(engine);
			})();
			for (let i = 0; engine.decoderCount > before && i < 200; i++) {
				gc();
				await delay(5);
			}
			expect(engine.decoderCount).toBeLessThanOrEqual(before);
		});

		test("of a worker with the worker, whose decoders are its own", async () => {
			const before = engine.decoderCount;
			const path = JSON.stringify(join(root, "dist/engine/native/engine.js"));
			const worker = new Worker(
				`const { createNativeEngine } = require(${path});
				const engine = createNativeEngine();
				const options = { role: "client", limits: { maxMessageBytes: 9, maxStreamBytes: 9, maxFragments: 9 } };
				const kept = Array.from({ length: 50 }, () => engine.createDecoder(options, {}));
				kept[0].feed(Uint8Array.of(0x01, 0x05, 0x61));
				require("node:worker_threads").parentPort.postMessage(engine.decoderCount);
				setInterval(() => {}, 1000);`,
				{ eval: true },
			);
			const count = await new Promise((resolve, reject) => {
				worker.once("message", resolve);
				worker.once("error", reject);
			});
			expect(count).toBe(50);
			expect(engine.decoderCount).toBe(before);
			expect(await worker.terminate()).toBe(1);
		});
	});

	describe("shares its records between decoders", () => {
		test("that feed each other, sixty deep, in the middle of a batch", () => {
			const all: string[] = [];
			const dive = (depth: number): void => {
				const { decoder, recorder } = createRecorded(engine);
				recorder.text = (message) => {
					all.push(message);
					if (message.endsWith("first") && depth < 60) dive(depth + 1);
				};
				const messages = ["first", "second", "third"];
				decoder.feed(
					Buffer.concat(messages.map((word) => text(`${depth} ${word}`))),
				);
				decoder.destroy();
			};
			dive(0);
			const expected: string[] = [];
			for (let depth = 0; depth <= 60; depth++) expected.push(`${depth} first`);
			for (let depth = 60; depth >= 0; depth--) {
				expected.push(`${depth} second`, `${depth} third`);
			}
			expect(all).toEqual(expected);
		});

		test("and what one has not delivered survives the batches of others", () => {
			const decoders = Array.from({ length: 20 }, (_, number) => {
				const recorded = createRecorded(engine);
				const { decoder, recorder, events } = recorded;
				recorder.onEvent = () => {
					if (events.length % 3 === 1) decoder.suspend();
				};
				const messages = Array.from({ length: 10 }, (_, i) =>
					text(`${number}.${i} ä`),
				);
				expect(decoder.feed(Buffer.concat(messages))).toBe(false);
				return recorded;
			});
			for (let round = 0; round < 4; round++) {
				for (const { decoder } of decoders) {
					decoder.unsuspend();
					decoder.resume();
				}
			}
			for (const [number, { events }] of decoders.entries()) {
				expect(events).toEqual(
					Array.from({ length: 10 }, (_, i) => ["text", `${number}.${i} ä`]),
				);
			}
		});
	});

	test("makes the right string at every length, whole and in pieces", () => {
		for (let length = 0; length < 300; length++) {
			for (const character of ["a", "é", "日", "😀"]) {
				const message = `${"x".repeat(length % 7)}${character.repeat(length)}`;
				const bytes = text(message);
				const { decoder, events } = createRecorded(engine);
				decoder.feed(Uint8Array.from(bytes));
				const middle = bytes.length >> 1;
				decoder.feed(bytes.slice(0, middle));
				decoder.feed(bytes.slice(middle));
				expect(events).toEqual([
					["text", message],
					["text", message],
				]);
				decoder.destroy();
			}
		}
	});

	test("makes U+FFFD of what was overwritten after it was validated", () => {
		const bytes = Uint8Array.of(0x61, 0xc3, 0x61, 0xff, 0xf0, 0x9f);
		expect(binding.textSlice(bytes, 0, 6)).toBe("a\ufffda\ufffd\ufffd");
		expect(binding.textSlice(bytes, 0, 0)).toBe("");
	});

	test("refuses memory that was resized between feed and resume", () => {
		const frames = Buffer.concat([text("one"), text("two"), text("three")]);
		const memory: ArrayBuffer = Reflect.construct(ArrayBuffer, [
			frames.length,
			{ maxByteLength: 100 },
		]);
		const chunk = new Uint8Array(memory);
		chunk.set(frames);
		const { decoder, recorder, events } = createRecorded(engine);
		recorder.onEvent = () => decoder.suspend();
		expect(decoder.feed(chunk)).toBe(false);
		(memory as ArrayBuffer & { resize(bytes: number): void }).resize(4);
		decoder.unsuspend();
		expect(() => decoder.resume()).toThrow(
			expect.objectContaining({ code: "WS_ERR_BUFFER" }),
		);
		expect(events).toEqual([["text", "one"]]);
		expect(decoder.feed(text("four"))).toBe(true);
		expect(events).toHaveLength(1);
	});

	describe("never trusts an integer", () => {
		const odd = [-1, 1000, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.NaN, Infinity];

		test("that feed is called with", () => {
			const slot = binding.createDecoder(true, 100, 100, 100, 0, false);
			const records = binding.registerRecords(new Uint32Array(16));
			const chunk = new Uint8Array(4);
			for (const value of odd.filter((value) => value >>> 0 > chunk.length)) {
				expect(binding.feed(slot, records, chunk, value, 0)).toBe(-1);
				expect(binding.feed(slot, value, chunk, 0, 0)).toBe(-1);
				expect(binding.feed(value, records, chunk, 0, 0)).toBe(-2);
			}
			expect(binding.feed(slot, records, chunk, 4, 7)).toBe(0);
			binding.destroyDecoder(slot);
			expect(binding.feed(slot, records, chunk, 0, 0)).toBe(-2);
			binding.destroyDecoder(slot);
			for (const value of odd) binding.destroyDecoder(value);
		});

		test("that masking and slicing are called with", () => {
			const bytes = new Uint8Array(8);
			const key = Uint8Array.of(1, 2, 3, 4);
			for (const value of [9, 2 ** 31, 2 ** 32 - 1]) {
				expect(binding.mask(bytes, key, bytes, 0, value)).toBe(false);
				expect(binding.mask(bytes, key, bytes, value, 1)).toBe(false);
				expect(binding.textSlice(bytes, 0, value)).toBeUndefined();
				expect(binding.textSlice(bytes, value, value)).toBeUndefined();
				expect(() => engine.mask(bytes, key, bytes, value, 1)).toThrow(
					expect.objectContaining({ code: "WS_ERR_BUFFER" }),
				);
			}
			expect(binding.textSlice(bytes, 3, 2)).toBeUndefined();
			expect(binding.unmask(bytes, key.subarray(1))).toBe(false);
			expect(bytes).toEqual(new Uint8Array(8));
		});

		test("and refuses records without room for one", () => {
			expect(binding.registerRecords(new Uint32Array(7))).toBe(-1);
			expect(
				binding.registerRecords(new Uint8Array(64) as unknown as Uint32Array),
			).toBe(-1);
		});

		test("and stops a batch where the records are full", () => {
			const slot = binding.createDecoder(true, 100, 100, 100, 0, false);
			const words = new Uint32Array(12);
			const records = binding.registerRecords(words);
			const chunk = Buffer.concat([text("a"), text("b"), text("c")]);
			expect(binding.feed(slot, records, chunk, 0, 0)).toBe(2 | MORE);
			expect(binding.feed(slot, records, chunk, words[0], 0)).toBe(1);
			expect(words[4]).toBe(Kind.TEXT_ASCII);
			expect(words.slice(5, 7)).toEqual(
				Uint32Array.of(chunk.length - 1, chunk.length),
			);
			binding.destroyDecoder(slot);
		});
	});

	test("masks ranges that overlap as if the source were read first", () => {
		const key = Uint8Array.of(1, 2, 3, 4);
		for (const [from, to] of [
			[0, 5],
			[5, 0],
			[3, 3],
		]) {
			const memory = Uint8Array.from({ length: 300 }, (_, i) => i % 251);
			const source = memory.slice(from, from + 200);
			const expected = memory.slice();
			for (let i = 0; i < 200; i++) expected[to + i] = source[i] ^ key[i % 4];
			engine.mask(memory.subarray(from), key, memory, to, 200);
			expect(memory).toEqual(expected);
		}
	});
});

describe("the loader", () => {
	test("does not look into the working directory, and finds the same from any", () => {
		const elsewhere = mkdtempSync(join(tmpdir(), "nodejs-websocket-"));
		try {
			const path = join(root, "dist/engine/native/load.js");
			const script = `console.log(JSON.stringify(Object.keys(require(${JSON.stringify(path)}).loadBinding())))`;
			const keys = execFileSync(process.execPath, ["-e", script], {
				cwd: elsewhere,
				encoding: "utf8",
			});
			expect(JSON.parse(keys)).toEqual(Object.keys(loaded));
		} finally {
			rmSync(elsewhere, { recursive: true });
		}
	});

	test("says in one sentence why there is no addon, or loads that of this version", () => {
		if ("reason" in loaded) {
			expect(loaded.reason).toMatch(/^The(re)? .*\S$/);
			expect(loaded.reason).toContain(platformName());
			return;
		}
		const manifest = readFileSync(join(root, "package.json"), "utf8");
		expect(loaded.binding.version).toBe(JSON.parse(manifest).version);
	});
});

/** What only the native deflater has: memory outside JavaScript, and turns of the event loop instead of a thread. */
import { randomBytes } from "node:crypto";
import {
	setTimeout as delay,
	setImmediate as nextTurn,
} from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { constants, inflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Deflater } from "../../lib/engine/engine.js";
import { DEFLATE_NOW_BYTES } from "../../lib/engine/engine.js";
import type { NativeEngine } from "../../lib/engine/native/engine.js";
import { nativeEngine } from "../support/engines.js";

const engine = nativeEngine as NativeEngine;

const options = {
	level: 6,
	memoryLevel: 5,
	windowBits: 12,
	contextTakeover: true,
};

const create = (): Deflater => engine.createDeflater(options);

const never = (): void => {
	throw new Error("called back");
};

/** What the peer makes of the first message. */
const inflate = (payload: Uint8Array): Buffer =>
	inflateRawSync(Buffer.concat([payload, Buffer.of(0, 0, 0xff, 0xff)]), {
		finishFlush: constants.Z_SYNC_FLUSH,
	});

/** Half noise, half a run: longer than any slice. */
const long = Buffer.concat([randomBytes(500_000), Buffer.alloc(500_000, "z")]);

describe.skipIf(nativeEngine === null)("the native deflater", () => {
	test("takes memory with the first message, and gives it back when destroyed", () => {
		const before = engine.deflaterCount;
		const deflater = create();
		expect(engine.deflaterCount).toBe(before);
		deflater.release();
		deflater.deflate(Buffer.from("Hello"), true, never);
		expect(engine.deflaterCount).toBe(before + 1);
		deflater.destroy();
		expect(engine.deflaterCount).toBe(before);
		deflater.destroy();
		expect(engine.deflaterCount).toBe(before);
	});

	test("is freed when it is dropped without being destroyed", async () => {
		setFlagsFromString("--expose-gc");
		const gc = runInNewContext("gc") as () => void;
		const before = engine.deflaterCount;
		(() => {
			for (let i = 0; i < 200; i++) create().deflate(Buffer.of(i), true, never);
		})();
		expect(engine.deflaterCount).toBe(before + 200);
		for (let i = 0; engine.deflaterCount > before && i < 200; i++) {
			gc();
			await delay(5);
		}
		expect(engine.deflaterCount).toBeLessThanOrEqual(before);
	});

	test("lets other work run between the slices of a long payload", async () => {
		const deflater = create();
		let done: Uint8Array | null = null;
		const now = deflater.deflate(long, true, (bytes) => {
			done = bytes;
		});
		expect(now).toBeNull();
		let turns = 0;
		while (done === null) {
			await nextTurn();
			turns++;
		}
		expect(turns).toBeGreaterThanOrEqual(long.length / (64 * 1024) - 1);
		expect(inflate(done).equals(long)).toBe(true);
		deflater.destroy();
	});

	test("serves others between the slices, each with its own history", async () => {
		const [one, other] = [create(), create()];
		const results: Promise<Uint8Array>[] = [one, other].map(
			(deflater) =>
				new Promise((resolve) => deflater.deflate(long, true, resolve)),
		);
		const third = create();
		const short = third.deflate(Buffer.from("Hello"), true, never);
		expect(inflate(short as Uint8Array).toString()).toBe("Hello");
		for (const result of await Promise.all(results)) {
			expect(inflate(result).equals(long)).toBe(true);
		}
		for (const deflater of [one, other, third]) deflater.destroy();
	});

	test("drops what is under way when it is destroyed", async () => {
		const before = engine.deflaterCount;
		const deflater = create();
		deflater.deflate(long, true, never);
		await nextTurn();
		deflater.destroy();
		for (let i = 0; i < 40; i++) await nextTurn();
		expect(engine.deflaterCount).toBe(before);
	});

	test("refers to no message before its memory was given back", () => {
		const deflater = create();
		const send = (): Buffer =>
			Buffer.from(
				deflater.deflate(long.subarray(0, 200), true, never) as Uint8Array,
			);
		const first = send();
		const second = send();
		expect(second.length).toBeLessThan(20);
		deflater.release();
		expect(send().equals(first)).toBe(true);
		deflater.destroy();
	});

	test("refuses memory that is shared or gone", () => {
		const deflater = create();
		const gone = new Uint8Array(100);
		structuredClone(gone.buffer, { transfer: [gone.buffer] });
		for (const bad of [new Uint8Array(new SharedArrayBuffer(9)), gone]) {
			expect(() => deflater.deflate(bad, true, never)).toThrow(
				expect.objectContaining({ code: "WS_ERR_BUFFER" }),
			);
		}
		deflater.destroy();
	});

	test("says truly how much memory it keeps", () => {
		const count = 300;
		const before = process.memoryUsage.rss();
		const deflaters = Array.from({ length: count }, () => {
			const deflater = engine.createDeflater({
				...options,
				windowBits: 15,
				memoryLevel: 8,
			});
			// So much that every page of its memory is touched.
			for (let i = 0; i < 8; i++) {
				deflater.deflate(long.subarray(0, DEFLATE_NOW_BYTES), true, never);
			}
			return deflater;
		});
		const told = engine.deflaterBytes({
			...options,
			windowBits: 15,
			memoryLevel: 8,
		});
		const taken = (process.memoryUsage.rss() - before) / count;
		// An allocator that checks what is done with its memory takes a third more.
		expect(taken).toBeLessThan(told * 1.6);
		expect(taken).toBeGreaterThan(told * 0.5);
		for (const deflater of deflaters) deflater.destroy();
	});
});

import { describe, expect, test } from "vitest";
import type { Engine } from "../../../lib/engine/engine.js";
import { frame } from "../../support/frames.js";
import { createRecorded } from "../recorder.js";

const bufferError = expect.objectContaining({
	name: "TypeError",
	code: "WS_ERR_BUFFER",
});

/** Runs `call` and returns what it throws. */
function thrownBy(call: () => unknown): unknown {
	try {
		call();
	} catch (error) {
		return error;
	}
	return undefined;
}

/** A view whose memory was transferred away. */
function detached(): Uint8Array {
	const view = new Uint8Array(16);
	structuredClone(view.buffer, { transfer: [view.buffer] });
	return view;
}

export function testMemory(engine: Engine): void {
	describe("memory that cannot be fed", () => {
		test.each([
			["undefined", undefined],
			["null", null],
			["a number", 3],
			["a string", "abc"],
			["an array", [1, 2, 3]],
			["an ArrayBuffer", new ArrayBuffer(3)],
			["a DataView", new DataView(new ArrayBuffer(3))],
			["a Uint16Array", new Uint16Array(3)],
			["an object like a Buffer", { length: 3, buffer: new ArrayBuffer(3) }],
			["shared memory", new Uint8Array(new SharedArrayBuffer(8))],
			["empty shared memory", new Uint8Array(new SharedArrayBuffer(0))],
			["detached memory", detached()],
		])(
			"%s is refused with a typed error, and the decoder goes on",
			(_, chunk) => {
				const { decoder, events } = createRecorded(engine);
				const feed = (): boolean => decoder.feed(chunk as Uint8Array);
				expect(thrownBy(feed)).toEqual(bufferError);
				expect(decoder.feed(frame({ opcode: 9, mask: true }))).toBe(true);
				expect(events).toEqual([["ping", ""]]);
			},
		);
	});

	test("an empty chunk is fine", () => {
		const { decoder } = createRecorded(engine);
		expect(decoder.feed(new Uint8Array(0))).toBe(true);
		expect(decoder.feed(Buffer.alloc(0))).toBe(true);
	});

	test("a plain Uint8Array within a larger ArrayBuffer is read where it lies", () => {
		const bytes = frame({ opcode: 1, mask: true, payload: "héllo" });
		const memory = new Uint8Array(100).fill(0xff);
		memory.set(bytes, 13);
		const { decoder, events } = createRecorded(engine);
		decoder.feed(new Uint8Array(memory.buffer, 13, bytes.length));
		expect(events).toEqual([["text", "héllo"]]);
		expect(memory.slice(0, 13)).toEqual(new Uint8Array(13).fill(0xff));
		expect(memory.slice(13 + bytes.length)).toEqual(
			new Uint8Array(87 - bytes.length).fill(0xff),
		);
	});

	test("memory that a receiver transfers away in the middle of a chunk stops the decoder with a typed error", () => {
		const binary = frame({ opcode: 2, mask: true, payload: "abc" });
		const bytes = new Uint8Array(Buffer.concat([binary, binary, binary]));
		const { decoder, recorder } = createRecorded(engine);
		let messages = 0;
		recorder.binary = (message) => {
			messages++;
			const memory = message.buffer as ArrayBuffer;
			structuredClone(memory, { transfer: [memory] });
		};
		// An engine that delivers copies has nothing to lose; else it must say so.
		const error = thrownBy(() => decoder.feed(bytes));
		if (error === undefined) expect(messages).toBe(3);
		else {
			expect(error).toEqual(bufferError);
			expect(messages).toBe(1);
			expect(decoder.feed(Buffer.from(binary))).toBe(true);
			expect(messages).toBe(1);
		}
	});

	/** Feeds three messages in one chunk to a receiver that takes the chunk away at message `taken`, and throws. */
	function takeAndThrow(taken: number) {
		const binary = frame({ opcode: 2, mask: true, payload: "abc" });
		const bytes = new Uint8Array(Buffer.concat([binary, binary, binary]));
		const { decoder, recorder } = createRecorded(engine);
		const seen = { decoder, messages: 0, errors: [] as unknown[] };
		recorder.binary = (message) => {
			if (++seen.messages !== taken) return;
			const memory = message.buffer as ArrayBuffer;
			structuredClone(memory, { transfer: [memory] });
			throw new Error("thrown");
		};
		const next = [() => decoder.feed(bytes), () => decoder.resume()];
		for (const call of [...next, next[1]]) seen.errors.push(thrownBy(call));
		seen.errors.push(thrownBy(() => decoder.feed(Buffer.from(binary))));
		return seen;
	}

	test("a receiver that takes it away and throws has its own exception, and the decoder has stopped", () => {
		const { decoder, messages, errors } = takeAndThrow(1);
		expect(errors[0]).toEqual(new Error("thrown"));
		expect(errors.slice(1)).toEqual([undefined, undefined, undefined]);
		expect(messages).toBe(1);
		expect(decoder.loss).toEqual(bufferError);
	});

	test("a receiver that takes it away behind its last message takes nothing", () => {
		const { decoder, messages } = takeAndThrow(3);
		expect(messages).toBe(4);
		expect(decoder.loss).toBeNull();
	});

	test("memory that is taken away between two turns stops the decoder, too", () => {
		const binary = frame({ opcode: 2, mask: true, payload: "abc" });
		const bytes = new Uint8Array(Buffer.concat([binary, binary, binary]));
		const { decoder, recorder } = createRecorded(engine);
		const messages: Buffer[] = [];
		recorder.binary = (message) => {
			messages.push(message);
			decoder.suspend();
		};
		expect(decoder.feed(bytes)).toBe(false);
		const memory = messages[0].buffer as ArrayBuffer;
		structuredClone(memory, { transfer: [memory] });
		decoder.unsuspend();
		expect(thrownBy(() => decoder.resume())).toEqual(bufferError);
		expect(decoder.loss).toEqual(bufferError);
		expect(messages).toHaveLength(1);
	});
}

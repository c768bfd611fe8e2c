import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Engine } from "../../../lib/engine/engine.js";
import { applyMask, frame } from "../../support/frames.js";
import { beginsText } from "../../support/reference.js";
import { decode } from "../recorder.js";

const keys = fc.uint8Array({ minLength: 4, maxLength: 4 });
const bytes = fc.uint8Array({ maxLength: 700 });

/** Bytes that are UTF-8, or nearly so. */
const nearlyText = fc
	.tuple(
		fc.string({ unit: "binary", maxLength: 90 }),
		fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 2 }),
		fc.nat(400),
	)
	.map(([text, damages, length]) => {
		const buffer = Buffer.from(text);
		for (const [at, byte] of damages)
			if (buffer.length > 0) buffer[at % buffer.length] = byte;
		return buffer.subarray(0, length);
	});

export function testFunctions(engine: Engine): void {
	describe("mask and unmask", () => {
		test("mask writes into output from offset on, and nowhere else", () => {
			fc.assert(
				fc.property(
					bytes,
					keys,
					fc.nat(20),
					fc.nat(20),
					(source, key, offset, spare) => {
						const before = Uint8Array.from(source);
						const output = new Uint8Array(offset + source.length + spare).fill(
							7,
						);
						engine.mask(source, key, output, offset, source.length);
						const end = offset + source.length;
						expect(Buffer.from(output.slice(offset, end))).toEqual(
							applyMask(source, key),
						);
						expect(output.slice(0, offset).every((byte) => byte === 7)).toBe(
							true,
						);
						expect(output.slice(end).every((byte) => byte === 7)).toBe(true);
						expect(source).toEqual(before);
					},
				),
			);
		});

		test("mask takes only `length` bytes of the source", () => {
			const source = Buffer.from("abcdef");
			const output = Buffer.alloc(6);
			engine.mask(source, Buffer.from([1, 1, 1, 1]), output, 1, 3);
			expect(output).toEqual(Buffer.from("\0`cb\0\0"));
		});

		test("mask may write where it reads", () => {
			fc.assert(
				fc.property(bytes, keys, (source, key) => {
					const expected = applyMask(source, key);
					engine.mask(source, key, source, 0, source.length);
					expect(Buffer.from(source)).toEqual(expected);
				}),
			);
		});

		test("unmask works in place at any alignment", () => {
			fc.assert(
				fc.property(bytes, keys, fc.nat(9), (source, key, shift) => {
					const memory = new Uint8Array(shift + source.length + 9).fill(9);
					const view = memory.subarray(shift, shift + source.length);
					view.set(source);
					engine.unmask(view, key);
					expect(Buffer.from(view)).toEqual(applyMask(source, key));
					expect(memory.slice(0, shift).every((byte) => byte === 9)).toBe(true);
					expect(memory.slice(-9).every((byte) => byte === 9)).toBe(true);
				}),
			);
		});

		test("a mebibyte is masked like its parts", () => {
			const source = Buffer.alloc(2 ** 20 + 3, "some payload data");
			const key = Uint8Array.of(0x80, 0xff, 0, 0x17);
			const output = Buffer.alloc(source.length + 1);
			engine.mask(source, key, output, 1, source.length);
			expect(output.subarray(1).equals(applyMask(source, key))).toBe(true);
			const view = output.subarray(1);
			engine.unmask(view, key);
			expect(view.equals(source)).toBe(true);
		});
	});

	describe("arguments that do not fit", () => {
		const key = Uint8Array.of(1, 2, 3, 4);
		const ten = new Uint8Array(10);
		const shared = new Uint8Array(new SharedArrayBuffer(10));
		const refused = expect.objectContaining({
			name: "TypeError",
			code: "WS_ERR_BUFFER",
		});

		test.each([
			["a source that is a string", ["abc", key, ten, 0, 3]],
			["a shared source", [shared, key, ten, 0, 3]],
			["a shared output", [ten, key, shared, 0, 3]],
			["a key of three bytes", [ten, key.subarray(1), ten, 0, 3]],
			["a key that is an array", [ten, [1, 2, 3, 4], ten, 0, 3]],
			["a source shorter than length", [ten, key, new Uint8Array(20), 0, 11]],
			["an output shorter than length", [ten, key, new Uint8Array(9), 0, 10]],
			["an offset that leaves no room", [ten, key, ten, 1, 10]],
			["a negative offset", [ten, key, ten, -1, 3]],
			["a negative length", [ten, key, ten, 0, -1]],
			["a length that is not a number", [ten, key, ten, 0, Number.NaN]],
			["a fractional length", [ten, key, ten, 0, 1.5]],
			["a fractional offset", [ten, key, ten, 0.5, 1]],
			["a length of 2^32", [ten, key, ten, 0, 2 ** 32]],
			["an endless length", [ten, key, ten, 0, Number.POSITIVE_INFINITY]],
		])("mask refuses %s, and writes nothing", (_, args) => {
			const mask = engine.mask.bind(engine) as (...args: unknown[]) => void;
			let thrown: unknown;
			try {
				mask(...args);
			} catch (error) {
				thrown = error;
			}
			expect(thrown).toEqual(refused);
			expect(ten).toEqual(new Uint8Array(10));
		});

		test("unmask and isValidUTF8 refuse what is not theirs", () => {
			const calls: (() => unknown)[] = [
				() => engine.unmask("abc" as never, key),
				() => engine.unmask(shared, key),
				() => engine.unmask(ten, key.subarray(1)),
				() => engine.unmask(ten, undefined as never),
				() => engine.isValidUTF8("abc" as never),
				() => engine.isValidUTF8(shared),
				() => engine.isValidUTF8(undefined as never),
			];
			for (const call of calls) {
				let thrown: unknown;
				try {
					call();
				} catch (error) {
					thrown = error;
				}
				expect(thrown, String(call)).toEqual(refused);
			}
		});
	});

	describe("isValidUTF8", () => {
		test("agrees with Node", () => {
			fc.assert(
				fc.property(fc.oneof(nearlyText, bytes), (buffer) => {
					expect(engine.isValidUTF8(buffer)).toBe(isUtf8(buffer));
				}),
				{ numRuns: 3000 },
			);
		});

		test("agrees with Node for all sequences of up to two bytes, and for all beginnings of three and four", () => {
			for (let first = 0; first < 256; first++) {
				for (let second = 0; second < 256; second++) {
					for (const rest of [
						[],
						[0x80],
						[0xbf],
						[0x80, 0x80],
						[0xbf, 0xbf],
						[0x41],
					]) {
						const buffer = Uint8Array.of(first, second, ...rest);
						if (engine.isValidUTF8(buffer) !== isUtf8(buffer))
							expect.fail(Buffer.from(buffer).toString("hex"));
					}
				}
				expect(engine.isValidUTF8(Uint8Array.of(first))).toBe(first < 0x80);
			}
		});

		test("the empty buffer is valid", () => {
			expect(engine.isValidUTF8(new Uint8Array(0))).toBe(true);
		});
	});

	test("a text in pieces fails with the piece in which its beginning stops being one", () => {
		fc.assert(
			fc.property(
				nearlyText,
				fc.integer({ min: 1, max: 80 }),
				(payload, size) => {
					const whole = frame({
						opcode: 1,
						mask: true,
						payload,
						declared: 100_000,
					});
					const chunks: Uint8Array[] = [whole.subarray(0, 14)];
					for (let at = 14; at < whole.length; at += size)
						chunks.push(whole.subarray(at, at + size));
					for (let count = 1; count <= chunks.length; count++) {
						const fed = Math.min((count - 1) * size, payload.length);
						const failed = decode(engine, chunks.slice(0, count)).length !== 0;
						expect(failed).toBe(!beginsText(payload.subarray(0, fed)));
					}
				},
			),
			{ numRuns: 300 },
		);
	});
}

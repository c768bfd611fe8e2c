import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Engine } from "../../../lib/engine/engine.js";
import { cut, frame } from "../../support/frames.js";
import { createRecorded, decode } from "../recorder.js";
import { expectOutcomes } from "./cuts.js";

const bytesOf = (hex: string): Buffer =>
	Buffer.from(hex.replaceAll(" ", ""), "hex");
const textFrame = (payload: Uint8Array | string, fin = true): Buffer =>
	frame({ opcode: 1, mask: true, fin, payload });
const continuation = (payload: Uint8Array | string, fin = true): Buffer =>
	frame({ opcode: 0, mask: true, fin, payload });

/** Each is wrong at its last byte, and the beginning of some text before it. */
const wrongAtLastByte = [
	["a continuation byte alone", "80"],
	["a continuation byte alone", "bf"],
	["overlong: C0", "c0"],
	["overlong: C1", "c1"],
	["overlong: E0 80", "e0 80"],
	["overlong: E0 9F", "e0 9f"],
	["overlong: F0 80", "f0 80"],
	["overlong: F0 8F", "f0 8f"],
	["a surrogate: ED A0", "ed a0"],
	["a surrogate: ED BF", "ed bf"],
	["beyond U+10FFFF: F4 90", "f4 90"],
	["beyond U+10FFFF: F5", "f5"],
	["not UTF-8 at all: FF", "ff"],
	["two bytes, the second ASCII", "c3 28"],
	["three bytes, the third ASCII", "e2 82 28"],
	["three bytes, the third a lead", "e2 82 c3"],
	["four bytes, the fourth ASCII", "f0 9f 98 28"],
	["four bytes, the second ASCII", "f0 28"],
] as const;

const characters = ["A", "é", "߿", "ࠀ", "€", "퟿", "", "�", "𐀀", "😀", "􏿿"];

export function testText(engine: Engine): void {
	test("an empty text is a text", () => {
		expectOutcomes(engine, textFrame(""), [["text", ""]]);
		expectOutcomes(
			engine,
			Buffer.concat([textFrame("", false), continuation("")]),
			[["text", ""]],
		);
	});

	test("short texts in one chunk are told apart, whatever comes between them and wherever it stops", () => {
		const texts = Array.from({ length: 90 }, (_, n) =>
			n % 17 === 16 ? `${n} zwölf` : `${n}`.padEnd((n * 7) % 60, "abcdefg"),
		);
		texts.push("", "x".repeat(600), "", "y");
		const frames = texts.map((text) => textFrame(text));
		frames.splice(40, 0, frame({ opcode: 2, mask: true, payload: "binary" }));
		const expected = texts.map((text) => ["text", text]);
		expected.splice(40, 0, ["binary", Buffer.from("binary").toString("hex")]);
		const bytes = Buffer.concat(frames);
		expect(decode(engine, [Buffer.from(bytes)])).toEqual(expected);
		for (const every of [1, 5]) {
			const { decoder, recorder, events } = createRecorded(engine);
			recorder.onEvent = () => {
				if (events.length % every === 0) decoder.suspend();
			};
			let isDone = decoder.feed(Buffer.from(bytes));
			while (!isDone) {
				decoder.unsuspend();
				isDone = decoder.resume();
			}
			expect(events).toEqual(expected);
		}
	});

	test("a byte order mark and NUL are characters like others", () => {
		expectOutcomes(engine, textFrame("\ufeffa\0b"), [["text", "\ufeffa\0b"]]);
	});

	test("characters of every length survive every cut", () => {
		const text = characters.join("");
		expectOutcomes(engine, textFrame(text), [["text", text]]);
	});

	test("a character may be cut over fragments", () => {
		const text = characters.join("");
		const bytes = Buffer.from(text);
		for (let at = 0; at <= bytes.length; at++) {
			const chunk = Buffer.concat([
				textFrame(bytes.subarray(0, at), false),
				continuation(bytes.subarray(at)),
			]);
			expect(decode(engine, [chunk])).toEqual([["text", text]]);
		}
	});

	test("ASCII and other pieces make one text in any order", () => {
		const pieces = ["ascii", "é", "more ascii", "😀", ""];
		const chunks = pieces.map((piece, index) =>
			frame({
				opcode: index === 0 ? 1 : 0,
				mask: true,
				fin: index === pieces.length - 1,
				payload: piece,
			}),
		);
		expectOutcomes(engine, Buffer.concat(chunks), [["text", pieces.join("")]]);
	});

	test("a text that is not ASCII is followed by one that is", () => {
		const bytes = Buffer.concat([
			textFrame("é", false),
			continuation("é"),
			textFrame("e", false),
			continuation("f"),
		]);
		expectOutcomes(engine, bytes, [
			["text", "éé"],
			["text", "ef"],
		]);
	});

	describe("invalid UTF-8", () => {
		test.each(wrongAtLastByte)("%s is refused (%s)", (_, hex) => {
			const bad = bytesOf(hex);
			for (const fill of ["", "x", "é".repeat(40), "x".repeat(200)]) {
				const payload = Buffer.concat([
					Buffer.from(fill),
					bad,
					Buffer.from(fill),
				]);
				expect(decode(engine, [textFrame(payload)])).toEqual([
					["failure", "WS_ERR_INVALID_UTF8"],
				]);
			}
		});

		test.each(wrongAtLastByte)(
			"%s is refused at its last byte, before the rest is here",
			(_, hex) => {
				for (const fill of ["", "ascii ", "é€😀", "é".repeat(100)]) {
					const payload = Buffer.concat([Buffer.from(fill), bytesOf(hex)]);
					const bytes = frame({
						opcode: 1,
						mask: true,
						payload,
						declared: payload.length + 1000,
					});
					const { decoder, events } = createRecorded(engine);
					decoder.feed(Buffer.from(bytes.subarray(0, -1)));
					expect(events).toEqual([]);
					decoder.feed(Buffer.from(bytes.subarray(-1)));
					expect(events).toEqual([["failure", "WS_ERR_INVALID_UTF8"]]);
				}
			},
		);

		test.each(["c3", "e2 82", "f0 9f 98"])(
			"a text that ends within a character (%s) is refused",
			(hex) => {
				const failure = [["failure", "WS_ERR_INVALID_UTF8"]] as never;
				const bad = bytesOf(hex);
				expectOutcomes(engine, textFrame(bad), failure);
				expectOutcomes(
					engine,
					Buffer.concat([textFrame(bad, false), continuation("")]),
					failure,
				);
				expectOutcomes(
					engine,
					textFrame(Buffer.concat([Buffer.from("é".repeat(50)), bad])),
					failure,
				);
			},
		);

		test("it is found before a broken rule that comes later in the bytes", () => {
			const bytes = Buffer.concat([
				textFrame(bytesOf("ff"), false),
				frame({ opcode: 3, mask: true }),
			]);
			expectOutcomes(engine, bytes, [["failure", "WS_ERR_INVALID_UTF8"]]);
		});

		test("in binary messages all bytes may stand", () => {
			const payload = bytesOf("ff c0 80 ed a0");
			expectOutcomes(engine, frame({ opcode: 2, mask: true, payload }), [
				["binary", payload.toString("hex")],
			]);
		});
	});

	test("any text comes back, whatever its cuts and fragments", () => {
		fc.assert(
			fc.property(
				fc.array(fc.string({ unit: "binary", maxLength: 80 }), {
					minLength: 1,
					maxLength: 5,
				}),
				fc.array(fc.nat(300), { maxLength: 6 }),
				(pieces, cuts) => {
					// Lone surrogates have no UTF-8: what can arrive is what TextEncoder makes of them.
					const payloads = pieces.map((piece) => Buffer.from(piece));
					const frames = payloads.map((payload, index) =>
						frame({
							opcode: index === 0 ? 1 : 0,
							fin: index === pieces.length - 1,
							mask: true,
							payload,
						}),
					);
					const expected = Buffer.concat(payloads).toString();
					const chunks = cut(Buffer.concat(frames), cuts);
					expect(decode(engine, chunks)).toEqual([["text", expected]]);
				},
			),
			{ numRuns: 300 },
		);
	});

	test("a long text in small chunks is joined", () => {
		const text = "0123456789abcdef€".repeat(20_000);
		const bytes = textFrame(text);
		const chunks: Buffer[] = [];
		for (let at = 0; at < bytes.length; at += 1000)
			chunks.push(bytes.subarray(at, at + 1000));
		const events = decode(engine, chunks);
		expect(events).toHaveLength(1);
		expect(events[0][1] === text).toBe(true);
	});
}

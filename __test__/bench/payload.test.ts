/** What the measured clients send, and that a wrong echo is noticed: figures of wrong answers are worth nothing. */
import { describe, expect, test } from "vitest";
import {
	checkerFor,
	makePayload,
} from "../../bench/candidates/clients/payload.mjs";
import { maskedFrames } from "../../bench/candidates/engine/frames.mjs";
import { frame } from "../support/frames.js";

const kinds = ["ascii", "non-ascii", "binary"];

describe.each(kinds)("a payload, %s", (kind) => {
	test("has exactly so many bytes", () => {
		for (const byteLength of [1, 9, 32, 125, 1024, 65_536]) {
			expect(Buffer.byteLength(makePayload(kind, byteLength))).toBe(byteLength);
		}
	});

	test("is taken as it was sent, as bytes and as a string", () => {
		const payload = makePayload(kind, 1000);
		const check = checkerFor(payload);
		const bytes = Buffer.from(payload);
		check(bytes);
		check(Uint8Array.from(bytes).buffer);
		if (typeof payload === "string") check(payload);
	});

	test("is refused in another length", () => {
		const check = checkerFor(makePayload(kind, 1000));
		check(Buffer.from(makePayload(kind, 1000)));
		expect(() => check(makePayload(kind, 999))).toThrow("came back for");
	});

	test("is refused with other content, the first time and later", () => {
		const payload = Buffer.from(makePayload(kind, 1000));
		const other = Buffer.from(payload);
		other[999] ^= 1;
		expect(() => checkerFor(payload)(other)).toThrow("other content");
		const check = checkerFor(payload);
		for (let i = 0; i < 1024; i++) check(payload);
		expect(() => check(other)).toThrow("other content");
	});
});

test.each([
	[125, 2],
	[126, 4],
	[65_535, 4],
	[65_536, 10],
])(
	"frames of %d bytes are those of a client, each with a key of its own",
	(byteLength, keyAt) => {
		const text = makePayload("ascii", byteLength) as string;
		const stream = maskedFrames(text, 2);
		const half = stream.length / 2;
		const frames = [stream.subarray(0, half), stream.subarray(half)];
		const keys = frames.map((bytes) => bytes.subarray(keyAt, keyAt + 4));
		frames.forEach((bytes, i) => {
			const expected = frame({ opcode: 1, mask: keys[i], payload: text });
			expect(bytes.equals(expected)).toBe(true);
		});
		expect(keys[0].equals(keys[1])).toBe(false);
	},
);

test("a string is sent as text, bytes as binary", () => {
	expect(maskedFrames("a", 1)[0]).toBe(0x81);
	expect(maskedFrames(Buffer.from("a"), 1)[0]).toBe(0x82);
});

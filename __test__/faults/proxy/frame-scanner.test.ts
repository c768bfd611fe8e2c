import { describe, expect, test } from "vitest";
import { cut, frame } from "../../support/frames.js";
import { FrameScanner } from "./frame-scanner.mjs";

const head = Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");

/** Ends of whole messages are marked by `ends`. */
const frames = [
	{ bytes: frame({ opcode: 1, payload: "abc", mask: true }), ends: true },
	{ bytes: frame({ opcode: 9, payload: "ping", mask: true }), ends: false },
	{ bytes: frame({ opcode: 2, payload: "", mask: true }), ends: true },
	{ bytes: frame({ fin: false, opcode: 2, payload: "xy" }), ends: false },
	{ bytes: frame({ opcode: 10, payload: "" }), ends: false },
	{ bytes: frame({ opcode: 0, payload: Buffer.alloc(126) }), ends: true },
	{ bytes: frame({ opcode: 2, payload: Buffer.alloc(65_536) }), ends: true },
	{ bytes: frame({ opcode: 8, payload: "\x03\xe8" }), ends: false },
];

const stream = Buffer.concat([head, ...frames.map(({ bytes }) => bytes)]);

/** Where each message ends. */
const ends: number[] = [];
let position = head.length;
for (const { bytes, ends: isEnd } of frames) {
	position += bytes.length;
	if (isEnd) ends.push(position);
}

const close = {
	start: stream.length - (frames.at(-1)?.bytes.length ?? 0),
	end: stream.length,
};

function scan(chunks: readonly Buffer[]): FrameScanner {
	const scanner = new FrameScanner();
	for (const chunk of chunks) scanner.push(chunk);
	return scanner;
}

describe("a frame scanner", () => {
	test("counts the messages up to a position", () => {
		const scanner = scan([stream]);
		ends.forEach((end, index) => {
			expect(scanner.messagesUpTo(end - 1)).toBe(index);
			expect(scanner.messagesUpTo(end)).toBe(index + 1);
		});
		expect(scanner.messagesUpTo(stream.length)).toBe(ends.length);
	});

	test("knows where the close frame is", () => {
		expect(scan([stream]).close).toEqual(close);
		expect(scan([stream.subarray(0, close.start)]).close).toBeNull();
	});

	test("sees the same however the stream is cut", () => {
		for (let at = 1; at < 300; at++) {
			const scanner = scan(cut(stream, [at, at + 1, at + 7, at + 150]));
			expect(scanner.messagesUpTo(stream.length)).toBe(ends.length);
			expect(scanner.close).toEqual(close);
		}
	});
});

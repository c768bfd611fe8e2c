import { describe, expect, test } from "vitest";
import type { Engine } from "../../../lib/engine/engine.js";
import { frame } from "../../support/frames.js";
import { createRecorded, decode, joinPieces } from "../recorder.js";
import { expectOutcomes } from "./cuts.js";

const payload = Buffer.from("00ff10ef20df30cf40bf50af", "hex");
const hex = payload.toString("hex");
const binary = (bytes: Uint8Array, fin = true): Buffer =>
	frame({ opcode: 2, mask: true, fin, payload: bytes });
const continuation = (bytes: Uint8Array, fin = true): Buffer =>
	frame({ opcode: 0, mask: true, fin, payload: bytes });

export function testBinary(engine: Engine): void {
	test("a message that is here whole is delivered without asking", () => {
		expect(decode(engine, [binary(payload)])).toEqual([["binary", hex]]);
		expect(decode(engine, [binary(Buffer.alloc(0))])).toEqual([["binary", ""]]);
	});

	test("a payload that is here whole is delivered without asking, even if its header was cut", () => {
		const bytes = binary(payload);
		for (let at = 1; at <= 6; at++) {
			const chunks = [bytes.subarray(0, at), bytes.subarray(at)];
			const events = decode(engine, chunks);
			if (at < 6) expect(events).toEqual([["binary", hex]]);
			else expect(events[0]).toEqual(["begin", "collect"]);
		}
	});

	test("the sink is asked at the header, before any payload", () => {
		const { decoder, events } = createRecorded(engine);
		const bytes = binary(payload);
		decoder.feed(Buffer.from(bytes.subarray(0, 5)));
		expect(events).toEqual([]);
		decoder.feed(Buffer.from(bytes.subarray(5, 6)));
		expect(events).toEqual([["begin", "collect"]]);
	});

	test("collected messages come whole, whatever the cuts", () => {
		const bytes = Buffer.concat([
			binary(payload),
			binary(payload.subarray(0, 5), false),
			continuation(Buffer.alloc(0), false),
			continuation(payload.subarray(5)),
		]);
		expectOutcomes(engine, bytes, [
			["binary", hex],
			["binary", hex],
		]);
	});

	test("streamed messages come in pieces, and end", () => {
		const modeOf = (): "stream" => "stream";
		const bytes = Buffer.concat([
			binary(payload.subarray(0, 5), false),
			continuation(payload.subarray(5)),
		]);
		expect(joinPieces(decode(engine, [bytes], { modeOf }))).toEqual([
			["begin", "stream"],
			["data", hex],
			["end"],
		]);
		expectOutcomes(engine, bytes, [["binary", hex]], { modeOf });
	});

	test("a streamed piece is delivered as soon as it is here, and is never empty", () => {
		const { decoder, events } = createRecorded(engine, {
			modeOf: () => "stream",
		});
		const bytes = Buffer.concat([
			binary(Buffer.alloc(0), false),
			continuation(payload),
			frame({ opcode: 9, mask: true }),
		]);
		const seen: string[] = [];
		for (const byte of bytes) {
			decoder.feed(Uint8Array.of(byte));
			seen.push(events.at(-1)?.[0] ?? "");
		}
		expect(seen.slice(0, 6)).toEqual(["", "", "", "", "", "begin"]);
		expect(events.filter(([kind]) => kind === "data")).toEqual(
			[...payload].map((byte) => ["data", byte.toString(16).padStart(2, "0")]),
		);
		expect(events.slice(-2)).toEqual([["end"], ["ping", ""]]);
	});

	test("an empty streamed message begins and ends", () => {
		const bytes = Buffer.concat([
			binary(Buffer.alloc(0), false),
			continuation(Buffer.alloc(0)),
		]);
		const events = decode(engine, [bytes], { modeOf: () => "stream" });
		expect(events).toEqual([["begin", "stream"], ["end"]]);
	});

	test("each message is asked for anew", () => {
		const modeOf = (n: number): "collect" | "stream" =>
			n % 2 === 0 ? "collect" : "stream";
		const one = Buffer.concat([
			binary(payload.subarray(0, 1), false),
			continuation(payload.subarray(1)),
		]);
		const events = decode(engine, [Buffer.concat([one, one, one])], { modeOf });
		expect(joinPieces(events)).toEqual([
			["begin", "collect"],
			["binary", hex],
			["begin", "stream"],
			["data", hex],
			["end"],
			["begin", "collect"],
			["binary", hex],
		]);
	});

	test("what is delivered stays as it is while the decoder goes on", () => {
		const kept: Buffer[] = [];
		const { decoder, recorder } = createRecorded(engine, {
			modeOf: (n) => (n % 2 === 0 ? "collect" : "stream"),
		});
		recorder.binary = (message) => kept.push(message);
		recorder.binaryData = (piece) => kept.push(piece);
		recorder.ping = (piece) => kept.push(piece);
		const bytes = Buffer.concat([
			binary(payload),
			frame({ opcode: 9, mask: true, payload }),
			binary(payload.subarray(0, 3), false),
			continuation(payload.subarray(3)),
		]);
		for (let round = 0; round < 50; round++) {
			const chunk = Buffer.from(bytes);
			const at = round % bytes.length;
			decoder.feed(chunk.subarray(0, at));
			decoder.feed(chunk.subarray(at));
		}
		const joined = Buffer.concat(kept).toString("hex");
		expect(joined).toBe(hex.repeat(150));
		for (const piece of kept) expect(Buffer.isBuffer(piece)).toBe(true);
	});

	describe("pieces of every size", () => {
		test.each([1, 100, 4095, 4096, 70_000])(
			"300,000 bytes in chunks of %i bytes are collected",
			(size) => {
				const large = Buffer.alloc(300_000);
				for (let at = 0; at < large.length; at++) large[at] = (at * 7) >> 3;
				const bytes = binary(large);
				const { decoder, recorder } = createRecorded(engine);
				const messages: Buffer[] = [];
				recorder.binary = (message) => messages.push(message);
				let wrong = 0;
				for (let at = 0; at < bytes.length; at += size) {
					decoder.feed(Buffer.from(bytes.subarray(at, at + size)));
					const arrived = Math.max(0, at + size - 14);
					const incomplete = at + size < bytes.length;
					if (decoder.pendingBytes !== (incomplete ? arrived : 0)) wrong++;
				}
				expect(wrong).toBe(0);
				expect(messages.map((message) => message.equals(large))).toEqual([
					true,
				]);
				expect(decoder.pendingBytes).toBe(0);
			},
		);
	});

	test("a delivered message is a Buffer like any other", () => {
		const { decoder, recorder } = createRecorded(engine);
		const messages: Buffer[] = [];
		recorder.binary = (message) => messages.push(message);
		decoder.feed(binary(payload));
		expect(Object.getPrototypeOf(messages[0])).toBe(Buffer.prototype);
	});
}

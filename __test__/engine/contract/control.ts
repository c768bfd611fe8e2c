import { describe, expect, test } from "vitest";
import type { Engine } from "../../../lib/engine/engine.js";
import { frame } from "../../support/frames.js";
import { createRecorded, decode } from "../recorder.js";
import { expectOutcomes } from "./cuts.js";

const close = (payload: Uint8Array): Buffer =>
	frame({ opcode: 8, mask: true, payload });
const closeWith = (code: number, reason: Uint8Array | string = ""): Buffer =>
	close(
		Buffer.concat([Uint8Array.of(code >> 8, code & 255), Buffer.from(reason)]),
	);

export function testControl(engine: Engine): void {
	test.each([0, 1, 124, 125])(
		"pings and pongs of %i bytes are delivered",
		(length) => {
			const payload = Buffer.alloc(length, "\xff ping", "latin1");
			const bytes = Buffer.concat([
				frame({ opcode: 9, mask: true, payload }),
				frame({ opcode: 10, mask: true, payload }),
			]);
			const hex = payload.toString("hex");
			expectOutcomes(engine, bytes, [
				["ping", hex],
				["pong", hex],
			]);
		},
	);

	test("control frames may stand between fragments", () => {
		const fragments = ["a", "é", "b"].map((payload, index) =>
			frame({
				opcode: index === 0 ? 1 : 0,
				fin: index === 2,
				mask: true,
				payload,
			}),
		);
		const ping = frame({ opcode: 9, mask: true, payload: "1" });
		const pong = frame({ opcode: 10, mask: true, payload: "2" });
		const bytes = Buffer.concat([
			fragments[0],
			ping,
			fragments[1],
			pong,
			ping,
			fragments[2],
		]);
		expectOutcomes(engine, bytes, [
			["ping", "31"],
			["pong", "32"],
			["ping", "31"],
			["text", "aéb"],
		]);
	});

	test("a control frame leaves a binary message as it was", () => {
		for (const mode of ["collect", "stream"] as const) {
			const bytes = Buffer.concat([
				frame({ opcode: 2, fin: false, mask: true, payload: "ab" }),
				frame({ opcode: 9, mask: true, payload: "ping" }),
				frame({ opcode: 0, mask: true, payload: "cd" }),
			]);
			expectOutcomes(
				engine,
				bytes,
				[
					["ping", "70696e67"],
					["binary", "61626364"],
				],
				{ modeOf: () => mode },
			);
		}
	});

	describe("close frames", () => {
		test("an empty one means code 1005", () => {
			expectOutcomes(engine, close(Buffer.alloc(0)), [["close", 1005, ""]]);
		});

		test.each([
			1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
			3000, 3999, 4000, 4999,
		])("code %i is delivered with its reason", (code) => {
			expectOutcomes(engine, closeWith(code), [["close", code, ""]]);
			expectOutcomes(engine, closeWith(code, "gründe €"), [
				["close", code, "gründe €"],
			]);
		});

		test.each([
			0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
		])("code %i is refused", (code) => {
			expectOutcomes(engine, closeWith(code, "x"), [
				["failure", "WS_ERR_CLOSE_CODE"],
			]);
		});

		test("one byte of payload is refused", () => {
			expectOutcomes(engine, close(Uint8Array.of(3)), [
				["failure", "WS_ERR_CLOSE_PAYLOAD"],
			]);
		});

		test("a reason that is not UTF-8 is refused, but the code is judged first", () => {
			for (const bad of ["ff", "c3", "eda080", `${"66".repeat(60)}c0`]) {
				const reason = Buffer.from(bad, "hex");
				expectOutcomes(engine, closeWith(1000, reason), [
					["failure", "WS_ERR_INVALID_UTF8"],
				]);
				expectOutcomes(engine, closeWith(999, reason), [
					["failure", "WS_ERR_CLOSE_CODE"],
				]);
			}
		});

		test("a reason of 123 bytes is delivered", () => {
			const reason = `${"é".repeat(61)}x`;
			expectOutcomes(engine, closeWith(1000, reason), [
				["close", 1000, reason],
			]);
		});

		test("whatever follows is discarded", () => {
			const bytes = Buffer.concat([
				closeWith(1000),
				frame({ opcode: 1, mask: true, payload: "late" }),
				Buffer.from("garbage"),
			]);
			expectOutcomes(engine, bytes, [["close", 1000, ""]]);
			const { decoder, events } = createRecorded(engine);
			decoder.feed(Buffer.from(bytes));
			for (let n = 0; n < 3; n++)
				expect(decoder.feed(Buffer.alloc(1000))).toBe(true);
			expect(decoder.resume()).toBe(true);
			expect(events).toEqual([["close", 1000, ""]]);
		});

		test("one within a fragmented message ends it undelivered", () => {
			const begin = frame({ opcode: 1, fin: false, mask: true, payload: "a" });
			const bytes = Buffer.concat([begin, closeWith(1001, "bye")]);
			expectOutcomes(engine, bytes, [["close", 1001, "bye"]]);
			const { decoder } = createRecorded(engine);
			decoder.feed(Buffer.from(bytes));
			expect(decoder.pendingBytes).toBe(0);
		});
	});

	test("a failure comes once, and whatever follows is discarded", () => {
		const text = frame({ opcode: 1, mask: true, payload: "x" });
		const bytes = Buffer.concat([text, frame({ opcode: 3, mask: true }), text]);
		expectOutcomes(engine, bytes, [
			["text", "x"],
			["failure", "WS_ERR_OPCODE"],
		]);
		const { decoder, events } = createRecorded(engine);
		decoder.feed(Buffer.from(bytes));
		for (let n = 0; n < 3; n++)
			expect(decoder.feed(Buffer.from(bytes))).toBe(true);
		expect(events).toHaveLength(2);
	});

	test("nothing is delivered for less than a frame", () => {
		expect(decode(engine, [Buffer.alloc(0)])).toEqual([]);
		expect(decode(engine, [Uint8Array.of(0x89)])).toEqual([]);
	});
}

import { describe, expect, test } from "vitest";
import type { Engine } from "../../../lib/engine/engine.js";
import { type FrameFields, frame } from "../../support/frames.js";
import { createRecorded } from "../recorder.js";
import { expectOutcomes } from "./cuts.js";

export function testHeaders(engine: Engine): void {
	const hi = { opcode: 1, payload: "hi" };

	describe("roles", () => {
		test("a server reads masked frames and refuses unmasked ones", () => {
			expectOutcomes(engine, frame({ ...hi, mask: true }), [["text", "hi"]]);
			expectOutcomes(engine, frame(hi), [["failure", "WS_ERR_MASK_REQUIRED"]]);
		});

		test("a client reads unmasked frames and refuses masked ones", () => {
			const role = "client" as const;
			expectOutcomes(engine, frame(hi), [["text", "hi"]], { role });
			expectOutcomes(
				engine,
				frame({ ...hi, mask: true }),
				[["failure", "WS_ERR_MASK_FORBIDDEN"]],
				{ role },
			);
		});
	});

	describe("the first two bytes", () => {
		const unfinished = frame({
			fin: false,
			opcode: 1,
			mask: true,
			payload: "a",
		});
		const refuses = (
			name: string,
			fields: FrameFields,
			failure: string,
			before: Uint8Array = Buffer.alloc(0),
		): void => {
			test(`${name}: ${failure}`, () => {
				const bytes = frame({ mask: true, ...fields });
				expectOutcomes(engine, Buffer.concat([before, bytes]), [
					["failure", failure],
				] as never);
				// The two bytes are enough, and one is not.
				const { decoder, events } = createRecorded(engine);
				decoder.feed(Buffer.from(before));
				decoder.feed(Buffer.from(bytes.subarray(0, 1)));
				expect(events).toEqual([]);
				decoder.feed(Buffer.from(bytes.subarray(1, 2)));
				expect(events).toEqual([["failure", failure]]);
			});
		};

		for (const rsv of [1, 2, 4, 7])
			refuses(`RSV bits ${rsv}`, { opcode: 1, rsv }, "WS_ERR_RESERVED_BITS");
		for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
			refuses(`opcode ${opcode}`, { opcode }, "WS_ERR_OPCODE");
		for (const opcode of [8, 9, 10]) {
			refuses(
				`opcode ${opcode} without FIN`,
				{ opcode, fin: false },
				"WS_ERR_CONTROL_FRAGMENTED",
			);
			refuses(
				`opcode ${opcode} with 126 bytes`,
				{ opcode, payload: Buffer.alloc(126) },
				"WS_ERR_CONTROL_LENGTH",
			);
			refuses(
				`opcode ${opcode} with 65536 bytes declared`,
				{ opcode, declared: 65536 },
				"WS_ERR_CONTROL_LENGTH",
			);
		}
		refuses(
			"a continuation of nothing",
			{ opcode: 0 },
			"WS_ERR_UNEXPECTED_CONTINUATION",
		);
		for (const opcode of [1, 2])
			refuses(
				`opcode ${opcode} within a message`,
				{ opcode },
				"WS_ERR_EXPECTED_CONTINUATION",
				unfinished,
			);

		test("a continuation after a finished message is refused", () => {
			const bytes = Buffer.concat([
				unfinished,
				frame({ opcode: 0, mask: true, payload: "b" }),
				frame({ opcode: 0, mask: true, payload: "c" }),
			]);
			expectOutcomes(engine, bytes, [
				["text", "ab"],
				["failure", "WS_ERR_UNEXPECTED_CONTINUATION"],
			]);
		});

		test("of several broken rules the first of the list is reported", () => {
			const order: [FrameFields, string][] = [
				[{ opcode: 11, rsv: 1, fin: false }, "WS_ERR_RESERVED_BITS"],
				[{ opcode: 11, fin: false }, "WS_ERR_OPCODE"],
				[
					{ opcode: 9, fin: false, payload: Buffer.alloc(126) },
					"WS_ERR_CONTROL_FRAGMENTED",
				],
				[{ opcode: 0 }, "WS_ERR_UNEXPECTED_CONTINUATION"],
				[{ opcode: 9, payload: Buffer.alloc(126) }, "WS_ERR_MASK_REQUIRED"],
			];
			for (const [fields, failure] of order) {
				expectOutcomes(engine, frame(fields), [["failure", failure]] as never);
			}
		});
	});

	describe("extended payload lengths", () => {
		test.each([
			[2, 0],
			[2, 125],
			[8, 0],
			[8, 125],
			[8, 126],
			[8, 65535],
		] as const)(
			"%i bytes for a length of %i are refused before the masking key",
			(lengthBytes, declared) => {
				const bytes = frame({ opcode: 2, mask: true, lengthBytes, declared });
				expectOutcomes(engine, bytes.subarray(0, 2 + lengthBytes), [
					["failure", "WS_ERR_LENGTH_NOT_MINIMAL"],
				]);
				expectOutcomes(engine, bytes.subarray(0, 1 + lengthBytes), []);
			},
		);

		test.each([2n ** 63n, 2n ** 63n + 5n, 2n ** 64n - 1n])(
			"the length %i, which has its most significant bit set, is refused",
			(declared) => {
				const bytes = frame({ opcode: 2, mask: true, declared });
				expectOutcomes(engine, bytes.subarray(0, 10), [
					["failure", "WS_ERR_LENGTH_SIGN"],
				]);
			},
		);

		test.each([0, 1, 125, 126, 127, 65535, 65536, 65537])(
			"a payload of %i bytes arrives whole in both roles",
			(length) => {
				const payload = Buffer.alloc(length, "payload ");
				for (const role of ["server", "client"] as const) {
					const mask = role === "server";
					const { decoder, events } = createRecorded(engine, { role });
					for (const opcode of [1, 2])
						expect(decoder.feed(frame({ opcode, mask, payload }))).toBe(true);
					expect(events).toEqual([
						["text", payload.toString()],
						["binary", payload.toString("hex")],
					]);
				}
			},
		);
	});

	test("masking keys of any value are undone", () => {
		const payload = Buffer.from("the quick brown fox jumps over the lazy dog");
		for (const hex of ["00000000", "ffffffff", "80000001", "01020380"]) {
			const mask = Buffer.from(hex, "hex");
			expectOutcomes(engine, frame({ opcode: 2, mask, payload }), [
				["binary", payload.toString("hex")],
			]);
		}
	});
}

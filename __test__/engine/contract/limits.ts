import { describe, expect, test } from "vitest";
import type { Engine } from "../../../lib/engine/engine.js";
import { frame } from "../../support/frames.js";
import { createRecorded, type Event } from "../recorder.js";
import { expectOutcomes } from "./cuts.js";

const tooBig: Event = ["failure", "WS_ERR_MESSAGE_TOO_BIG"];
const tooMany: Event = ["failure", "WS_ERR_TOO_MANY_FRAGMENTS"];
const stream = { modeOf: (): "stream" => "stream" };

/** Frames of one message, of the given payload lengths. */
function fragments(opcode: number, lengths: readonly number[]): Buffer {
	return Buffer.concat(
		lengths.map((length, index) =>
			frame({
				opcode: index === 0 ? opcode : 0,
				fin: index === lengths.length - 1,
				mask: true,
				payload: Buffer.alloc(length, "x"),
			}),
		),
	);
}

/** Only the header of a frame that declares `declared` bytes. */
function announce(
	opcode: number,
	declared: number | bigint,
	fin = true,
): Buffer {
	return frame({ opcode, fin, mask: true, declared });
}

export function testLimits(engine: Engine): void {
	describe("maxMessageBytes", () => {
		const options = { maxMessageBytes: 10 };

		test("a text of exactly the limit passes, one byte more does not", () => {
			expectOutcomes(
				engine,
				fragments(1, [10]),
				[["text", "x".repeat(10)]],
				options,
			);
			expectOutcomes(engine, fragments(1, [11]), [tooBig], options);
		});

		test("fragments count together", () => {
			expectOutcomes(
				engine,
				fragments(1, [4, 0, 6]),
				[["text", "x".repeat(10)]],
				options,
			);
			expectOutcomes(engine, fragments(1, [4, 0, 7]), [tooBig], options);
		});

		test("a collected binary message is held to it, fragmented or not", () => {
			const hex = "78".repeat(10);
			expectOutcomes(engine, fragments(2, [10]), [["binary", hex]], options);
			expectOutcomes(engine, fragments(2, [3, 7]), [["binary", hex]], options);
			expectOutcomes(engine, fragments(2, [11]), [tooBig], options);
			expectOutcomes(engine, fragments(2, [3, 8]), [tooBig], options);
		});

		test("a streamed one is not, even if it is here whole", () => {
			expectOutcomes(
				engine,
				fragments(2, [11]),
				[["binary", "78".repeat(11)]],
				{
					...options,
					...stream,
				},
			);
		});

		test("it is checked at the header, before any payload", () => {
			for (const opcode of [1, 2]) {
				const { decoder, events } = createRecorded(engine, options);
				const header = announce(opcode, 11);
				decoder.feed(Buffer.from(header.subarray(0, -1)));
				expect(events).toEqual([]);
				decoder.feed(Buffer.from(header.subarray(-1)));
				expect(events.at(-1)).toEqual(tooBig);
			}
		});

		test("each message has all of it", () => {
			const bytes = Buffer.concat([fragments(1, [5, 5]), fragments(1, [5, 5])]);
			const text: Event = ["text", "x".repeat(10)];
			expectOutcomes(engine, bytes, [text, text], options);
		});

		test("control frames do not count", () => {
			const bytes = Buffer.concat([
				frame({ opcode: 1, fin: false, mask: true, payload: "x".repeat(10) }),
				frame({ opcode: 9, mask: true, payload: "x".repeat(20) }),
				frame({ opcode: 0, mask: true }),
			]);
			expectOutcomes(
				engine,
				bytes,
				[
					["ping", "78".repeat(20)],
					["text", "x".repeat(10)],
				],
				options,
			);
		});

		test("a limit of zero lets empty messages pass", () => {
			expectOutcomes(engine, fragments(1, [0]), [["text", ""]], {
				maxMessageBytes: 0,
			});
			expectOutcomes(engine, fragments(2, [0]), [["binary", ""]], {
				maxMessageBytes: 0,
			});
			expectOutcomes(engine, fragments(1, [1]), [tooBig], {
				maxMessageBytes: 0,
			});
		});
	});

	describe("maxStreamBytes", () => {
		test("a streamed message is held to it", () => {
			const options = { ...stream, maxStreamBytes: 10, maxMessageBytes: 4 };
			expectOutcomes(
				engine,
				fragments(2, [10]),
				[["binary", "78".repeat(10)]],
				options,
			);
			expectOutcomes(
				engine,
				fragments(2, [3, 7]),
				[["binary", "78".repeat(10)]],
				options,
			);
			expectOutcomes(engine, fragments(2, [11]), [tooBig], options);
			expectOutcomes(engine, fragments(2, [3, 8]), [tooBig], options);
		});

		test("a collected message is not", () => {
			const options = { maxStreamBytes: 4, maxMessageBytes: 10 };
			expectOutcomes(
				engine,
				fragments(2, [10]),
				[["binary", "78".repeat(10)]],
				options,
			);
		});

		test("without a limit any length that can be counted may be declared", () => {
			const { decoder, events } = createRecorded(engine, stream);
			decoder.feed(announce(2, 2n ** 53n - 1n));
			decoder.feed(Buffer.alloc(3));
			expect(events.map(([kind]) => kind)).toEqual(["begin", "data"]);
		});

		test.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n])(
			"the length %i, which cannot be counted, is always too big",
			(declared) => {
				for (const opcode of [1, 2]) {
					const options = {
						...stream,
						maxMessageBytes: Number.MAX_SAFE_INTEGER,
					};
					expectOutcomes(engine, announce(opcode, declared), [tooBig], options);
				}
			},
		);

		test("lengths are summed without wrapping around", () => {
			const bytes = Buffer.concat([
				fragments(2, [5]).fill(0x02, 0, 1),
				announce(0, 2n ** 53n - 1n),
			]);
			const limited = { ...stream, maxStreamBytes: 2 ** 53 - 1 };
			const { decoder, events } = createRecorded(engine, limited);
			decoder.feed(bytes);
			expect(events.at(-1)).toEqual(tooBig);
		});
	});

	describe("maxFragments", () => {
		const options = { maxFragments: 3 };

		test("that many tiny fragments pass, one more does not", () => {
			for (const opcode of [1, 2]) {
				const whole: Event =
					opcode === 1 ? ["text", "xxx"] : ["binary", "787878"];
				expectOutcomes(engine, fragments(opcode, [1, 1, 1]), [whole], options);
				expectOutcomes(
					engine,
					fragments(opcode, [1, 1, 1, 1]),
					[tooMany],
					options,
				);
			}
			expectOutcomes(engine, fragments(2, [1, 1, 1, 1]), [tooMany], {
				...options,
				...stream,
			});
		});

		test("empty fragments count, the first and the last too", () => {
			expectOutcomes(engine, fragments(1, [0, 0, 0]), [["text", ""]], options);
			expectOutcomes(engine, fragments(1, [0, 0, 0, 0]), [tooMany], options);
		});

		test("63 bytes are tiny, 64 are not", () => {
			const lengths = [64, 64, 64, 64, 64, 1, 63, 63];
			const { decoder, events } = createRecorded(engine, options);
			decoder.feed(fragments(1, lengths));
			decoder.feed(fragments(1, [...lengths, 63]));
			expect(events.map(([kind]) => kind)).toEqual(["text", "failure"]);
			expect(events[1]).toEqual(tooMany);
		});

		test("unfragmented messages and control frames do not count", () => {
			const text = frame({ opcode: 1, mask: true, payload: "x" });
			const ping = frame({ opcode: 9, mask: true });
			const { decoder, events } = createRecorded(engine, options);
			decoder.feed(Buffer.concat(Array(10).fill(text)));
			decoder.feed(frame({ opcode: 1, fin: false, mask: true, payload: "a" }));
			decoder.feed(Buffer.concat(Array(10).fill(ping)));
			decoder.feed(frame({ opcode: 0, mask: true, payload: "b" }));
			expect(events).toHaveLength(21);
			expect(events.at(-1)).toEqual(["text", "ab"]);
		});

		test("each message has all of it", () => {
			const bytes = Buffer.concat([
				fragments(1, [1, 1, 1]),
				fragments(1, [1, 1, 1]),
			]);
			const text: Event = ["text", "xxx"];
			expectOutcomes(engine, bytes, [text, text], options);
		});

		test("too long is reported before too many", () => {
			const limits = { maxFragments: 0, maxMessageBytes: 0 };
			expectOutcomes(engine, fragments(1, [1, 1]), [tooBig], limits);
			expectOutcomes(engine, fragments(1, [0, 1]), [tooMany], limits);
		});
	});

	test("what a header declares is not taken before it arrives", () => {
		const before = process.memoryUsage();
		const decoders = Array.from({ length: 200 }, () => {
			const { decoder } = createRecorded(engine, {
				maxMessageBytes: 2 ** 30,
			});
			decoder.feed(announce(1, 2 ** 30));
			decoder.feed(Buffer.from("x"));
			return decoder;
		});
		const after = process.memoryUsage();
		// 64 KiB may be reserved for each; all that was declared would be 200 GiB.
		expect(after.rss - before.rss).toBeLessThan(200 * 1024 * 1024);
		expect(decoders.map((decoder) => decoder.pendingBytes)).toEqual(
			Array(200).fill(1),
		);
	});
}

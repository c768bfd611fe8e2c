import { describe, expect, test } from "vitest";
import { type Engine, EVENTS_PER_TURN } from "../../../lib/engine/engine.js";
import { frame } from "../../support/frames.js";
import { createRecorded, decode, type Event, joinPieces } from "../recorder.js";
import { everyCut } from "./cuts.js";

const text = (payload: string): Buffer =>
	frame({ opcode: 1, mask: true, payload });

/** One of everything: each event of a decoder occurs, the close frame last. */
const everything = Buffer.concat([
	text("one"),
	frame({ opcode: 2, mask: true, payload: "whole" }),
	frame({ opcode: 2, fin: false, mask: true, payload: "col" }),
	frame({ opcode: 9, mask: true, payload: "ping" }),
	frame({ opcode: 0, mask: true, payload: "lected" }),
	frame({ opcode: 2, fin: false, mask: true, payload: "str" }),
	frame({ opcode: 10, mask: true, payload: "pong" }),
	frame({ opcode: 0, mask: true, payload: "eamed" }),
	frame({ opcode: 1, fin: false, mask: true, payload: "tw" }),
	frame({ opcode: 0, mask: true, payload: "o" }),
	frame({ opcode: 8, mask: true, payload: Uint8Array.of(3, 232) }),
]);
// The message "whole" is number 0, and is asked for where it is cut.
const modeOf = (n: number): "collect" | "stream" =>
	n === 2 ? "stream" : "collect";

export function testFlow(engine: Engine): void {
	test("the sink may suspend after any event, and nothing is lost or repeated", () => {
		const plain = decode(engine, [everything], { modeOf });
		expect(plain.map(([kind]) => kind).join(" ")).toBe(
			"text binary begin ping binary begin data pong data end text close",
		);
		for (const chunks of everyCut(everything)) {
			const expected = joinPieces(decode(engine, chunks, { modeOf }));
			const all = new Set(Array.from({ length: 200 }, (_, n) => n));
			const suspended = decode(engine, chunks, { modeOf }, all);
			expect(joinPieces(suspended)).toEqual(expected);
		}
	});

	test("a suspension takes effect after the event being delivered", () => {
		const { decoder, recorder, events } = createRecorded(engine, { modeOf });
		recorder.onEvent = () => decoder.suspend();
		let done = decoder.feed(Buffer.from(everything));
		for (let n = 1; n <= 12; n++) {
			expect(events).toHaveLength(n);
			expect(done).toBe(n === 12);
			decoder.unsuspend();
			expect(events).toHaveLength(n);
			done = decoder.resume();
		}
	});

	test("while suspended nothing is delivered, and what is fed queues up", () => {
		const { decoder, events } = createRecorded(engine);
		decoder.suspend();
		expect(decoder.feed(text("a"))).toBe(false);
		expect(decoder.feed(text("b"))).toBe(false);
		expect(decoder.resume()).toBe(false);
		expect(events).toEqual([]);
		decoder.unsuspend();
		expect(events).toEqual([]);
		expect(decoder.resume()).toBe(true);
		expect(events).toEqual([
			["text", "a"],
			["text", "b"],
		]);
	});

	test("a suspension that is lifted within the sink does not stop anything", () => {
		const { decoder, recorder, events } = createRecorded(engine);
		recorder.onEvent = () => {
			decoder.suspend();
			decoder.unsuspend();
		};
		expect(decoder.feed(Buffer.concat([text("a"), text("b")]))).toBe(true);
		expect(events).toHaveLength(2);
	});

	test("what is fed behind a rest comes after it", () => {
		const { decoder, recorder, events } = createRecorded(engine);
		recorder.onEvent = () => {
			if (events.length === 1) decoder.suspend();
		};
		const third = text("third");
		expect(decoder.feed(Buffer.concat([text("first"), text("second")]))).toBe(
			false,
		);
		expect(decoder.feed(Buffer.from(third.subarray(0, 3)))).toBe(false);
		expect(decoder.feed(Buffer.from(third.subarray(3)))).toBe(false);
		decoder.unsuspend();
		expect(decoder.resume()).toBe(true);
		expect(events.map(([, payload]) => payload)).toEqual([
			"first",
			"second",
			"third",
		]);
	});

	test("a decoder may be fed from within its own sink", () => {
		const { decoder, recorder, events } = createRecorded(engine);
		recorder.onEvent = (event) => {
			if (event[1] === "a") decoder.feed(text("c"));
		};
		const chunk = Buffer.concat([text("a"), text("b")]);
		expect(decoder.feed(chunk)).toBe(true);
		expect(events.map(([, payload]) => payload)).toEqual(["a", "b", "c"]);
		// Also where the event is the last of its chunk.
		expect(decoder.feed(text("a"))).toBe(true);
		expect(events.map(([, payload]) => payload).join("")).toBe("abcac");
	});

	test("another decoder may be fed from within a sink", () => {
		const inner = createRecorded(engine);
		const outer = createRecorded(engine);
		outer.recorder.onEvent = () => {
			inner.decoder.feed(Buffer.from(everything));
		};
		outer.decoder.feed(Buffer.concat([text("a"), text("é"), text("c")]));
		expect(outer.events.map(([, payload]) => payload)).toEqual(["a", "é", "c"]);
		expect(inner.events).toEqual(decode(engine, [everything]));
	});

	test("a turn ends after EVENTS_PER_TURN events", () => {
		const { decoder, events } = createRecorded(engine);
		const count = 2 * EVENTS_PER_TURN + 10;
		const chunk = Buffer.concat(Array(count).fill(text("x")));
		expect(decoder.feed(chunk)).toBe(false);
		expect(events).toHaveLength(EVENTS_PER_TURN);
		expect(decoder.resume()).toBe(false);
		expect(events).toHaveLength(2 * EVENTS_PER_TURN);
		expect(decoder.resume()).toBe(true);
		expect(events).toHaveLength(count);
		const exactly = Buffer.concat(Array(EVENTS_PER_TURN).fill(text("x")));
		expect(decoder.feed(exactly)).toBe(true);
	});

	describe("a sink that throws", () => {
		const error = new Error("from the sink");

		test("throws out of feed and resume; the event counts as delivered", () => {
			for (const chunks of everyCut(everything)) {
				const expected = joinPieces(decode(engine, chunks, { modeOf }));
				const { decoder, recorder, events } = createRecorded(engine, {
					modeOf,
				});
				let thrown = 0;
				recorder.onEvent = (event) => {
					// The answer to "begin" would be lost with the exception.
					if (event[0] === "begin") return;
					throw error;
				};
				for (const chunk of chunks) {
					let call = (): boolean => decoder.feed(Buffer.from(chunk));
					for (let done = false; !done; call = () => decoder.resume()) {
						try {
							done = call();
						} catch (caught) {
							expect(caught).toBe(error);
							thrown++;
						}
					}
				}
				expect(joinPieces(events)).toEqual(expected);
				expect(thrown).toBe(events.filter(([kind]) => kind !== "begin").length);
			}
		});

		test("and the next feed goes on where it threw", () => {
			const { decoder, recorder, events } = createRecorded(engine);
			recorder.onEvent = (event) => {
				if (event[1] === "a") throw error;
			};
			expect(() => decoder.feed(Buffer.concat([text("a"), text("b")]))).toThrow(
				error,
			);
			expect(decoder.feed(text("c"))).toBe(true);
			expect(events.map(([, payload]) => payload)).toEqual(["a", "b", "c"]);
		});

		test("instead of answering for a binary message: it is collected", () => {
			const { decoder, recorder, events } = createRecorded(engine, {
				modeOf: () => "stream",
			});
			recorder.onEvent = (event) => {
				if (event[0] === "begin") throw error;
			};
			const bytes = frame({ opcode: 2, mask: true, payload: "abc" });
			expect(() => decoder.feed(Buffer.from(bytes.subarray(0, 7)))).toThrow(
				error,
			);
			expect(decoder.feed(Buffer.from(bytes.subarray(7)))).toBe(true);
			expect(events.at(-1)).toEqual(["binary", "616263"]);
		});
	});

	describe("destroy", () => {
		test("from within any event ends delivery", () => {
			const total = decode(engine, [everything], { modeOf }).length;
			for (let count = 1; count <= total; count++) {
				const { decoder, recorder, events } = createRecorded(engine, {
					modeOf,
				});
				recorder.onEvent = () => {
					if (events.length === count) decoder.destroy();
				};
				expect(decoder.feed(Buffer.from(everything))).toBe(true);
				expect(decoder.feed(text("late"))).toBe(true);
				expect(decoder.resume()).toBe(true);
				expect(events).toHaveLength(count);
			}
		});

		test("lets go of what is held", () => {
			const { decoder, events } = createRecorded(engine);
			decoder.feed(
				frame({ opcode: 1, fin: false, mask: true, payload: "abc" }),
			);
			expect(decoder.pendingBytes).toBe(3);
			decoder.destroy();
			expect(decoder.pendingBytes).toBe(0);
			decoder.destroy();
			expect(decoder.feed(frame({ opcode: 0, mask: true }))).toBe(true);
			expect(events).toEqual([]);
		});
	});

	test("pendingBytes counts texts and collected messages, not streamed ones", () => {
		const cases: [number, "collect" | "stream", number][] = [
			[1, "collect", 5],
			[2, "collect", 5],
			[2, "stream", 0],
		];
		for (const [opcode, mode, pending] of cases) {
			const { decoder } = createRecorded(engine, { modeOf: () => mode });
			decoder.feed(frame({ opcode, fin: false, mask: true, payload: "abc" }));
			const rest = frame({ opcode: 0, mask: true, payload: "de", declared: 3 });
			decoder.feed(rest);
			expect(decoder.pendingBytes).toBe(pending);
			decoder.feed(Buffer.from("x"));
			expect(decoder.pendingBytes).toBe(0);
		}
	});

	test("decoders do not share anything", () => {
		const one = createRecorded(engine);
		const two = createRecorded(engine, { role: "client" });
		const masked = text("é masked");
		const plain = frame({ opcode: 1, payload: "plain é" });
		for (let at = 0; at < 15; at++) {
			one.decoder.feed(masked.subarray(at, at + 1));
			two.decoder.feed(plain.subarray(at, at + 1));
		}
		const last = (events: Event[]): Event | undefined => events.at(-1);
		expect(last(one.events)).toEqual(["text", "é masked"]);
		expect(two.events).toEqual([["text", "plain é"]]);
	});
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Arena } from "../../../lib/engine/arena.js";
import type { Engine, Role } from "../../../lib/engine/engine.js";
import { type ReadFrame, readFrames } from "../../support/frames.js";
import { decode } from "../recorder.js";

/** The smallest extended payload length that can say `length`. */
function minimal(length: number): number {
	return length <= 125 ? 0 : length <= 65535 ? 2 : 8;
}

/** Runs `write` on an arena of which `used` bytes are taken, checks what it claims, and reads the frames it wrote. */
function written(write: (arena: Arena) => number, used = 0): ReadFrame[] {
	const arena = new Arena();
	arena.reserve(used + 1);
	const first = arena.slab;
	first.fill(0xee, 0, used);
	arena.used = used;
	const bytes = write(arena);
	const start = arena.used - bytes;
	if (arena.slab === first) expect(start).toBe(used);
	else expect(start).toBe(0);
	expect(first.subarray(0, used).every((byte) => byte === 0xee)).toBe(true);
	return readFrames(arena.slab.subarray(start, arena.used));
}

export function testEncoder(engine: Engine): void {
	const roles: Role[] = ["server", "client"];
	const boundaries = [
		0, 1, 41, 42, 124, 125, 126, 127, 128, 341, 342, 1023, 1024, 1025, 21_845,
		65_535, 65_536, 65_537,
	];

	function expectText(role: Role, text: string, used = 0): void {
		const encoder = engine.createEncoder(role);
		const [frame, ...more] = written(
			(arena) => encoder.text(arena, 0x81, text),
			used,
		);
		const expected = Buffer.from(text);
		expect(more).toEqual([]);
		expect(frame.first).toBe(0x81);
		expect(frame.masked).toBe(role === "client");
		expect(frame.lengthBytes).toBe(minimal(expected.length));
		if (!frame.payload.equals(expected))
			expect(frame.payload.toString("hex")).toBe(expected.toString("hex"));
	}

	describe.each(roles)("of a %s", (role) => {
		describe.each([
			["ASCII", "a"],
			["two bytes a character", "é"],
			["three bytes a character", "€"],
			["four bytes a character", "😀"],
			["ASCII and one that is not", "a€"],
		])("texts of %s", (_, unit) => {
			test("are written at every boundary of the payload length", () => {
				for (const bytes of boundaries) {
					const size = Buffer.byteLength(unit);
					for (const count of [
						Math.floor(bytes / size),
						Math.ceil(bytes / size),
					]) {
						const fill = "x".repeat(Math.max(0, bytes - count * size));
						expectText(role, unit.repeat(count) + fill);
						expectText(role, fill + unit.repeat(count), 1000);
					}
				}
			});

			test("are written where a slab is nearly full", () => {
				for (const room of [0, 1, 2, 5, 14, 60, 130, 1100, 4000]) {
					for (const length of [0, 10, 125, 1000, 1500, 30_000, 70_000])
						expectText(role, unit.repeat(length), 65_536 - room);
				}
			});

			test("of more than a mebibyte are written", () => {
				expectText(role, unit.repeat(400_000), 50_000);
			});
		});

		test("lone surrogates become U+FFFD", () => {
			const lone = [
				"\ud800",
				"\udfff",
				"a\ud83d",
				"\ude00\ud83d",
				"\ud83d\ud83d\ude00",
			];
			for (const text of lone) {
				for (const repeat of [1, 40, 400, 30_000]) {
					const whole = text.repeat(repeat);
					expect(Buffer.from(whole).includes(Buffer.from("\ufffd"))).toBe(true);
					expectText(role, whole, 60_000);
				}
			}
		});

		test("any text can be read by a decoder of the other role", () => {
			const other: Role = role === "server" ? "client" : "server";
			const encoder = engine.createEncoder(role);
			fc.assert(
				fc.property(
					fc.string({ unit: "binary", maxLength: 2000 }),
					fc.nat(70_000),
					(text, used) => {
						const arena = new Arena();
						arena.reserve(used);
						arena.used = used;
						const bytes = encoder.text(arena, 0x81, text);
						const frame = arena.slab.subarray(arena.used - bytes, arena.used);
						const events = decode(engine, [frame], { role: other });
						expect(events).toEqual([["text", Buffer.from(text).toString()]]);
					},
				),
				{ numRuns: 300 },
			);
		});

		test("binary payloads of any length are copied, and stay as they are", () => {
			const encoder = engine.createEncoder(role);
			for (const length of [...boundaries, 300_000]) {
				const payload = Buffer.alloc(length, "\x00\xff payload \x80", "latin1");
				const before = Buffer.from(payload);
				for (const used of [0, 7, 65_000]) {
					const [frame, ...more] = written(
						(arena) => encoder.binary(arena, 0x02, payload),
						used,
					);
					expect(more).toEqual([]);
					expect(frame.first).toBe(0x02);
					expect(frame.masked).toBe(role === "client");
					expect(frame.lengthBytes).toBe(minimal(length));
					expect(frame.payload.equals(before)).toBe(true);
					expect(payload.equals(before)).toBe(true);
				}
			}
		});

		test("a plain Uint8Array within a larger ArrayBuffer is a payload", () => {
			const encoder = engine.createEncoder(role);
			const memory = Uint8Array.from({ length: 400 }, (_, at) => at);
			const payload = memory.subarray(33, 333);
			const [frame] = written((arena) => encoder.binary(arena, 0x82, payload));
			expect(frame.payload).toEqual(Buffer.from(payload));
		});

		test("frames follow each other without a gap", () => {
			const encoder = engine.createEncoder(role);
			const arena = new Arena();
			const total =
				encoder.text(arena, 0x81, "one é") +
				encoder.binary(arena, 0x89, Buffer.from("two")) +
				encoder.text(arena, 0x80, "");
			expect(arena.used).toBe(total);
			const frames = readFrames(arena.slab.subarray(0, total));
			expect(
				frames.map(({ first, payload }) => [first, payload.toString()]),
			).toEqual([
				[0x81, "one é"],
				[0x89, "two"],
				[0x80, ""],
			]);
		});
	});

	test("each frame of a client has a masking key of its own", () => {
		const encoder = engine.createEncoder("client");
		const keys = new Set<string>();
		for (let n = 0; n < 5000; n++) {
			const [frame] = written((arena) =>
				n % 2 === 0
					? encoder.text(arena, 0x81, "x")
					: encoder.binary(arena, 0x82, Buffer.from("x")),
			);
			keys.add(frame.key?.toString("hex") ?? "none");
		}
		// Of 5000 random keys of 32 bits two are equal with a chance of 0.3 %, six pairs never.
		expect(keys.size).toBeGreaterThan(4994);
	});

	test("two clients of one program do not share their keys", () => {
		const keyOf = (): string =>
			Array.from({ length: 4 }, () => {
				const encoder = engine.createEncoder("client");
				const [frame] = written((arena) => encoder.text(arena, 0x81, ""));
				return frame.key?.toString("hex");
			}).join();
		expect(keyOf()).not.toBe(keyOf());
	});

	test("a server writes a header alone, for a payload that goes by reference", () => {
		const encoder = engine.createEncoder("server");
		const lengths = [
			0,
			125,
			126,
			65_535,
			65_536,
			2 ** 32 - 1,
			2 ** 32,
			2 ** 40 + 7,
		];
		for (const length of lengths) {
			const arena = new Arena();
			const bytes = encoder.header(arena, 0x82, length);
			expect(bytes).toBe(2 + minimal(length));
			expect(arena.used).toBe(bytes);
			const header = arena.slab.subarray(0, bytes);
			expect(header[0]).toBe(0x82);
			const expected =
				length <= 125
					? length.toString(16).padStart(2, "0")
					: length <= 65535
						? `7e${length.toString(16).padStart(4, "0")}`
						: `7f${length.toString(16).padStart(16, "0")}`;
			expect(header.toString("hex", 1)).toBe(expected);
		}
	});

	test("a client cannot send a payload by reference", () => {
		const encoder = engine.createEncoder("client");
		expect(() => encoder.header(new Arena(), 0x82, 5)).toThrow(TypeError);
	});
}

import { randomBytes } from "node:crypto";
import { constants, createDeflateRaw, deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
	DEFLATE_NOW_BYTES,
	type Engine,
	INFLATE_BYTES_PER_TURN,
} from "../../../lib/engine/engine.js";
import { compressedLimit } from "../../../lib/rfc6455/limits.js";
import { cut, frame } from "../../support/frames.js";
import { inflating } from "../inflating.js";
import { type Event, toReading } from "../recorder.js";
import { everyCut } from "./cuts.js";

const RSV1 = 4;

/** A message as zlib compresses it: flushed, without the four bytes in which a flush ends. */
function compress(message: Uint8Array | string, windowBits = 15): Buffer {
	const whole = deflateRawSync(message, {
		windowBits,
		finishFlush: constants.Z_SYNC_FLUSH,
	});
	return whole.subarray(0, -4);
}

/** Messages that one zlib stream has compressed, each with those before it as its context. */
async function compressInContext(
	messages: readonly (Uint8Array | string)[],
	windowBits = 15,
): Promise<Buffer[]> {
	const stream = createDeflateRaw({ windowBits });
	const compressed: Buffer[] = [];
	for (const message of messages) {
		const pieces: Buffer[] = [];
		const collect = (piece: Buffer) => pieces.push(piece);
		stream.on("data", collect);
		stream.write(message);
		await new Promise<void>((done) =>
			stream.flush(constants.Z_SYNC_FLUSH, done),
		);
		stream.off("data", collect);
		compressed.push(Buffer.concat(pieces).subarray(0, -4));
	}
	stream.destroy();
	return compressed;
}

const data = (
	opcode: number,
	payload: Uint8Array,
	{ fin = true, rsv = RSV1, mask = true } = {},
): Buffer => frame({ opcode, payload, fin, rsv, mask });

/** `payload` in frames of the given lengths, the rest in the last. */
function fragments(
	opcode: number,
	payload: Buffer,
	lengths: readonly number[],
): Buffer {
	const frames: Buffer[] = [];
	let at = 0;
	for (const length of lengths) {
		frames.push(
			data(
				at === 0 && frames.length === 0 ? opcode : 0,
				payload.subarray(at, at + length),
				{
					fin: false,
					rsv: frames.length === 0 ? RSV1 : 0,
				},
			),
		);
		at += length;
	}
	const rsv = frames.length === 0 ? RSV1 : 0;
	const last = frames.length === 0 ? opcode : 0;
	frames.push(data(last, payload.subarray(at), { rsv }));
	return Buffer.concat(frames);
}

/** A byte as two digits. */
const hex = (byte: number) => (byte & 0xff).toString(16).padStart(2, "0");

const outcomes = (events: readonly Event[]) => toReading(events).outcomes;

export function testCompression(engine: Engine): void {
	const decode = (
		chunks: readonly Uint8Array[],
		options: Parameters<typeof inflating>[2] = {},
	) => inflating(engine, chunks, options);

	describe("inflating", () => {
		// RFC 7692 section 7.2.3.
		test.each([
			["a message in one block", "f248cdc9c90700", "Hello"],
			["a block without compression", "000500faff48656c6c6f00", "Hello"],
			["a last block and one behind it", "f348cdc9c9070000", "Hello"],
			["a last block and nothing", "f348cdc9c90700", "Hello"],
			[
				"two blocks",
				"f248050000 00ffffcac9c90700".replaceAll(" ", ""),
				"Hello",
			],
			["an empty message", "00", ""],
			["an empty message of no bytes", "", ""],
		])("%s is read, whatever the cuts", async (_, hex, text) => {
			const bytes = data(1, Buffer.from(hex, "hex"));
			for (const chunks of everyCut(bytes))
				expect(await decode(chunks)).toEqual([["text", text]]);
		});

		test("what a message ends with may look like a block of any length", async () => {
			for (let length = 0; length <= 32; length++) {
				const end = Buffer.from([0, length, 0, ~length, 0xff]);
				for (const message of [end, Buffer.alloc(80_000, end)])
					expect(outcomes(await decode([data(2, compress(message))]))).toEqual([
						["binary", message.toString("hex")],
					]);
			}
		});

		test("fragments are one stream, with control frames between them", async () => {
			const payload = compress("Hello, hello, hello");
			for (let at = 0; at <= payload.length; at++) {
				const bytes = Buffer.concat([
					data(1, payload.subarray(0, at), { fin: false }),
					frame({ opcode: 9, payload: "?", mask: true }),
					data(0, payload.subarray(at), { rsv: 0 }),
				]);
				expect(await decode([bytes])).toEqual([
					["ping", "3f"],
					["text", "Hello, hello, hello"],
				]);
			}
		});

		test("compressed messages and others take turns", async () => {
			const bytes = Buffer.concat([
				data(1, compress("one")),
				data(1, Buffer.from("two"), { rsv: 0 }),
				data(2, compress("three")),
				data(2, Buffer.from("four"), { rsv: 0 }),
			]);
			for (const chunks of everyCut(bytes)) {
				expect(outcomes(await decode(chunks))).toEqual([
					["text", "one"],
					["text", "two"],
					["binary", Buffer.from("three").toString("hex")],
					["binary", Buffer.from("four").toString("hex")],
				]);
			}
		});

		test("a binary message is asked for at its header, also in one piece", async () => {
			const bytes = data(2, compress("abc"));
			expect(await decode([bytes])).toEqual([
				["begin", "collect"],
				["binary", "616263"],
			]);
			expect(await decode([bytes], { modeOf: () => "stream" })).toEqual([
				["begin", "stream"],
				["data", "616263"],
				["end"],
			]);
		});

		test("a client reads what is not masked", async () => {
			const bytes = data(1, compress("Hello"), { mask: false });
			expect(await decode([bytes], { role: "client" })).toEqual([
				["text", "Hello"],
			]);
		});

		test.each([100, 20_000, 300_000])(
			"%i bytes come back in every mode, cut and in fragments",
			async (length) => {
				const texts = "0123456789abcdef€".repeat(Math.ceil(length / 19));
				const noise = Buffer.concat([
					randomBytes(length),
					Buffer.alloc(length),
				]);
				for (const lengths of [[], [1, 2], [0, 700, 70_000, 0]]) {
					const bytes = Buffer.concat([
						fragments(1, compress(texts), lengths),
						fragments(2, compress(noise), lengths),
					]);
					for (const cuts of [[], [1, 5, 1000, 30_000]]) {
						for (const mode of ["collect", "stream"] as const) {
							const events = await decode(cut(bytes, cuts), {
								modeOf: () => mode,
							});
							const [text, binary] = outcomes(events);
							expect(text[1] === texts).toBe(true);
							expect(binary[1] === noise.toString("hex")).toBe(true);
						}
					}
				}
			},
		);

		test("a streamed message comes in pieces that are not empty, of 64 KiB at most", async () => {
			const noise = Buffer.concat([
				randomBytes(100_000),
				Buffer.alloc(300_000),
			]);
			const events = await decode([data(2, compress(noise))], {
				modeOf: () => "stream",
			});
			const sizes = events
				.filter((event) => event[0] === "data")
				.map((event) => String(event[1]).length / 2);
			expect(sizes.every((size) => size > 0 && size <= 65_536)).toBe(true);
			expect(sizes.reduce((sum, size) => sum + size)).toBe(noise.length);
		});

		describe("context takeover", () => {
			const texts = ["Hello", "Hello", "Hello again", "", "Hello"];

			test("a message refers to those before it", async () => {
				const payloads = await compressInContext(texts);
				const bytes = Buffer.concat(
					payloads.map((payload) => data(1, payload)),
				);
				const options = { contextTakeover: true };
				for (const chunks of everyCut(bytes))
					expect(await decode(chunks, options)).toEqual(
						texts.map((text) => ["text", text]),
					);
			});

			test("it may not where none was agreed on", async () => {
				const [, second] = await compressInContext(["Hello", "Hello"]);
				const bytes = Buffer.concat([
					data(1, compress("Hello")),
					data(1, second),
				]);
				expect(await decode([bytes], { contextTakeover: true })).toEqual([
					["text", "Hello"],
					["text", "Hello"],
				]);
				expect(await decode([bytes])).toEqual([
					["text", "Hello"],
					["failure", "WS_ERR_INVALID_COMPRESSION"],
				]);
			});

			test.each([9, 12, 15])(
				"with windows of %i bits, long and short messages in turn",
				async (windowBits) => {
					const messages = [300, 70_000, 10, 200_000, 5000, 1].map((length) =>
						randomBytes(length).toString("base64"),
					);
					const all = [...messages, ...messages];
					const payloads = await compressInContext(all, windowBits);
					const bytes = Buffer.concat(
						payloads.map((payload) => data(1, payload)),
					);
					const events = await decode(cut(bytes, [100_000, 100_001]), {
						contextTakeover: true,
						windowBits,
					});
					expect(events.map((event) => event[1])).toEqual(all);
				},
			);

			test("what lies further back than the window agreed on is refused", async () => {
				const phrase = "a phrase that comes twice, and is long enough";
				const filler = randomBytes(2000).toString("base64");
				const payloads = await compressInContext([phrase, filler, phrase]);
				const bytes = Buffer.concat(
					payloads.map((payload) => data(1, payload)),
				);
				const options = { contextTakeover: true };
				expect((await decode([bytes], options)).at(-1)).toEqual([
					"text",
					phrase,
				]);
				expect(
					(await decode([bytes], { ...options, windowBits: 9 })).at(-1),
				).toEqual(["failure", "WS_ERR_INVALID_COMPRESSION"]);
			});
		});

		describe("streams that are none", () => {
			test.each([
				["a block type that does not exist", "06"],
				["the length of a stored block and its complement", "0005000000"],
				["a distance before the first byte", "4a040100"],
				["no end of the block", "f248cdc9c9"],
				["bytes behind the last block that are no block", "f348cdc9c90700ffff"],
			])("%s", async (_, hex) => {
				const failure = [["failure", "WS_ERR_INVALID_COMPRESSION"]];
				const bytes = data(1, Buffer.from(hex, "hex"));
				for (const chunks of everyCut(bytes))
					expect(await decode(chunks)).toEqual(failure);
			});

			// Last blocks and others that lack their end, and have it if what the sender leaves out is theirs.
			test.each([
				"6bfa7463",
				"9b3f5577",
				"5bdbb27d",
				"dbfa347c",
				"f24805",
				"f34805",
				"000000",
				...[4, 6, 8, 10, 12, 14, 17].flatMap((lacking) =>
					["00", "01"].map(
						(header) => `${header}${hex(lacking)}00${hex(~lacking)}ff`,
					),
				),
			])("a block that lacks its end: %s", async (end) => {
				const cutOff = Buffer.from(end, "hex");
				const flush = Buffer.from("0000ffff", "hex");
				// Short, and too long to be inflated at once.
				for (const length of [0, 100, 100_000]) {
					const before = compress(randomBytes(length));
					const payload = Buffer.concat([before, flush, cutOff]);
					const events = await decode([data(2, payload)]);
					expect(outcomes(events)).toEqual([
						["failure", "WS_ERR_INVALID_COMPRESSION"],
					]);
				}
			});

			test("one that is damaged late in a long message", async () => {
				const payload = compress(randomBytes(300_000).toString("hex"));
				payload.fill(0xff, payload.length - 5000);
				const events = await decode([data(1, payload)]);
				expect(events).toHaveLength(1);
				expect(events[0][0]).toBe("failure");
			});

			test("UTF-8 is judged after inflating", async () => {
				const bad = Buffer.from([0x61, 0xc3, 0x28]);
				expect(await decode([data(1, compress(bad))])).toEqual([
					["failure", "WS_ERR_INVALID_UTF8"],
				]);
				expect(
					await decode([data(1, compress(Buffer.from("€").subarray(0, 2)))]),
				).toEqual([["failure", "WS_ERR_INVALID_UTF8"]]);
			});
		});

		describe("RSV1", () => {
			const reserved = [["failure", "WS_ERR_RESERVED_BITS"]];

			test.each([0, 8, 9, 10, 3, 11])(
				"is refused on opcode %i",
				async (opcode) => {
					expect(await decode([data(opcode, Buffer.alloc(0))])).toEqual(
						reserved,
					);
				},
			);

			test("is refused on a continuation of a compressed message", async () => {
				const bytes = Buffer.concat([
					data(1, Buffer.from("f248", "hex"), { fin: false }),
					data(0, Buffer.from("cdc9c90700", "hex")),
				]);
				expect(await decode([bytes])).toEqual(reserved);
			});

			test.each([1, 2, 3, 5, 6, 7])("RSV bits %i are refused", async (rsv) => {
				expect(await decode([data(1, compress("a"), { rsv })])).toEqual(
					reserved,
				);
			});
		});

		describe("limits", () => {
			test("a message may have as many bytes as the limit when it is inflated, not one more", async () => {
				for (const limit of [10, 1000, 70_000]) {
					const options = { maxMessageBytes: limit };
					for (const opcode of [1, 2]) {
						const fits = data(opcode, compress("x".repeat(limit)));
						expect((await decode([fits], options)).at(-1)?.[0]).not.toBe(
							"failure",
						);
						const over = data(opcode, compress("x".repeat(limit + 1)));
						expect((await decode([over], options)).at(-1)).toEqual([
							"failure",
							"WS_ERR_MESSAGE_TOO_BIG",
						]);
					}
				}
			});

			test("a bomb is found while it is inflated, also over fragments, before its end is here", async () => {
				const bomb = compress(Buffer.alloc(50_000_000));
				const bytes = fragments(1, bomb, [1000, 10_000, 10_000]);
				const options = { maxMessageBytes: 200_000 };
				const events = await decode([bytes.subarray(0, 20_000)], options);
				expect(events).toEqual([["failure", "WS_ERR_MESSAGE_TOO_BIG"]]);
			});

			test("a streamed message is held to its own limit", async () => {
				const bytes = data(2, compress(Buffer.alloc(3000)));
				const streamed = {
					maxMessageBytes: 10,
					modeOf: () => "stream" as const,
				};
				expect((await decode([bytes], streamed)).at(-1)).toEqual(["end"]);
				expect(
					(await decode([bytes], { ...streamed, maxStreamBytes: 2999 })).at(-1),
				).toEqual(["failure", "WS_ERR_MESSAGE_TOO_BIG"]);
			});

			test("a payload much longer than the limit is refused at its header", async () => {
				const limit = 5000;
				const header = (declared: number) =>
					frame({ opcode: 1, rsv: RSV1, mask: true, declared });
				const options = { maxMessageBytes: limit };
				const most = compressedLimit(limit);
				expect(await decode([header(most)], options)).toEqual([]);
				expect(await decode([header(most + 1)], options)).toEqual([
					["failure", "WS_ERR_MESSAGE_TOO_BIG"],
				]);
			});

			test("what is wrong within the limit comes before what is beyond it", async () => {
				const text = Buffer.concat([
					Buffer.from([0xff]),
					Buffer.alloc(100_000),
				]);
				expect(
					await decode([data(1, compress(text))], { maxMessageBytes: 1 }),
				).toEqual([["failure", "WS_ERR_INVALID_UTF8"]]);
			});

			test("a message of blocks without content ends at the limit of its payload", async () => {
				const empty = Buffer.concat(
					Array.from({ length: 4000 }, () => Buffer.from("000000ffff", "hex")),
				);
				const bytes = data(1, Buffer.concat([empty, Buffer.from([0])]));
				expect(await decode([bytes])).toEqual([["text", ""]]);
				expect(await decode([bytes], { maxMessageBytes: 10_000 })).toEqual([
					["failure", "WS_ERR_MESSAGE_TOO_BIG"],
				]);
			});
		});

		test("messages of middling length refer to those before them, whole and cut", async () => {
			// As long when they are compressed, but for the second half.
			const messages = [1000, 15_000, 30_000, 34_000, 60_000, 65_536, 65_537]
				.flatMap((length) => [length, 500])
				.map((length) =>
					Buffer.concat([
						randomBytes(length - length / 4),
						Buffer.alloc(length / 4),
					]),
				);
			const compressed = await compressInContext(messages);
			const bytes = Buffer.concat(compressed.map((each) => data(2, each)));
			for (const cuts of [[], [10_000], [20_000, 1, 90_000]]) {
				const events = await decode(cut(bytes, cuts), {
					contextTakeover: true,
				});
				expect(outcomes(events).map((event) => event[1])).toEqual(
					messages.map((message) => message.toString("hex")),
				);
			}
		});

		test.each(["collect", "stream"] as const)(
			"what was delivered stays as it is when more comes: %s",
			(mode) => {
				const delivered: Buffer[] = [];
				const deliver = (bytes: Buffer) => delivered.push(bytes);
				const decoder = engine.createDecoder(
					{
						role: "server",
						limits: {
							maxMessageBytes: 1 << 20,
							maxStreamBytes: 1 << 20,
							maxFragments: 10,
						},
						inflate: { windowBits: 15, contextTakeover: false, ready() {} },
					},
					{
						binaryBegin: () => mode,
						binary: deliver,
						binaryData: deliver,
						binaryEnd() {},
					} as never,
				);
				const messages = [100, 5000, 40_000, 65_536, 300, 20_000].map(
					(length, index) => Buffer.alloc(length, `${index}`),
				);
				for (const message of messages) {
					let isDone = decoder.feed(data(2, compress(message)));
					while (!isDone) isDone = decoder.resume();
				}
				decoder.destroy();
				expect(Buffer.concat(delivered).equals(Buffer.concat(messages))).toBe(
					true,
				);
			},
		);

		test("a turn ends when much has come out of it", () => {
			const pieces: number[] = [];
			const message = data(2, compress(Buffer.alloc(30_000)));
			const sink = {
				binaryBegin: () => "collect",
				binary: (bytes: Buffer) => pieces.push(bytes.length),
			} as never;
			const decoder = engine.createDecoder(
				{
					role: "server",
					limits: {
						maxMessageBytes: 1 << 20,
						maxStreamBytes: 1 << 20,
						maxFragments: 10,
					},
					inflate: { windowBits: 15, contextTakeover: false, ready() {} },
				},
				sink,
			);
			const chunk = Buffer.concat(Array.from({ length: 10 }, () => message));
			let turns = 1;
			for (let isDone = decoder.feed(chunk); !isDone; turns++) {
				const before = pieces.length;
				isDone = decoder.resume();
				expect((pieces.length - before) * 30_000).toBeLessThanOrEqual(
					INFLATE_BYTES_PER_TURN + 30_000,
				);
			}
			expect(pieces).toHaveLength(10);
			expect(turns).toBeGreaterThan(3);
		});
	});

	describe("deflating", () => {
		const settings = {
			level: 3,
			memoryLevel: 5,
			windowBits: 12,
			contextTakeover: false,
		};
		const deflateAll = async (
			pieces: readonly Uint8Array[],
			deflater = engine.createDeflater(settings),
		) => {
			const compressed: Buffer[] = [];
			for (const [index, piece] of pieces.entries()) {
				const isFinal = index === pieces.length - 1;
				const bytes = await new Promise<Uint8Array>((done) => {
					const now = deflater.deflate(piece, isFinal, done);
					expect(now === null).toBe(piece.length > DEFLATE_NOW_BYTES);
					if (now !== null) done(Buffer.from(now));
				});
				compressed.push(Buffer.from(bytes));
			}
			return compressed;
		};
		const back = async (
			compressed: readonly Buffer[],
			options: Parameters<typeof inflating>[2] = {},
		) => {
			const events = await decode(
				compressed.map((payload) => data(2, payload)),
				{ windowBits: 12, ...options },
			);
			return outcomes(events).map((event) =>
				Buffer.from(String(event[1]), "hex"),
			);
		};

		test.each([0, 1, 100, 65_536, 65_537, 300_000])(
			"%i bytes come back",
			async (length) => {
				for (const message of [
					randomBytes(length),
					Buffer.from("abcdefgh".repeat(length)).subarray(0, length),
				]) {
					for (const level of [0, 1, 3, 6, 9]) {
						for (const memoryLevel of [1, 5, 9]) {
							const deflater = engine.createDeflater({
								...settings,
								level,
								memoryLevel,
							});
							const [payload] = await deflateAll([message], deflater);
							expect(payload.length).toBeGreaterThan(0);
							expect((await back([payload]))[0].equals(message)).toBe(true);
							deflater.destroy();
						}
					}
				}
			},
		);

		test("the pieces of a message are one stream, each inflated as far as it goes", async () => {
			const pieces = [
				Buffer.from("first, "),
				Buffer.alloc(0),
				randomBytes(70_000),
				Buffer.from("last"),
			];
			const compressed = await deflateAll(pieces);
			const bytes = Buffer.concat(
				compressed.map((payload, index) =>
					data(index === 0 ? 2 : 0, payload, {
						fin: index === 3,
						rsv: index === 0 ? RSV1 : 0,
					}),
				),
			);
			const [whole] = outcomes(await decode([bytes], { windowBits: 12 }));
			expect(whole[1] === Buffer.concat(pieces).toString("hex")).toBe(true);
			const early = await decode([data(2, compressed[0], { fin: false })], {
				windowBits: 12,
				modeOf: () => "stream",
			});
			expect(early.at(-1)).toEqual([
				"data",
				Buffer.from("first, ").toString("hex"),
			]);
		});

		test("with context takeover a message that came before costs next to nothing", async () => {
			const deflater = engine.createDeflater({
				...settings,
				contextTakeover: true,
			});
			const message = randomBytes(1000);
			const compressed: Buffer[] = [];
			for (let i = 0; i < 4; i++)
				compressed.push(...(await deflateAll([message], deflater)));
			expect(compressed[0].length).toBeGreaterThan(1000);
			expect(compressed[3].length).toBeLessThan(50);
			const messages = await back(compressed, { contextTakeover: true });
			expect(messages.every((each) => each.equals(message))).toBe(true);
			deflater.release();
			const [afresh] = await deflateAll([message], deflater);
			expect(afresh.length).toBeGreaterThan(1000);
			expect((await back([afresh]))[0].equals(message)).toBe(true);
		});

		test("without it, each message stands for itself", async () => {
			const deflater = engine.createDeflater(settings);
			const message = randomBytes(40_000);
			await deflateAll([message], deflater);
			const [second] = await deflateAll([message.subarray(0, 100)], deflater);
			expect((await back([second]))[0].equals(message.subarray(0, 100))).toBe(
				true,
			);
		});

		test("matches stay within the window", async () => {
			const deflater = engine.createDeflater({
				...settings,
				windowBits: 9,
				level: 9,
			});
			const message = Buffer.from(randomBytes(300).toString("hex").repeat(100));
			const [payload] = await deflateAll([message], deflater);
			expect(
				(await back([payload], { windowBits: 9 }))[0].equals(message),
			).toBe(true);
		});

		test("what is under way can be finished at once", async () => {
			const deflater = engine.createDeflater({
				...settings,
				contextTakeover: true,
			});
			const message = randomBytes(200_000);
			const results: Uint8Array[] = [];
			const none = deflater.deflate(message, true, (bytes) => {
				results.push(bytes);
			});
			expect(none).toBeNull();
			deflater.finish();
			expect(results).toHaveLength(1);
			deflater.finish();
			await new Promise((done) => setTimeout(done, 50));
			expect(results).toHaveLength(1);
			const [next] = await deflateAll([message.subarray(-500)], deflater);
			expect(next.length).toBeLessThan(100);
			const messages = await back([Buffer.from(results[0]), next], {
				contextTakeover: true,
			});
			expect(messages[0].equals(message)).toBe(true);
			expect(messages[1].equals(message.subarray(-500))).toBe(true);
		});

		test("what is under way is dropped with the deflater", async () => {
			const deflater = engine.createDeflater(settings);
			deflater.deflate(randomBytes(200_000), true, () => {
				throw new Error("it was destroyed");
			});
			deflater.destroy();
			await new Promise((done) => setTimeout(done, 50));
		});
	});
}

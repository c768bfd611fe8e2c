/**
 * Random compressed messages, whole and damaged, through every engine: what one says the others say, and what one compresses
 * the others read. A damaged message fails everywhere; where two things are wrong with it, either may be found first.
 */
import { constants, deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Engine } from "../../lib/engine/engine.js";
import { engines } from "../support/engines.js";
import { cut, frame } from "../support/frames.js";
import { nthRandom, type Random, seedOfRun } from "../support/random.js";
import { type InflatingOptions, inflating } from "./inflating.js";
import { type Event, toReading } from "./recorder.js";

const seed = seedOfRun();
const streams = 400;
const names = engines.map(({ name }) => name).join(", ");

/** Text that repeats itself, with noise in it; of up to 100,000 bytes, most of them short. */
function someBytes(random: Random): Buffer {
	const length =
		random.below(4) === 0 ? random.below(100_000) : random.below(600);
	const bytes = Buffer.alloc(length);
	const spread = 1 + random.below(40);
	for (let at = 0; at < length; at++) {
		const isCopy = at > 40 && random.below(3) > 0;
		bytes[at] = isCopy
			? bytes[at - 1 - random.below(40)]
			: 60 + random.below(spread);
	}
	return bytes;
}

/** Compresses as somebody might, with or without history, with whatever kinds of blocks. */
function compressed(
	random: Random,
	message: Buffer,
	dictionary: Buffer | undefined,
	endsHistory: boolean,
): Buffer {
	const options = {
		level: random.below(10),
		strategy: random.pick([
			constants.Z_DEFAULT_STRATEGY,
			constants.Z_FIXED,
			constants.Z_HUFFMAN_ONLY,
			constants.Z_RLE,
		]),
		finishFlush: endsHistory ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
		dictionary,
	};
	const bytes = deflateRawSync(message, options);
	return endsHistory
		? Buffer.concat([bytes, Buffer.alloc(random.below(2))])
		: Buffer.from(bytes.subarray(0, -4));
}

interface Case {
	bytes: Buffer;
	chunks: Buffer[];
	options: InflatingOptions;
	suspendAfter: Set<number>;
}

/** Anywhere, or so shortly before the end that what is put behind a message may be taken for what lacks. */
function lengthOfPart(random: Random, length: number): number {
	if (random.below(2) === 0) return random.below(length + 1);
	return Math.max(0, length - random.below(20));
}

function randomCase(random: Random, isDamaged: boolean): Case {
	const contextTakeover = random.below(2) === 0;
	const frames: Buffer[] = [];
	let history: Buffer | undefined;
	for (let left = 1 + random.below(4); left > 0; left--) {
		const message = someBytes(random);
		// What comes behind a last block refers to nothing before it.
		const endsHistory = random.below(8) === 0;
		const payload = compressed(random, message, history, endsHistory);
		if (contextTakeover)
			history = endsHistory
				? undefined
				: Buffer.concat([history ?? Buffer.alloc(0), message]).subarray(
						-32_768,
					);
		if (isDamaged && payload.length > 0) {
			for (let times = random.below(3); times > 0; times--)
				payload[random.below(payload.length)] ^= 1 << random.below(8);
		}
		const end =
			isDamaged && random.below(4) === 0
				? lengthOfPart(random, payload.length)
				: payload.length;
		const at = random.below(end + 1);
		const pieces =
			random.below(2) === 0
				? [payload.subarray(0, end)]
				: [payload.subarray(0, at), payload.subarray(at, end)];
		const opcode = 1 + random.below(2);
		pieces.forEach((piece, index) => {
			frames.push(
				frame({
					opcode: index === 0 ? opcode : 0,
					rsv: index === 0 ? 4 : 0,
					fin: index === pieces.length - 1,
					mask: true,
					payload: piece,
				}),
			);
			if (random.below(4) === 0)
				frames.push(frame({ opcode: 9, mask: true, payload: "p" }));
		});
	}
	const bytes = Buffer.concat(frames);
	const cuts = Array.from({ length: random.below(5) }, () =>
		random.below(bytes.length),
	);
	return {
		bytes,
		chunks: cut(bytes, cuts),
		options: {
			contextTakeover,
			maxMessageBytes: random.pick([100_000, 1000, 50_000]),
			modeOf: random.below(2) === 0 ? () => "stream" : () => "collect",
		},
		suspendAfter: new Set([random.below(4), random.below(8)]),
	};
}

const run = (engine: Engine, { chunks, options, suspendAfter }: Case) =>
	inflating(engine, chunks, options, suspendAfter);

/** What was whole before the failure, and that there was one; when it was found, between the pings, may differ. */
function settled(events: readonly Event[]): unknown {
	const { outcomes, partial } = toReading(events);
	if (outcomes.at(-1)?.[0] !== "failure") return { outcomes, partial };
	return outcomes
		.filter(([kind]) => kind !== "ping")
		.map((outcome) => (outcome[0] === "failure" ? "failure" : outcome));
}

test(`${names} agree on ${streams} random compressed streams (seed ${seed})`, {
	timeout: 120_000,
}, async () => {
	const kinds = new Set<string>();
	for (let n = 0; n < streams; n++) {
		const isDamaged = n % 2 === 1;
		const stream = randomCase(nthRandom(seed, n), isDamaged);
		const [first, ...others] = await Promise.all(
			engines.map(({ engine }) => run(engine, stream)),
		);
		for (const event of first)
			kinds.add(event[0] === "failure" ? event[1] : event[0]);
		for (const other of others) {
			const where = `stream ${n} of seed ${seed}`;
			expect(settled(other), where).toEqual(settled(first));
		}
	}
	expect([...kinds]).toEqual(
		expect.arrayContaining([
			"text",
			"binary",
			"data",
			"end",
			"ping",
			"WS_ERR_INVALID_COMPRESSION",
			"WS_ERR_MESSAGE_TOO_BIG",
		]),
	);
});

test(`${names} agree on messages that lack their end`, async () => {
	const message = Buffer.from("the end of it, of the very end of all of it");
	const wholes = [0, 1, 6].flatMap((level) =>
		[constants.Z_FINISH, constants.Z_SYNC_FLUSH].flatMap((finishFlush) =>
			[constants.Z_FIXED, constants.Z_DEFAULT_STRATEGY].map((strategy) =>
				deflateRawSync(message, { level, finishFlush, strategy }),
			),
		),
	);
	const payloads = [
		...wholes.flatMap((whole) =>
			Array.from(whole, (_, length) => whole.subarray(0, length)),
		),
		// Of those that end in the bytes put behind them, some were found at random.
		...["6bfa7463", "9b3f5577", "5bdbb27d", "dbfa347c"].map((hex) =>
			Buffer.from(hex, "hex"),
		),
	];
	const kinds = new Set<unknown>();
	for (const payload of payloads) {
		const bytes = frame({ opcode: 2, rsv: 4, mask: true, payload });
		const [first, ...others] = await Promise.all(
			engines.map(({ engine }) => inflating(engine, [bytes])),
		);
		kinds.add(toReading(first).outcomes[0][0]);
		for (const other of others)
			expect(settled(other), payload.toString("hex")).toEqual(settled(first));
	}
	expect([...kinds].sort()).toEqual(["binary", "failure"]);
});

test(`what ${names} compress, all read (seed ${seed})`, {
	timeout: 120_000,
}, async () => {
	for (let n = 0; n < 60; n++) {
		const random = nthRandom(seed, n);
		const contextTakeover = random.below(2) === 0;
		const windowBits = 9 + random.below(7);
		const messages = Array.from({ length: 6 }, () => someBytes(random));
		for (const { engine } of engines) {
			const deflater = engine.createDeflater({
				level: random.below(10),
				memoryLevel: 1 + random.below(9),
				windowBits,
				contextTakeover,
			});
			const frames: Buffer[] = [];
			for (const message of messages) {
				const payload = await new Promise<Uint8Array>((done) => {
					const now = deflater.deflate(message, true, done);
					if (now !== null) done(Buffer.from(now));
				});
				frames.push(frame({ opcode: 2, rsv: 4, mask: true, payload }));
			}
			deflater.destroy();
			for (const { engine: reader } of engines) {
				const events = await inflating(reader, [Buffer.concat(frames)], {
					windowBits,
					contextTakeover,
				});
				const read = toReading(events).outcomes.map((each) => each[1]);
				expect(
					read,
					`${engine.name} to ${reader.name}, ${n} of ${seed}`,
				).toEqual(messages.map((message) => message.toString("hex")));
			}
		}
	}
});

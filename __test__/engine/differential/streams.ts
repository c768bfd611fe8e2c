/** Random streams of frames: valid ones, damaged ones, with limits they may break, in random cuts. */
import { type FrameFields, frame } from "../../support/frames.js";
import type { Random } from "../../support/random.js";

/** A stream and how it is fed; plain JSON, as kept in cases/. */
export interface StreamCase {
	role: "server" | "client";
	maxMessageBytes: number;
	/** Null stands for Infinity. */
	maxStreamBytes: number | null;
	maxFragments: number;
	/** Answers to binaryBegin, one letter a binary message, from the start again after the last: c(ollect), s(tream). */
	modes: string;
	/** In hex. */
	bytes: string;
	/** Offsets at which the stream is cut. */
	cuts: number[];
	/** Numbers of events after which the sink suspends. */
	suspendAfter: number[];
}

const texts = [
	"",
	"a",
	"hello",
	"é",
	"€",
	"😀",
	"\u07ff\u0800",
	"\ud7ff\ue000",
	"\uffff",
	"\u{10ffff}",
];
const badTexts = [
	"ff",
	"c0af",
	"c3",
	"e28228",
	"eda080",
	"e08080",
	"f4908080",
	"f0808080",
	"f09f98",
	"80",
];
const lengths = [
	0, 1, 2, 3, 5, 9, 17, 30, 62, 63, 64, 65, 124, 125, 126, 127, 200,
];
const closeCodes = [
	0, 999, 1000, 1001, 1004, 1005, 1006, 1011, 1014, 1015, 2999, 3000, 4999,
	5000,
];

export function randomCase(random: Random): StreamCase {
	const role = random.chance(0.8) ? "server" : "client";
	const limits = [0, 1, 5, 40, 64, 130, 1000, 100_000];
	let bytes: Buffer = Buffer.concat(randomFrames(random, role));
	if (random.chance(0.25)) bytes = damage(random, bytes);
	if (random.chance(0.2))
		bytes = bytes.subarray(0, random.below(bytes.length + 1));
	return {
		role,
		maxMessageBytes: random.chance(0.75) ? 100_000 : random.pick(limits),
		maxStreamBytes: random.chance(0.75) ? null : random.pick(limits),
		maxFragments: random.chance(0.7) ? 100 : random.below(5),
		modes: Array.from({ length: 1 + random.below(4) }, () =>
			random.pick(["c", "s"]),
		).join(""),
		bytes: bytes.toString("hex"),
		cuts: randomCuts(random, bytes.length),
		suspendAfter: random.chance(0.3)
			? Array.from({ length: 1 + random.below(4) }, () => 1 + random.below(8))
			: [],
	};
}

function randomFrames(random: Random, role: "server" | "client"): Buffer[] {
	const frames: Buffer[] = [];
	/** Opcode of the unfinished message, 0 for none. */
	let unfinished = 0;
	for (let count = 1 + random.below(8); count > 0; count--) {
		const mask =
			role === "server"
				? Uint8Array.from({ length: 4 }, () => random.below(256))
				: false;
		const control = random.chance(0.2);
		if (control) {
			const opcode = random.pick([8, 9, 9, 10, 10]);
			const payload =
				opcode === 8
					? closePayload(random)
					: anyBytes(random, random.below(129));
			frames.push(frame({ opcode, mask, payload, ...oddities(random) }));
			continue;
		}
		const kind = unfinished === 0 ? random.pick([1, 1, 2]) : unfinished;
		const fin = random.chance(0.55);
		const payload =
			kind === 1 ? textPayload(random) : anyBytes(random, random.pick(lengths));
		frames.push(
			frame({
				opcode: unfinished === 0 ? kind : 0,
				fin,
				mask,
				payload,
				...oddities(random),
			}),
		);
		unfinished = fin ? 0 : kind;
	}
	return frames;
}

/** Now and then a header that breaks a rule, or says more than is there. */
function oddities(random: Random): Partial<FrameFields> {
	if (random.chance(0.95)) return {};
	const declared = [
		3,
		126,
		500,
		65_536,
		2 ** 31,
		2n ** 53n - 1n,
		2n ** 53n,
		2n ** 63n - 1n,
		2n ** 63n,
	];
	return random.pick<Partial<FrameFields>>([
		{ rsv: 1 + random.below(7) },
		{ opcode: random.below(16) },
		{ opcode: random.pick([0, 1, 2]) },
		{ fin: random.chance(0.5) },
		{ mask: random.chance(0.5) },
		{ lengthBytes: 2 },
		{ lengthBytes: 8 },
		{ lengthBytes: 8, declared: random.pick(declared) },
	]);
}

/** Text that may begin or end within a character, so that fragments cut characters. */
function textPayload(random: Random): Buffer {
	let text = "";
	for (let count = random.below(5); count > 0; count--)
		text += random.pick(texts);
	if (random.chance(0.3))
		text += random.pick(["x", "é"]).repeat(random.pick(lengths));
	let payload = Buffer.from(text);
	if (random.chance(0.05))
		payload = Buffer.concat([
			payload,
			Buffer.from(random.pick(badTexts), "hex"),
		]);
	if (random.chance(0.15)) payload = payload.subarray(random.below(3));
	if (random.chance(0.15))
		payload = payload.subarray(
			0,
			Math.max(0, payload.length - random.below(3)),
		);
	return payload;
}

function anyBytes(random: Random, length: number): Buffer {
	const start = random.below(256);
	return Buffer.from(Uint8Array.from({ length }, (_, at) => start + at * 37));
}

function closePayload(random: Random): Buffer {
	if (random.chance(0.3)) return Buffer.alloc(random.below(2));
	const code = random.pick(closeCodes);
	return Buffer.concat([
		Uint8Array.of(code >> 8, code & 255),
		textPayload(random),
	]).subarray(0, 125);
}

/** Overwrites, removes, or repeats bytes, or flips a bit. */
export function damage(random: Random, bytes: Buffer): Buffer {
	const damaged = Buffer.from(bytes);
	const at = random.below(damaged.length);
	const to = Math.min(damaged.length, at + 1 + random.below(4));
	switch (random.below(4)) {
		case 0:
			damaged[at] ^= 1 << random.below(8);
			return damaged;
		case 1:
			damaged[at] = random.below(256);
			return damaged;
		case 2:
			return Buffer.concat([damaged.subarray(0, at), damaged.subarray(to)]);
		default:
			return Buffer.concat([damaged.subarray(0, to), damaged.subarray(at)]);
	}
}

export function randomCuts(random: Random, length: number): number[] {
	const way = random.below(10);
	if (way < 3) return [];
	if (way === 3 && length < 150) return Array.from({ length }, (_, at) => at);
	return Array.from({ length: 1 + random.below(6) }, () =>
		random.below(length + 1),
	);
}

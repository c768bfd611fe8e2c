/** The kept inputs of the fuzz target `decoder`, and streams made from them. crate/fuzz/src/stream.rs defines the format. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../../support/random.js";
import { damage, randomCase, randomCuts, type StreamCase } from "./streams.js";

const folder = join(import.meta.dirname, "../../../crate/fuzz/corpus/decoder");

/** Longest message and longest stream by their index; null stands for none. */
export const limits = [
	0,
	1,
	5,
	40,
	64,
	125,
	130,
	1000,
	4096,
	65_535,
	65_536,
	100_000,
	2_097_152,
	4_294_967_296,
	Number.MAX_SAFE_INTEGER,
	null,
] as const;

/** Reads an input of the fuzz target. One that is too short reads as zeros. */
function parseInput(input: Uint8Array): StreamCase {
	const [flags = 0, limit = 0, fragments = 0, stops = 0, counts = 0] = input;
	const count = counts & 15;
	const sizes = Array.from({ length: count }, (_, n) => input[5 + n] ?? 0).map(
		(size) => (size < 128 ? size + 1 : (size - 127) * 128),
	);
	const bytes = Buffer.from(input.subarray(5 + count));
	return {
		role: (flags & 1) === 0 ? "server" : "client",
		// A length that JavaScript cannot count is refused whatever the limit.
		maxMessageBytes: limits[limit & 15] ?? Number.MAX_SAFE_INTEGER,
		maxStreamBytes: limits[limit >> 4],
		maxFragments: fragments === 255 ? 16_384 : fragments,
		modes: [4, 5, 6, 7].map((bit) => ((flags >> bit) & 1 ? "s" : "c")).join(""),
		bytes: bytes.toString("hex"),
		cuts: offsets(sizes, bytes.length),
		// There is at most one event for each byte, and a failure.
		suspendAfter: Array.from(
			{ length: bytes.length + 1 },
			(_, n) => n + 1,
		).filter((n) => (stops >> ((n - 1) % 8)) & 1),
	};
}

/** Where pieces of the given sizes, taken in turn, end within `length` bytes. */
function offsets(sizes: readonly number[], length: number): number[] {
	const ends: number[] = [];
	if (sizes.length === 0) return ends;
	for (let at = sizes[0]; at < length; at += sizes[ends.length % sizes.length])
		ends.push(at);
	return ends;
}

/** All of them, with the names of their files. */
export const fuzzedStreams: readonly (readonly [string, StreamCase])[] =
	readdirSync(folder).map((name) => [
		name,
		parseInput(readFileSync(join(folder, name))),
	]);

/** Longer streams would take the time of many short ones. */
const MAX_BYTES = 600;

/** A stream of the fuzzer, changed: damaged, joined with another, fed in another way or held to other limits. */
export function mutatedCase(random: Random): StreamCase {
	const [, stream] = random.pick(fuzzedStreams);
	let bytes = Buffer.from(stream.bytes, "hex");
	if (random.chance(0.5)) {
		const other = Buffer.from(random.pick(fuzzedStreams)[1].bytes, "hex");
		bytes = Buffer.concat([
			bytes.subarray(0, random.upTo(bytes.length)),
			other.subarray(random.upTo(other.length)),
		]);
	}
	bytes = bytes.subarray(0, MAX_BYTES);
	for (let count = random.below(4); count > 0 && bytes.length > 0; count--)
		bytes = Buffer.from(damage(random, bytes));
	const other = randomCase(random);
	return {
		...stream,
		...(random.chance(0.5) && {
			maxMessageBytes: other.maxMessageBytes,
			maxStreamBytes: other.maxStreamBytes,
			maxFragments: other.maxFragments,
			modes: other.modes,
		}),
		suspendAfter: random.chance(0.5) ? stream.suspendAfter : other.suspendAfter,
		cuts: random.chance(0.5) ? stream.cuts : randomCuts(random, bytes.length),
		bytes: bytes.toString("hex"),
	};
}

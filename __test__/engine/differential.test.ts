/**
 * The engines make the same of the same bytes: kept cases first, then what the fuzzer has found, then random streams, some
 * of them made from those.
 *
 * NODEJS_WEBSOCKET_TEST_SEED sets the seed, NODEJS_WEBSOCKET_TEST_STREAMS how many streams. A stream on which they part is
 * reduced and written to cases/, where it is tried first from then on.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DecoderSink, Engine } from "../../lib/engine/engine.js";
import { decoderFailureCodes } from "../../lib/errors.js";
import {
	engines as available,
	nativeMissing,
	typeScriptEngine,
} from "../support/engines.js";
import { nthRandom, Random, seedOfRun } from "../support/random.js";
import { findDifference, runEngine } from "./differential/compare.js";
import { fuzzedStreams, limits, mutatedCase } from "./differential/corpus.js";
import { reduceCase } from "./differential/reduce.js";
import { randomCase, type StreamCase } from "./differential/streams.js";

const eventKinds = [
	"text",
	"binary",
	"begin",
	"data",
	"end",
	"ping",
	"pong",
	"close",
];
const engines = available.map(({ engine }) => engine);
const names = [...engines.map(({ name }) => name), "reference"].join(", ");
const cases = join(import.meta.dirname, "cases");
const seed = seedOfRun();
const streams = Number(process.env.NODEJS_WEBSOCKET_TEST_STREAMS ?? 200_000);
/** The naive reading is slow: with two engines at hand it is asked about one stream in so many. */
const referenceEvery = engines.length > 1 ? 4 : 1;
/** One stream in so many is made from those of the fuzzer. No multiple of the above: the reference is to see some of them. */
const mutatedEvery = 5;

/** Where a stream differs: reduces it, keeps it, and returns what to say about it. */
function keep(found: StreamCase): string {
	const fails = (stream: StreamCase): boolean =>
		findDifference(engines, stream, true) !== null;
	const reduced = reduceCase(found, fails);
	const text = `${JSON.stringify(reduced, null, "\t")}\n`;
	const hash = createHash("sha1").update(text).digest("hex").slice(0, 10);
	const path = join(cases, `found-${hash}.json`);
	writeFileSync(path, text);
	return `${findDifference(engines, reduced, true)}\nkept as ${path}`;
}

describe("kept cases", () => {
	test.each(readdirSync(cases).filter((name) => name.endsWith(".json")))(
		"%s",
		(name) => {
			const text = readFileSync(join(cases, name), "utf8");
			const stream = JSON.parse(text) as StreamCase;
			expect(findDifference(engines, stream, true)).toBeNull();
		},
	);
});

describe("inputs of the fuzzer", () => {
	test(`${names} agree on all ${fuzzedStreams.length} that are kept`, () => {
		expect(fuzzedStreams.length).toBeGreaterThan(100);
		for (const [name, stream] of fuzzedStreams) {
			const difference = findDifference(engines, stream, true);
			if (difference !== null) expect.fail(`${name}:\n${keep(stream)}`);
		}
	});

	test("stand for the same limits here and in the fuzz target", () => {
		const source = readFileSync(
			join(import.meta.dirname, "../../crate/fuzz/src/stream.rs"),
			"utf8",
		);
		const table = /LIMITS: \[u64; 16\] = \[([^\]]+)\]/.exec(source)?.[1];
		const numbers = table
			?.split(",")
			.map((word) => word.trim().replaceAll("_", ""))
			.filter((word) => word !== "")
			.map((word) => (word === "u64::MAX" ? null : Number(word)));
		expect(numbers).toEqual([...limits]);
	});
});

test(`${names} agree on ${streams} random streams (seed ${seed})`, {
	timeout: 300_000,
}, () => {
	const missing =
		nativeMissing === null ? "" : `; without native: ${nativeMissing}`;
	console.log(`differential test: seed ${seed}, ${names}${missing}`);
	for (let n = 0; n < streams; n++) {
		const random = nthRandom(seed, n);
		const stream =
			n % mutatedEvery === 0 ? mutatedCase(random) : randomCase(random);
		const difference = findDifference(
			engines,
			stream,
			n % referenceEvery === 0,
		);
		if (difference !== null)
			expect.fail(`stream ${n} of seed ${seed}:\n${keep(stream)}`);
	}
});

test("random streams lead to every event and every failure, often", () => {
	const seen = new Map<string, number>();
	for (let n = 0; n < 20_000; n++) {
		const { events } = runEngine(typeScriptEngine, randomCase(new Random(n)));
		for (const [kind, detail] of events) {
			const name = kind === "failure" ? detail : kind;
			seen.set(name, (seen.get(name) ?? 0) + 1);
		}
	}
	// Those of compressed messages are in compressed-differential.test.ts.
	const failures = decoderFailureCodes.filter(
		(code) => code !== "WS_ERR_INVALID_COMPRESSION",
	);
	const rare = [...failures, ...eventKinds].filter(
		(kind) => (seen.get(kind) ?? 0) < 20,
	);
	expect(rare, JSON.stringify([...seen])).toEqual([]);
});

describe("the comparison", () => {
	/** The TypeScript engine with something wrong: `damage` replaces methods of each sink. */
	function damaged(
		damage: (sink: DecoderSink) => Partial<DecoderSink>,
	): Engine {
		const methodsOf = (sink: DecoderSink): DecoderSink => ({
			text: (message) => sink.text(message),
			binary: (message) => sink.binary(message),
			binaryBegin: () => sink.binaryBegin(),
			binaryData: (piece) => sink.binaryData(piece),
			binaryEnd: () => sink.binaryEnd(),
			ping: (payload) => sink.ping(payload),
			pong: (payload) => sink.pong(payload),
			close: (code, reason) => sink.close(code, reason),
			failure: (failure) => sink.failure(failure),
			...damage(sink),
		});
		return {
			name: "native",
			createDecoder: (options, sink) =>
				typeScriptEngine.createDecoder(options, methodsOf(sink)),
			createEncoder: (role) => typeScriptEngine.createEncoder(role),
			createDeflater: (options) => typeScriptEngine.createDeflater(options),
			deflaterBytes: (options) => typeScriptEngine.deflaterBytes(options),
			inflaterBytes: (bits) => typeScriptEngine.inflaterBytes(bits),
			mask: (...args) => typeScriptEngine.mask(...args),
			unmask: (...args) => typeScriptEngine.unmask(...args),
			isValidUTF8: (buffer) => typeScriptEngine.isValidUTF8(buffer),
		};
	}

	test.each<[string, (sink: DecoderSink) => Partial<DecoderSink>]>([
		["loses pongs", () => ({ pong: () => {} })],
		[
			"trims a text",
			(sink) => ({
				text: (text) => sink.text(text.trimEnd().replace("€", "")),
			}),
		],
		[
			"loses the last byte of a piece",
			(sink) => ({
				binaryData: (piece) => sink.binaryData(piece.subarray(0, -1)),
			}),
		],
		["forgets the end of a stream", () => ({ binaryEnd: () => {} })],
		[
			"collects what should be streamed",
			(sink) => ({
				binaryBegin() {
					sink.binaryBegin();
					return "collect";
				},
			}),
		],
		[
			"changes a close code",
			(sink) => ({ close: (code, reason) => sink.close(code + 1, reason) }),
		],
		[
			"reports every failure alike",
			(sink) => ({ failure: () => sink.failure("WS_ERR_OPCODE") }),
		],
	])("finds an engine that %s, and reduces the stream", (_, damage) => {
		for (const [engines, withReference] of [
			[[typeScriptEngine, damaged(damage)], false],
			[[damaged(damage)], true],
		] as const) {
			const fails = (stream: StreamCase): boolean =>
				findDifference(engines, stream, withReference) !== null;
			let n = 0;
			let stream = randomCase(new Random(n));
			while (!fails(stream) && n < 5000) stream = randomCase(new Random(++n));
			expect(fails(stream)).toBe(true);
			const reduced = reduceCase(stream, fails);
			expect(fails(reduced)).toBe(true);
			// One or two frames are enough to show each.
			expect(reduced.bytes.length / 2).toBeLessThanOrEqual(60);
			expect(reduced.suspendAfter).toEqual([]);
		}
	});
});

/** Feeds a stream to the engines and the reference, and says where they part. */
import type { Engine } from "../../../lib/engine/engine.js";
import { cut } from "../../support/frames.js";
import { readReference, type StreamOptions } from "../../support/reference.js";
import {
	createRecorded,
	type Event,
	feedAll,
	joinPieces,
	toReading,
} from "../recorder.js";
import type { StreamCase } from "./streams.js";

function optionsOf(stream: StreamCase): StreamOptions {
	return {
		role: stream.role,
		maxMessageBytes: stream.maxMessageBytes,
		maxStreamBytes: stream.maxStreamBytes ?? Number.POSITIVE_INFINITY,
		maxFragments: stream.maxFragments,
		modeOf: (n) =>
			stream.modes[n % stream.modes.length] === "s" ? "stream" : "collect",
	};
}

/** What an engine makes of a stream: its events, and the bytes it still holds at the end. */
export function runEngine(
	engine: Engine,
	stream: StreamCase,
): { events: Event[]; pendingBytes: number } {
	const chunks = cut(Buffer.from(stream.bytes, "hex"), stream.cuts);
	const recorded = createRecorded(engine, optionsOf(stream));
	feedAll(recorded, chunks, new Set(stream.suspendAfter));
	const { pendingBytes } = recorded.decoder;
	recorded.decoder.destroy();
	return { events: joinPieces(recorded.events), pendingBytes };
}

/**
 * @param withReference whether the naive reading is compared too
 * @returns null where all agree, else a description of the difference
 */
export function findDifference(
	engines: readonly Engine[],
	stream: StreamCase,
	withReference: boolean,
): string | null {
	const [first, ...others] = engines;
	const expected = runEngine(first, stream);
	const text = JSON.stringify(expected);
	for (const engine of others) {
		const other = JSON.stringify(runEngine(engine, stream));
		if (other !== text)
			return `${first.name}: ${text}\n${engine.name}: ${other}`;
	}
	if (!withReference) return null;
	const bytes = Buffer.from(stream.bytes, "hex");
	const reference = JSON.stringify(readReference(bytes, optionsOf(stream)));
	const reading = JSON.stringify(toReading(expected.events));
	return reading === reference
		? null
		: `${first.name}: ${reading}\nreference: ${reference}`;
}

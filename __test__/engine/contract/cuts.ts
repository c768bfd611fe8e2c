/** Ways to cut a stream, and a check that all of them lead to the same events. */
import { expect } from "vitest";
import type { Engine } from "../../../lib/engine/engine.js";
import { cut } from "../../support/frames.js";
import type { StreamOptions } from "../../support/reference.js";
import { decode, type Event, toReading } from "../recorder.js";

/** Uncut, every cut in two, and byte by byte. */
export function everyCut(bytes: Uint8Array): Buffer[][] {
	const inner = Array.from({ length: bytes.length - 1 }, (_, at) => at + 1);
	return [
		cut(bytes, []),
		...inner.map((at) => cut(bytes, [at])),
		cut(bytes, inner),
	];
}

/** Expects the outcomes for every cut of `bytes`, streamed or collected alike. */
export function expectOutcomes(
	engine: Engine,
	bytes: Uint8Array,
	outcomes: Event[],
	options: Partial<StreamOptions> = {},
): void {
	for (const chunks of everyCut(bytes)) {
		const events = decode(engine, chunks, options);
		expect(
			toReading(events).outcomes,
			`cut into ${chunks.map((chunk) => chunk.length)}`,
		).toEqual(outcomes);
	}
}

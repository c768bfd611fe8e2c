/** Runs a decoder that inflates, which may wait for threads. */
import type { Decoder, Engine } from "../../lib/engine/engine.js";
import type { StreamOptions } from "../support/reference.js";
import { type Event, Recorder } from "./recorder.js";

export interface InflatingOptions extends Partial<StreamOptions> {
	/** Default: 15. */
	windowBits?: number;
	/** Default: false. */
	contextTakeover?: boolean;
}

/** Feeds copies of the chunks to a decoder of their own, and returns the events once all were delivered. */
export async function inflating(
	engine: Engine,
	chunks: readonly Uint8Array[],
	options: InflatingOptions = {},
	suspendAfter: ReadonlySet<number> = new Set(),
): Promise<Event[]> {
	const recorder = new Recorder(options.modeOf);
	const { events } = recorder;
	let ready = () => {};
	const decoder: Decoder = engine.createDecoder(
		{
			role: options.role ?? "server",
			limits: {
				maxMessageBytes: options.maxMessageBytes ?? 1 << 20,
				maxStreamBytes: options.maxStreamBytes ?? Number.POSITIVE_INFINITY,
				maxFragments: options.maxFragments ?? 16_384,
			},
			inflate: {
				windowBits: options.windowBits ?? 15,
				contextTakeover: options.contextTakeover ?? false,
				ready: () => ready(),
			},
		},
		recorder,
	);
	recorder.onEvent = () => {
		if (suspendAfter.has(events.length)) decoder.suspend();
	};
	for (const chunk of chunks) {
		let isDone = decoder.feed(Uint8Array.from(chunk));
		while (!isDone) {
			if (decoder.isWaiting)
				await new Promise<void>((resolve) => {
					ready = resolve;
				});
			decoder.unsuspend();
			isDone = decoder.resume();
		}
		decoder.unsuspend();
	}
	decoder.destroy();
	return events;
}

/** Runs a decoder and writes down what it delivers. */
import type { Decoder, DecoderSink, Engine } from "../../lib/engine/engine.js";
import type { Outcome, Reading, StreamOptions } from "../support/reference.js";

/** An event as it came; bytes are in hex. */
export type Event =
	| Outcome
	| ["begin", "collect" | "stream"]
	| ["data", string]
	| ["end"];

/** A sink that keeps every event, and calls `onEvent` after each. */
export class Recorder implements DecoderSink {
	readonly events: Event[] = [];
	onEvent: (event: Event) => void = () => {};
	#binaryMessages = 0;
	#asked = false;

	constructor(readonly modeOf: StreamOptions["modeOf"] = () => "collect") {}

	#add(event: Event): void {
		this.events.push(event);
		this.onEvent(event);
	}

	text(message: string): void {
		this.#add(["text", message]);
	}
	binary(message: Buffer): void {
		if (!this.#asked) this.#binaryMessages++;
		this.#asked = false;
		this.#add(["binary", message.toString("hex")]);
	}
	binaryBegin(): "collect" | "stream" {
		const mode = this.modeOf(this.#binaryMessages++);
		this.#asked = true;
		this.#add(["begin", mode]);
		return mode;
	}
	binaryData(piece: Buffer): void {
		this.#add(["data", piece.toString("hex")]);
	}
	binaryEnd(): void {
		this.#asked = false;
		this.#add(["end"]);
	}
	ping(payload: Buffer): void {
		this.#add(["ping", payload.toString("hex")]);
	}
	pong(payload: Buffer): void {
		this.#add(["pong", payload.toString("hex")]);
	}
	close(code: number, reason: string): void {
		this.#add(["close", code, reason]);
	}
	failure(failure: string): void {
		this.#add(["failure", failure]);
	}
}

export interface Recorded {
	decoder: Decoder;
	recorder: Recorder;
	events: Event[];
}

export function createRecorded(
	engine: Engine,
	options: Partial<StreamOptions> = {},
): Recorded {
	const recorder = new Recorder(options.modeOf);
	const limits = {
		maxMessageBytes: options.maxMessageBytes ?? 1 << 20,
		maxStreamBytes: options.maxStreamBytes ?? Number.POSITIVE_INFINITY,
		maxFragments: options.maxFragments ?? 16_384,
	};
	const decoder = engine.createDecoder(
		{ role: options.role ?? "server", limits },
		recorder,
	);
	return { decoder, recorder, events: recorder.events };
}

/** Feeds the chunks to the end. `suspendAfter` holds numbers of events after which the sink suspends. */
export function feedAll(
	{ decoder, recorder, events }: Recorded,
	chunks: readonly Uint8Array[],
	suspendAfter: ReadonlySet<number>,
): void {
	recorder.onEvent = () => {
		if (suspendAfter.has(events.length)) decoder.suspend();
	};
	for (const chunk of chunks) {
		let done = decoder.feed(chunk);
		for (let calls = 0; !done; calls++) {
			if (calls > 10_000) throw new Error("the decoder never gets done");
			decoder.unsuspend();
			done = decoder.resume();
		}
		decoder.unsuspend();
	}
}

/** Feeds copies of the chunks to a decoder of their own, and returns the events. */
export function decode(
	engine: Engine,
	chunks: readonly Uint8Array[],
	options: Partial<StreamOptions> = {},
	suspendAfter: ReadonlySet<number> = new Set(),
): Event[] {
	const recorded = createRecorded(engine, options);
	const copies = chunks.map((chunk) => Uint8Array.from(chunk));
	feedAll(recorded, copies, suspendAfter);
	recorded.decoder.destroy();
	return recorded.events;
}

/** Joins the pieces of streamed messages that came next to each other, where two engines may cut differently. */
export function joinPieces(events: readonly Event[]): Event[] {
	const joined: Event[] = [];
	for (const event of events) {
		const last = joined.at(-1);
		if (event[0] === "data" && last?.[0] === "data")
			joined[joined.length - 1] = ["data", last[1] + event[1]];
		else joined.push(event);
	}
	return joined;
}

/** What the events amount to, however the stream was cut: comparable with the reference. */
export function toReading(events: readonly Event[]): Reading {
	const outcomes: Outcome[] = [];
	let partial: string | null = null;
	for (const event of events) {
		if (event[0] === "begin") partial = event[1] === "stream" ? "" : null;
		else if (event[0] === "data") partial += event[1];
		else if (event[0] === "end") {
			outcomes.push([
				"binary",
				partial ?? "a streamed message that never began",
			]);
			partial = null;
		} else outcomes.push(event);
	}
	return { outcomes, partial };
}

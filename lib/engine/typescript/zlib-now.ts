/**
 * The streams and the memory in which this thread deflates and inflates within a call. All connections share them, since a call
 * leaves nothing behind in them; they are given back when they were of no use for a while.
 */
import { Buffer } from "node:buffer";
import { createDeflateRaw, createInflateRaw } from "node:zlib";
import {
	DEFLATE_NOW_BYTES,
	type DeflaterOptions,
	INFLATE_BYTES_PER_TURN,
} from "../engine.js";
import { isReusable, ReusedStream } from "./reused-stream.js";

/** At most so many settings have a stream, of a quarter of a megabyte. */
const MAX_STREAMS = 8;

/** They are of no use after this time at least, and after twice as long at most, in milliseconds. */
const IDLE_MS = 20_000;

/** A stream's own room for output, as little as zlib allows, in bytes. */
const UNUSED_BYTES = 64;

/** Room for what comes of `DEFLATE_NOW_BYTES` at nearly any setting, and for more than `INFLATE_BYTES_PER_TURN`, in bytes. */
const ROOM_BYTES =
	Math.max(DEFLATE_NOW_BYTES, INFLATE_BYTES_PER_TURN) + 8 * 1024;

/** By their settings, the one that was made last at the end. */
const streams = new Map<number, ReusedStream>();
let room: Buffer | null = null;
let isInUse = false;
let timer: NodeJS.Timeout | null = null;

/** Memory for what comes out, free again when the engine is called the next time. */
export function sharedRoom(): Buffer {
	room ??= Buffer.alloc(ROOM_BYTES);
	use();
	return room;
}

/** A stream at its beginning, to be reset after use, or dropped; null where there can be none. */
export function deflateStream(options: DeflaterOptions): ReusedStream | null {
	const { level, memoryLevel, windowBits } = options;
	return streamOf((level << 8) | (memoryLevel << 4) | windowBits, () =>
		createDeflateRaw({
			level,
			memLevel: memoryLevel,
			windowBits,
			chunkSize: UNUSED_BYTES,
		}),
	);
}

/** Likewise. */
export function inflateStream(windowBits: number): ReusedStream | null {
	return streamOf(-windowBits, () =>
		createInflateRaw({ windowBits, chunkSize: UNUSED_BYTES }),
	);
}

/** Forgets a stream that is broken. */
export function dropStream(stream: ReusedStream): void {
	for (const [key, known] of streams) if (known === stream) streams.delete(key);
	stream.close();
}

function streamOf(
	key: number,
	create: () => ConstructorParameters<typeof ReusedStream>[0],
): ReusedStream | null {
	use();
	const known = streams.get(key);
	if (known !== undefined) return known;
	if (!isReusable()) return null;
	const oldest = streams.values().next().value;
	if (streams.size === MAX_STREAMS && oldest !== undefined) dropStream(oldest);
	const stream = new ReusedStream(create());
	streams.set(key, stream);
	return stream;
}

function use(): void {
	isInUse = true;
	timer ??= setInterval(look, IDLE_MS).unref();
}

function look(): void {
	if (isInUse || timer === null) {
		isInUse = false;
		return;
	}
	clearInterval(timer);
	timer = null;
	room = null;
	for (const stream of streams.values()) stream.close();
	streams.clear();
}

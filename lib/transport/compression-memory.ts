/**
 * The process-wide budget for compression: what all connections of this thread together keep between messages, because they
 * agreed on context takeover. Beyond it new connections are not compressed. Without takeover a connection keeps nothing.
 */
import type { DeflaterOptions, Engine } from "../engine/engine.js";
import { createError } from "../errors.js";
import { DEFAULT_MAX_COMPRESSION_BYTES } from "../rfc6455/limits.js";

/** How a link compresses what it sends (null: not at all), and inflates what it receives. */
export interface LinkCompression {
	deflate: DeflaterOptions | null;
	inflate: { windowBits: number; contextTakeover: boolean };
}

let limit = DEFAULT_MAX_COMPRESSION_BYTES;
let total = 0;

/** Sets the budget, in bytes; 0 allows no context takeover at all. Throws a RangeError for what is not such a number. */
export function setMaxCompressionBytes(bytes: number): void {
	if (typeof bytes !== "number" || !(bytes >= 0)) {
		throw createError("WS_ERR_OPTION_RANGE", {
			detail: "maxCompressionBytes should be a number of bytes",
		});
	}
	limit = bytes;
}

/** Bytes booked now. */
export function compressionBytes(): number {
	return total;
}

/** What a link keeps between messages at most, in bytes. */
export function bytesOf(
	engine: Engine,
	{ deflate, inflate }: LinkCompression,
): number {
	const sent = deflate?.contextTakeover ? engine.deflaterBytes(deflate) : 0;
	const received = inflate.contextTakeover
		? engine.inflaterBytes(inflate.windowBits)
		: 0;
	return sent + received;
}

/** Whether so much may be booked. */
export function hasCompressionRoom(bytes: number): boolean {
	return bytes === 0 || total + bytes <= limit;
}

/** Books a change of what the links keep. */
export function bookCompressionBytes(change: number): void {
	total += change;
}

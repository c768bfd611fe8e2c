/** Strings from UTF-8 that is known to be valid. */
import { endianness } from "node:os";
import type { RawBuffer } from "../buffer.js";

/**
 * Whether decoding here beats Node: its decoder makes 0.25 GB/s of non-ASCII text on Node 20 and 2 to 5 GB/s on Node 24,
 * the loop below 0.5 to 1.5 GB/s on both.
 */
const NODE_IS_SLOW =
	Number.parseInt(process.versions.node, 10) < 22 && endianness() === "LE";

/** Texts of up to this many bytes are decoded in memory that is kept, since they have at most as many units. */
const KEPT_UNITS = 16 * 1024;

let kept: RawBuffer | undefined;

/** The text in bytes `start` to `end`, which are valid UTF-8. */
export function decodeText(
	bytes: RawBuffer,
	start: number,
	end: number,
): string {
	return NODE_IS_SLOW
		? decodeUnits(bytes, start, end)
		: bytes.utf8Slice(start, end);
}

/** Decodes to UTF-16 in a buffer, which becomes the string in one copy: of one byte a unit where all are Latin-1. */
function decodeUnits(bytes: Uint8Array, start: number, end: number): string {
	const memory = unitMemory(end - start);
	const units = new Uint16Array(memory.buffer);
	let count = 0;
	let seen = 0;
	for (let at = start; at < end; ) {
		const lead = bytes[at];
		let unit = lead;
		if (lead < 0x80) {
			at += 1;
		} else if (lead < 0xe0) {
			unit = ((lead & 0x1f) << 6) | (bytes[at + 1] & 0x3f);
			at += 2;
		} else if (lead < 0xf0) {
			unit =
				((lead & 0x0f) << 12) |
				((bytes[at + 1] & 0x3f) << 6) |
				(bytes[at + 2] & 0x3f);
			at += 3;
		} else {
			const beyond =
				(((lead & 0x07) << 18) |
					((bytes[at + 1] & 0x3f) << 12) |
					((bytes[at + 2] & 0x3f) << 6) |
					(bytes[at + 3] & 0x3f)) -
				0x10000;
			units[count++] = 0xd800 | (beyond >>> 10);
			unit = 0xdc00 | (beyond & 0x3ff);
			at += 4;
		}
		seen |= unit;
		units[count++] = unit;
	}
	if (seen >= 0x100) return memory.ucs2Slice(0, count * 2);
	for (let at = 0; at < count; at++) memory[at] = units[at];
	return memory.latin1Slice(0, count);
}

/** Memory for `count` units, its contents undefined. What is kept is free again once the string is made of it. */
function unitMemory(count: number): RawBuffer {
	if (count > KEPT_UNITS) {
		return Buffer.allocUnsafeSlow(count * 2) as RawBuffer;
	}
	kept ??= Buffer.allocUnsafeSlow(KEPT_UNITS * 2) as RawBuffer;
	return kept;
}

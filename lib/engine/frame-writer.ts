import { randomFillSync } from "node:crypto";
import { createError } from "../errors.js";
import type { RawBuffer } from "./buffer.js";
import type { Encoder, OutputArena, Role } from "./engine.js";

/** Texts of up to this many UTF-16 units are written into room for their longest form, three bytes a unit. */
const MAX_SURE_UNITS = 1024;

/** "The masking key needs to be unpredictable" (section 5.3): random bytes from a CSPRNG, fetched many at a time. */
const keyPool = Buffer.alloc(8 * 1024);
let keysUsed = keyPool.length;

const textEncoder = new TextEncoder();

/**
 * Serializes frames of one role, each length in its minimal encoding (section 5.2). Holds no state of a connection.
 *
 * Texts are written straight into the arena behind a hole for the header. How long the header is depends on the bytes
 * that come of the text; the guess is that they are ASCII, and where that is wrong the payload is moved.
 */
export class FrameWriter implements Encoder {
	protected readonly maskBytes: 0 | 4;
	/** The masking key of the frame being written. */
	readonly #key = new Uint8Array(4);

	constructor(role: Role) {
		this.maskBytes = role === "client" ? 4 : 0;
	}

	text(arena: OutputArena, first: number, text: string): number {
		const units = text.length;
		if (units > MAX_SURE_UNITS) return this.#longText(arena, first, text);
		const guess = headerBytes(units) + this.maskBytes;
		// Two bytes more, for a header that turns out to be longer than the guess.
		arena.reserve(guess + 2 + units * 3);
		const slab = arena.slab;
		const start = arena.used;
		const length = (slab as RawBuffer).utf8Write(text, start + guess);
		const header = headerBytes(length) + this.maskBytes;
		if (header !== guess) {
			slab.copyWithin(start + header, start + guess, start + guess + length);
		}
		return this.finish(arena, first, header, length);
	}

	/** A text for which three bytes a unit are too much to reserve. */
	#longText(arena: OutputArena, first: number, text: string): number {
		const units = text.length;
		const guess = headerBytes(units) + this.maskBytes;
		arena.reserve(guess + units);
		const slab = arena.slab;
		const at = arena.used + guess;
		const { read, written } = textEncoder.encodeInto(text, slab.subarray(at));
		const rest = read < units ? text.slice(read) : "";
		const length = written + (rest === "" ? 0 : Buffer.byteLength(rest));
		const header = headerBytes(length) + this.maskBytes;
		// Where the text is not ASCII the room may be too small, for the text or for its header. What was written is not
		// part of any frame yet: it is copied to where all of it fits, which may be the same slab.
		arena.reserve(header + length);
		const target = arena.used + header;
		if (arena.slab !== slab || target !== at) {
			arena.slab.set(slab.subarray(at, at + written), target);
		}
		if (rest !== "") {
			(arena.slab as RawBuffer).utf8Write(rest, target + written);
		}
		return this.finish(arena, first, header, length);
	}

	binary(arena: OutputArena, first: number, payload: Uint8Array): number {
		const length = payload.length;
		const header = headerBytes(length) + this.maskBytes;
		const total = header + length;
		arena.reserve(total);
		const slab = arena.slab;
		const start = arena.used;
		writeHeader(slab, start, first, length, this.maskBytes);
		if (this.maskBytes === 0) {
			slab.set(payload, start + header);
		} else {
			const key = this.#nextKey(slab, start + header - 4);
			this.maskInto(payload, key, slab, start + header, length);
		}
		arena.used = start + total;
		return total;
	}

	header(arena: OutputArena, first: number, payloadLength: number): number {
		if (this.maskBytes !== 0) {
			throw createError("WS_ERR_OPTION", {
				detail:
					"a client has to mask its payload, it cannot be sent by reference",
			});
		}
		const header = headerBytes(payloadLength);
		arena.reserve(header);
		writeHeader(arena.slab, arena.used, first, payloadLength, 0);
		arena.used += header;
		return header;
	}

	/**
	 * Masks the first `length` bytes of `source` into `output` from `offset` on; the two may be the same bytes. Engines
	 * put their faster form in its place.
	 */
	protected maskInto(
		source: Uint8Array,
		maskKey: Uint8Array,
		output: Uint8Array,
		offset: number,
		length: number,
	): void {
		for (let at = 0; at < length; at++) {
			output[offset + at] = source[at] ^ maskKey[at & 3];
		}
	}

	/** Writes the header in front of `length` bytes of payload that are in place, masks them, and claims the frame. */
	protected finish(
		arena: OutputArena,
		first: number,
		header: number,
		length: number,
	): number {
		const slab = arena.slab;
		const start = arena.used;
		const payload = start + header;
		writeHeader(slab, start, first, length, this.maskBytes);
		if (this.maskBytes !== 0) {
			const key = this.#nextKey(slab, payload - 4);
			const bytes = slab.subarray(payload, payload + length);
			this.maskInto(bytes, key, slab, payload, length);
		}
		arena.used = payload + length;
		return header + length;
	}

	/** A fresh masking key, which is also written to `slab` at `offset`. */
	#nextKey(slab: Buffer, offset: number): Uint8Array {
		if (keysUsed === keyPool.length) {
			randomFillSync(keyPool);
			keysUsed = 0;
		}
		const key = this.#key;
		for (let at = 0; at < 4; at++) {
			const random = keyPool[keysUsed++];
			key[at] = random;
			slab[offset + at] = random;
		}
		return key;
	}
}

/** Size of an unmasked header for `length` bytes of payload. */
export function headerBytes(length: number): number {
	if (length < 126) return 2;
	return length < 0x10000 ? 4 : 10;
}

/** Writes all of a header but the masking key. */
function writeHeader(
	slab: Buffer,
	at: number,
	first: number,
	length: number,
	maskBytes: number,
): void {
	const maskBit = maskBytes === 0 ? 0 : 0x80;
	slab[at] = first;
	if (length < 126) {
		slab[at + 1] = maskBit | length;
	} else if (length < 0x10000) {
		slab[at + 1] = maskBit | 126;
		slab[at + 2] = length >>> 8;
		slab[at + 3] = length & 0xff;
	} else {
		slab[at + 1] = maskBit | 127;
		slab.writeUInt32BE(Math.floor(length / 2 ** 32), at + 2);
		slab.writeUInt32BE(length % 2 ** 32, at + 6);
	}
}

/** What frame engines are measured at. An operation is made once per size, and one call of it is one operation. */
import { randomBytes } from "node:crypto";
import { makePayload } from "../clients/payload.mjs";
import { maskedFrames } from "./frames.mjs";

/** What a socket hands over at most at a time. */
const CHUNK_BYTES = 64 * 1024;

/**
 * @typedef {object} Implementation What a library has of these; the rest is left out.
 * @property {(source: Uint8Array, mask: Uint8Array, output: Uint8Array, offset: number, length: number) => void} [mask]
 * @property {(buffer: Uint8Array, mask: Uint8Array) => void} [unmask]
 * @property {(buffer: Uint8Array) => boolean} [isValidUTF8]
 * @property {() => Decoder} [decoder]
 */

/** @typedef {{ feed(chunk: Buffer): void, readonly messages: number }} Decoder A server's; counts what it delivers. */

/**
 * @typedef {object} Operation
 * @property {() => void} call
 * @property {() => void} [check] Throws where the calls so far had another outcome than they must.
 * @property {number} messages Handled by one call.
 * @property {number} bytes Payload bytes handled by one call.
 */

/** @type {Record<string, (library: Implementation, size: number) => Operation>} */
export const operations = {
	mask({ mask }, size) {
		if (!mask) throw new Error("it has no mask");
		const source = randomBytes(size);
		const output = Buffer.alloc(size);
		const key = randomBytes(4);
		return {
			call: () => mask(source, key, output, 0, size),
			messages: 1,
			bytes: size,
		};
	},

	unmask({ unmask }, size) {
		if (!unmask) throw new Error("it has no unmask");
		const buffer = randomBytes(size);
		const key = randomBytes(4);
		return { call: () => unmask(buffer, key), messages: 1, bytes: size };
	},

	"utf8-ascii": (library, size) => validation(library, "ascii", size),
	"utf8-non-ascii": (library, size) => validation(library, "non-ascii", size),

	/** Messages of `size` bytes, in chunks as a socket hands them over. */
	"decode-text": (library, size) => decoding(library, "ascii", size),
	"decode-binary": (library, size) => decoding(library, "binary", size),

	/** One chunk of at most `size` bytes, full of short messages. */
	"decode-chunk": (library, size) => {
		const frame = 6 + 32;
		return decoding(library, "ascii", 32, Math.floor(size / frame) || 1);
	},
};

/** @param {Implementation} library @param {string} kind @param {number} size @returns {Operation} */
function validation({ isValidUTF8 }, kind, size) {
	if (!isValidUTF8) throw new Error("it has no isValidUTF8");
	const bytes = Buffer.from(makePayload(kind, size));
	return {
		call() {
			if (!isValidUTF8(bytes)) throw new Error("valid UTF-8 was refused");
		},
		messages: 1,
		bytes: size,
	};
}

/**
 * @param {Implementation} library
 * @param {string} kind
 * @param {number} size Payload bytes of a message.
 * @param {number} [count] How many messages; by default what fills a chunk.
 * @returns {Operation}
 */
function decoding(
	{ decoder },
	kind,
	size,
	count = Math.max(1, Math.floor(CHUNK_BYTES / (size + 6))),
) {
	if (!decoder) throw new Error("it has no decoder");
	const stream = maskedFrames(makePayload(kind, size), count);
	// Decoders unmask in place: each call decodes a fresh copy, made in the same memory.
	const copy = Buffer.alloc(stream.length);
	const chunks = /** @type {Buffer[]} */ ([]);
	for (let at = 0; at < copy.length; at += CHUNK_BYTES)
		chunks.push(copy.subarray(at, at + CHUNK_BYTES));
	const target = decoder();
	let calls = 0;
	return {
		call() {
			stream.copy(copy);
			for (const chunk of chunks) target.feed(chunk);
			calls++;
		},
		check() {
			const expected = calls * count;
			if (target.messages !== expected)
				throw new Error(`${target.messages} messages came of ${expected}`);
		},
		messages: count,
		bytes: count * size,
	};
}

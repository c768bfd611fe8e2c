/** Frames as a client sends them. */
import { randomBytes } from "node:crypto";

/** @param {number} first @param {number} length @param {Buffer} key */
function header(first, length, key) {
	if (length < 126) return Buffer.from([first, 0x80 | length, ...key]);
	if (length < 65_536)
		return Buffer.from([first, 0xfe, length >> 8, length & 255, ...key]);
	const head = Buffer.alloc(14);
	head[0] = first;
	head[1] = 0xff;
	head.writeBigUInt64BE(BigInt(length), 2);
	key.copy(head, 10);
	return head;
}

/**
 * So many messages of one masked frame each, text for a string and binary for a Buffer, each with a key of its own.
 *
 * @param {string | Buffer} payload
 * @param {number} count
 */
export function maskedFrames(payload, count) {
	const first = typeof payload === "string" ? 0x81 : 0x82;
	const bytes = Buffer.from(payload);
	const parts = [];
	for (let i = 0; i < count; i++) {
		const key = randomBytes(4);
		parts.push(header(first, bytes.length, key));
		parts.push(bytes.map((byte, at) => byte ^ key[at & 3]));
	}
	return Buffer.concat(parts);
}

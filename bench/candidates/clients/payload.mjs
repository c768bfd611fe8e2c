/** What clients send, and whether it came back. */

/** One, two, three and four bytes a character in UTF-8, 10 together. */
const MIXED = "aé€😀";

/** @typedef {import("./libraries.mjs").Received} Received */

/**
 * A payload of exactly so many bytes.
 *
 * @param {string} kind ascii, non-ascii or binary
 * @param {number} byteLength
 * @returns {string | Buffer}
 */
export function makePayload(kind, byteLength) {
	if (kind === "binary") {
		const bytes = Buffer.allocUnsafe(byteLength);
		for (let i = 0; i < byteLength; i++) bytes[i] = (i * 31 + (i >> 8)) & 255;
		return bytes;
	}
	if (kind === "ascii") {
		const digits = "0123456789abcdefghijklmnopqrstuvwxyz";
		return digits.repeat(byteLength / digits.length + 1).slice(0, byteLength);
	}
	const whole = Math.floor(byteLength / Buffer.byteLength(MIXED));
	return (
		MIXED.repeat(whole) + "b".repeat(byteLength % Buffer.byteLength(MIXED))
	);
}

/** @param {Received} received */
const lengthOf = (received) =>
	typeof received === "string" ? received.length : received.byteLength;

/**
 * A check of what comes back for `payload`: the length of each message, and all of every 1024th. A library that hands over
 * text as bytes is checked by its bytes.
 *
 * @param {string | Buffer} payload
 */
export function checkerFor(payload) {
	const bytes = Buffer.from(payload);
	let count = 0;
	/** @param {Received} received */
	return (received) => {
		const isString = typeof received === "string";
		const expected = isString ? payload.length : bytes.length;
		if (lengthOf(received) !== expected) {
			throw new Error(`${lengthOf(received)} came back for ${expected}`);
		}
		if (count++ % 1024 !== 0) return;
		const isSame = isString
			? received === payload
			: bytes.equals(new Uint8Array(received));
		if (!isSame) throw new Error("other content came back than was sent");
	};
}

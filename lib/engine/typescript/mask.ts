/**
 * Masking, RFC 6455 section 5.3: byte i of the payload is XORed with byte i mod 4 of the masking key.
 *
 * Inside the engine a key is an int32, its first byte the lowest, rotated so that its lowest byte belongs to the next
 * byte of the payload. Words are read through a DataView: V8 compiles that to unaligned loads.
 */

/** From this many bytes on a DataView (40 ns to make) is repaid by working in words. */
export const WORDS_PAY_BYTES = 128;

/** From this many bytes on the views that `mask` makes, to copy and to work in place, are repaid. */
const VIEWS_PAY_BYTES = 64;

/** The masking key in `bytes` from `offset` on. */
export function readKey(bytes: Uint8Array, offset: number): number {
	return (
		bytes[offset] |
		(bytes[offset + 1] << 8) |
		(bytes[offset + 2] << 16) |
		(bytes[offset + 3] << 24)
	);
}

/** The key for what follows `count` masked bytes. */
export function rotateKey(key: number, count: number): number {
	const bits = (count & 3) << 3;
	return bits === 0 ? key : (key >>> bits) | (key << (32 - bits));
}

/**
 * XORs bytes `start` to `end` in place. `words` is a view of the same memory as `bytes`, or null for few bytes.
 *
 * @returns zero exactly when all bytes are ASCII afterwards.
 */
export function unmaskRange(
	bytes: Uint8Array,
	words: DataView | null,
	start: number,
	end: number,
	key: number,
): number {
	let high = 0;
	let at = start;
	let rest = key;
	if (words !== null) {
		for (; at + 16 <= end; at += 16) {
			const a = words.getInt32(at, true) ^ key;
			const b = words.getInt32(at + 4, true) ^ key;
			const c = words.getInt32(at + 8, true) ^ key;
			const d = words.getInt32(at + 12, true) ^ key;
			words.setInt32(at, a, true);
			words.setInt32(at + 4, b, true);
			words.setInt32(at + 8, c, true);
			words.setInt32(at + 12, d, true);
			high |= a | b | c | d;
		}
		for (; at + 4 <= end; at += 4) {
			const a = words.getInt32(at, true) ^ key;
			words.setInt32(at, a, true);
			high |= a;
		}
	} else {
		const k0 = key & 0xff;
		const k1 = (key >>> 8) & 0xff;
		const k2 = (key >>> 16) & 0xff;
		const k3 = key >>> 24;
		for (; at + 4 <= end; at += 4) {
			const a = bytes[at] ^ k0;
			const b = bytes[at + 1] ^ k1;
			const c = bytes[at + 2] ^ k2;
			const d = bytes[at + 3] ^ k3;
			bytes[at] = a;
			bytes[at + 1] = b;
			bytes[at + 2] = c;
			bytes[at + 3] = d;
			high |= a | b | c | d;
		}
	}
	for (; at < end; at++) {
		const a = bytes[at] ^ (rest & 0xff);
		rest >>>= 8;
		bytes[at] = a;
		high |= a;
	}
	return high & 0x80808080;
}

/** Zero exactly when bytes `start` to `end` are ASCII. */
export function highBits(
	bytes: Uint8Array,
	words: DataView | null,
	start: number,
	end: number,
): number {
	let high = 0;
	let at = start;
	if (words !== null) {
		for (; at + 16 <= end; at += 16) {
			high |=
				words.getInt32(at, true) |
				words.getInt32(at + 4, true) |
				words.getInt32(at + 8, true) |
				words.getInt32(at + 12, true);
		}
	}
	for (; at < end; at++) high |= bytes[at];
	return high & 0x80808080;
}

/** A view for words where there are enough bytes, else null. */
export function wordsOf(bytes: Uint8Array): DataView | null {
	return bytes.length < WORDS_PAY_BYTES
		? null
		: new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Masks the first `length` bytes of `source` into `output` from `offset` on. The two may be the same memory. */
export function mask(
	source: Uint8Array,
	key: Uint8Array,
	output: Uint8Array,
	offset: number,
	length: number,
): void {
	if (length < VIEWS_PAY_BYTES) {
		for (let at = 0; at < length; at++) {
			output[offset + at] = source[at] ^ key[at & 3];
		}
		return;
	}
	const target =
		offset === 0 && length === output.length
			? output
			: output.subarray(offset, offset + length);
	const inPlace =
		source.buffer === target.buffer && source.byteOffset === target.byteOffset;
	if (!inPlace) {
		target.set(length === source.length ? source : source.subarray(0, length));
	}
	unmask(target, key);
}

/** Unmasks (or masks) all of `buffer` in place. */
export function unmask(buffer: Uint8Array, key: Uint8Array): void {
	unmaskRange(buffer, wordsOf(buffer), 0, buffer.length, readKey(key, 0));
}

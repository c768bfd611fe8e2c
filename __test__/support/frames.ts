/** Raw frames for tests, legal or not, and a naive reading of them. */

export interface FrameFields {
	/** Default true. */
	fin?: boolean;
	/** RSV1 to RSV3 as a number from 0 to 7. */
	rsv?: number;
	opcode: number;
	/** A masking key of 4 bytes, or true for one that is made up. Default: unmasked. */
	mask?: Uint8Array | boolean;
	/** A string stands for its UTF-8. */
	payload?: Uint8Array | string;
	/** Forces the size of the extended payload length. Default: the minimal one. */
	lengthBytes?: 0 | 2 | 8;
	/** Declares another payload length than that of `payload`. */
	declared?: number | bigint;
}

const madeUpKey = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

/** XORs with a key, byte by byte as RFC 6455 section 5.3 writes it. */
export function applyMask(payload: Uint8Array, key: Uint8Array): Buffer {
	return Buffer.from(payload.map((byte, index) => byte ^ key[index % 4]));
}

/** The bytes of one frame, exactly as the fields say. */
export function frame(fields: FrameFields): Buffer {
	const { fin = true, rsv = 0, opcode, mask = false } = fields;
	const payload = Buffer.from(fields.payload ?? "");
	const declared = BigInt(fields.declared ?? payload.length);
	const minimal = declared < 126n ? 0 : declared < 65536n ? 2 : 8;
	const lengthBytes = fields.lengthBytes ?? minimal;
	const short =
		lengthBytes === 0 ? Number(declared) : lengthBytes === 2 ? 126 : 127;
	const head = Buffer.alloc(2 + lengthBytes);
	head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
	head[1] = (mask === false ? 0 : 0x80) | short;
	if (lengthBytes === 2) head.writeUInt16BE(Number(declared), 2);
	if (lengthBytes === 8) head.writeBigUInt64BE(declared, 2);
	if (mask === false) return Buffer.concat([head, payload]);
	const key = mask === true ? madeUpKey : mask;
	return Buffer.concat([head, key, applyMask(payload, key)]);
}

/** A copy of `bytes` in pieces that end at the given offsets, which may be unsorted, doubled or out of range. */
export function cut(bytes: Uint8Array, offsets: readonly number[]): Buffer[] {
	const inside = offsets.filter((at) => at > 0 && at < bytes.length);
	const ends = [...new Set(inside), bytes.length].sort((a, b) => a - b);
	return ends.map((end, index) =>
		Buffer.from(bytes.slice(index === 0 ? 0 : ends[index - 1], end)),
	);
}

export interface ReadFrame {
	first: number;
	masked: boolean;
	/** Size of the extended payload length, in bytes. */
	lengthBytes: number;
	key: Buffer | null;
	payload: Buffer;
}

/** Reads legal frames that fill `bytes` exactly; throws where they do not. */
export function readFrames(bytes: Buffer): ReadFrame[] {
	const frames: ReadFrame[] = [];
	let at = 0;
	const take = (count: number): Buffer => {
		if (at + count > bytes.length) throw new Error("a frame is cut off");
		at += count;
		return Buffer.from(bytes.subarray(at - count, at));
	};
	while (at < bytes.length) {
		const [first, second] = take(2);
		const masked = second >= 0x80;
		const short = second % 0x80;
		const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
		const extended = take(lengthBytes);
		const length =
			lengthBytes === 0 ? short : Number.parseInt(extended.toString("hex"), 16);
		const key = masked ? take(4) : null;
		const raw = take(length);
		const payload = key === null ? raw : applyMask(raw, key);
		frames.push({ first, masked, lengthBytes, key, payload });
	}
	return frames;
}

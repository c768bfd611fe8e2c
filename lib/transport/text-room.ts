/** The bytes of texts that are compressed at once, in memory of this thread: what is compressed is not needed any more. */
import { Buffer } from "node:buffer";
import type { RawBuffer } from "../engine/buffer.js";
import { DEFLATE_NOW_BYTES } from "../engine/engine.js";

/** Room for a character more than is compressed at once: where that much is not used, the text was not cut off. */
const ROOM_BYTES = DEFLATE_NOW_BYTES + 4;

let room: RawBuffer | null = null;

/** `text` as UTF-8. Up to `DEFLATE_NOW_BYTES` of it are valid until the next call. */
export function bytesOfText(text: string): Buffer {
	if (text.length > DEFLATE_NOW_BYTES) return Buffer.from(text);
	room ??= Buffer.allocUnsafeSlow(ROOM_BYTES) as RawBuffer;
	const length = room.utf8Write(text, 0);
	return length > DEFLATE_NOW_BYTES
		? Buffer.from(text)
		: room.subarray(0, length);
}

/** `bytes` where they are valid for longer, else a copy. */
export function lastingBytes(bytes: Uint8Array): Uint8Array {
	return bytes.buffer === room?.buffer ? Buffer.from(bytes) : bytes;
}

import { createHash, randomBytes } from "node:crypto";

/** RFC 6455 section 1.3: the GUID every server appends to the key of a handshake. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The value of Sec-WebSocket-Accept that answers `key` (section 4.2.2, step 5.4). */
export function acceptKey(key: string): string {
	return createHash("sha1")
		.update(key + GUID, "latin1")
		.digest("base64");
}

/** A fresh Sec-WebSocket-Key: 16 bytes from a CSPRNG, in base64 (section 4.1, step 7). */
export function generateKey(): string {
	return randomBytes(16).toString("base64");
}

/** Whether `key` is the base64 of exactly 16 bytes, as section 4.2.1 asks. */
export function isValidKey(key: string): boolean {
	// 16 bytes are 21 full base64 digits, one of which the last two bits matter, and two pads.
	return /^[A-Za-z0-9+/]{21}[AQgw]==$/.test(key);
}

/** Frame headers, RFC 6455 section 5.2: 2 bytes, the extended payload length (0, 2 or 8), the masking key (0 or 4). */
import type { DecoderFailure } from "../../errors.js";
import {
	FIN,
	isControl,
	MAX_CONTROL_PAYLOAD,
	Opcode,
	RSV,
	RSV1,
} from "../../rfc6455/opcode.js";
import { readKey } from "./mask.js";

/** The longest header: 2 + 8 + 4 bytes. */
export const MAX_HEADER_BYTES = 14;

const MASK = 0x80;
const LENGTH = 0x7f;

/** What `parseHeader` returns while the header is not whole. */
export const NEED_MORE = 0;
/** What it returns where the header breaks a rule; `failure` says which. */
export const BROKEN = -1;

/** A header that was read. One object serves all decoders: it is read before anything else can run. */
export class FrameHeader {
	/** First byte: FIN, RSV and opcode. */
	first = 0;
	/** Payload length in bytes. Above 2^53 it is rounded, which is beyond every limit anyway. */
	length = 0;
	/** Masking key as in mask.ts; 0 where there is none. */
	key = 0;
	failure: DecoderFailure = "WS_ERR_OPCODE";
}

/**
 * Reads the header that begins at `position` into `header`; each rule is checked as soon as the bytes it needs are here.
 *
 * @param server whether this endpoint is a server
 * @param unfinished whether a fragmented message waits for its continuation
 * @param compressible whether RSV1 may mark a compressed message
 * @returns the header's size in bytes, `NEED_MORE` (and nothing is consumed), or `BROKEN`.
 */
export function parseHeader(
	bytes: Uint8Array,
	position: number,
	end: number,
	server: boolean,
	unfinished: boolean,
	compressible: boolean,
	header: FrameHeader,
): number {
	if (end - position < 2) return NEED_MORE;
	const first = bytes[position];
	const second = bytes[position + 1];
	const length = second & LENGTH;
	const failure = checkStart(
		first,
		second,
		length,
		server,
		unfinished,
		compressible,
	);
	if (failure !== null) {
		header.failure = failure;
		return BROKEN;
	}
	let size = 2;
	let payload = length;
	if (length === 126) {
		if (end - position < 4) return NEED_MORE;
		size = 4;
		payload = (bytes[position + 2] << 8) | bytes[position + 3];
		// "the minimal number of bytes MUST be used to encode the length"
		if (payload < 126) {
			header.failure = "WS_ERR_LENGTH_NOT_MINIMAL";
			return BROKEN;
		}
	} else if (length === 127) {
		if (end - position < 10) return NEED_MORE;
		size = 10;
		// "the most significant bit MUST be 0"
		if (bytes[position + 2] >= 0x80) {
			header.failure = "WS_ERR_LENGTH_SIGN";
			return BROKEN;
		}
		payload =
			readUint32(bytes, position + 2) * 2 ** 32 +
			readUint32(bytes, position + 6);
		if (payload < 0x10000) {
			header.failure = "WS_ERR_LENGTH_NOT_MINIMAL";
			return BROKEN;
		}
	}
	if (server) {
		if (end - position < size + 4) return NEED_MORE;
		header.key = readKey(bytes, position + size);
		size += 4;
	} else {
		header.key = 0;
	}
	header.first = first;
	header.length = payload;
	return size;
}

/** The rules that the first two bytes can break, in the order in which they are reported. */
function checkStart(
	first: number,
	second: number,
	length: number,
	server: boolean,
	unfinished: boolean,
	compressible: boolean,
): DecoderFailure | null {
	const opcode = first & 0x0f;
	// "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values."
	if (
		(first & RSV) !== 0 &&
		!(compressible && mayBeCompressed(first & RSV, opcode))
	) {
		return "WS_ERR_RESERVED_BITS";
	}
	const control = isControl(opcode);
	if (control) {
		if (opcode > Opcode.PONG) return "WS_ERR_OPCODE";
		// "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."
		if ((first & FIN) === 0) return "WS_ERR_CONTROL_FRAGMENTED";
	} else {
		if (opcode > Opcode.BINARY) return "WS_ERR_OPCODE";
		if (opcode === Opcode.CONTINUATION) {
			if (!unfinished) return "WS_ERR_UNEXPECTED_CONTINUATION";
		} else if (unfinished) {
			return "WS_ERR_EXPECTED_CONTINUATION";
		}
	}
	// "A server MUST close the connection upon receiving a frame that is not masked", and a client one that is.
	if (server !== ((second & MASK) !== 0)) {
		return server ? "WS_ERR_MASK_REQUIRED" : "WS_ERR_MASK_FORBIDDEN";
	}
	if (control && length > MAX_CONTROL_PAYLOAD) return "WS_ERR_CONTROL_LENGTH";
	return null;
}

/** "An endpoint MUST NOT set the bit on control frames and non-first fragments of a data message." (RFC 7692 section 6.1) */
function mayBeCompressed(reserved: number, opcode: number): boolean {
	return (
		reserved === RSV1 && (opcode === Opcode.TEXT || opcode === Opcode.BINARY)
	);
}

/** The big-endian 32-bit number in `bytes` from `offset` on. */
function readUint32(bytes: Uint8Array, offset: number): number {
	return (
		((bytes[offset] << 24) |
			(bytes[offset + 1] << 16) |
			(bytes[offset + 2] << 8) |
			bytes[offset + 3]) >>>
		0
	);
}

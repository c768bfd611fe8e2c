/** Opcodes of RFC 6455 section 5.2, and the bits that share the first byte of a frame with them. */
export const Opcode = {
	CONTINUATION: 0x0,
	TEXT: 0x1,
	BINARY: 0x2,
	CLOSE: 0x8,
	PING: 0x9,
	PONG: 0xa,
} as const;

/** The FIN bit: this is the final fragment of a message. */
export const FIN = 0x80;

/** RSV1, RSV2 and RSV3: zero unless an extension defines them. */
export const RSV = 0x70;

/** RSV1: "Per-Message Compressed", on the first frame of a message (RFC 7692 section 6). */
export const RSV1 = 0x40;

/** "Control frames are identified by opcodes where the most significant bit of the opcode is 1." */
export function isControl(opcode: number): boolean {
	return (opcode & 0x8) !== 0;
}

/** Longest payload of a control frame, in bytes (section 5.5). */
export const MAX_CONTROL_PAYLOAD = 125;

/** Longest close reason, in UTF-8 bytes: a control payload less the two bytes of the close code. */
export const MAX_CLOSE_REASON = MAX_CONTROL_PAYLOAD - 2;

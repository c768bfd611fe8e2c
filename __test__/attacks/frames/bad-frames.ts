/** Frames that break RFC 6455 or a limit, with the close code and the error they have to cause. */
import {
	closeFrame,
	type FrameOptions,
	frame,
} from "../../support/compat-wire.js";

/** The limits under which the frames of the table are judged. */
export const limits = {
	maxMessageBytes: 1000,
	maxStreamBytes: 2000,
	maxFragments: 4,
};

export interface BadInput {
	name: string;
	closeCode: number;
	/** Stable code of the error. */
	error: string;
	/** Whether the receiver listens for 'message', so that binary messages are collected. */
	isCollected?: boolean;
	/** The bytes, from an endpoint that masks its frames (a client) or does not (a server). */
	bytes(mask: boolean): Buffer;
}

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

type Part = [opcode: number, payload: string | Buffer, options?: FrameOptions];

function parts(...list: Part[]) {
	return (mask: boolean) =>
		Buffer.concat(
			list.map(([opcode, payload, options]) =>
				frame(opcode, payload, { ...options, mask }),
			),
		);
}

/** Only the header of a frame with a 64-bit length, with the masking key where there is one. */
export function header(opcode: number, length: bigint, fin = true) {
	return (mask: boolean) => {
		const bytes = Buffer.alloc(10);
		bytes[0] = (fin ? 0x80 : 0) | opcode;
		bytes[1] = (mask ? 0x80 : 0) | 127;
		bytes.writeBigUInt64BE(length, 2);
		return mask ? Buffer.concat([bytes, Buffer.alloc(4)]) : bytes;
	};
}

/** A text frame that declares 100 bytes and sends the first of them. */
function beginning(hex: string) {
	const payload = Buffer.from(hex, "hex");
	return (mask: boolean) => frame(TEXT, payload, { claim: 100, mask });
}

const hex = (digits: string) => Buffer.from(digits, "hex");
const more: FrameOptions = { fin: false };

function rule(
	name: string,
	error: string,
	bytes: BadInput["bytes"],
	closeCode = 1002,
): BadInput {
	return { name, closeCode, error, bytes };
}

const reservedBits = [4, 2, 1].flatMap((rsv, index) => [
	rule(
		`RSV${index + 1} on a text frame`,
		"WS_ERR_RESERVED_BITS",
		parts([TEXT, "x", { rsv }]),
	),
	rule(
		`RSV${index + 1} on a ping`,
		"WS_ERR_RESERVED_BITS",
		parts([PING, "", { rsv }]),
	),
	rule(
		`RSV${index + 1} on a continuation frame`,
		"WS_ERR_RESERVED_BITS",
		parts([TEXT, "x", more], [0, "y", { rsv }]),
	),
]);

const opcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
	rule(`the opcode ${opcode}`, "WS_ERR_OPCODE", parts([opcode, ""])),
);

const control = (
	[
		["close", CLOSE],
		["ping", PING],
		["pong", PONG],
	] as const
).flatMap(([name, opcode]) => [
	rule(
		`a fragmented ${name}`,
		"WS_ERR_CONTROL_FRAGMENTED",
		parts([opcode, "", more]),
	),
	rule(
		`a ${name} of 126 bytes`,
		"WS_ERR_CONTROL_LENGTH",
		parts([opcode, Buffer.alloc(126)]),
	),
]);

const lengths = [
	rule(
		"125 bytes with a 16-bit length",
		"WS_ERR_LENGTH_NOT_MINIMAL",
		parts([TEXT, "x".repeat(125), { lengthBytes: 2 }]),
	),
	rule(
		"65535 bytes with a 64-bit length",
		"WS_ERR_LENGTH_NOT_MINIMAL",
		header(BINARY, 65535n),
	),
	rule(
		"an empty frame with a 64-bit length",
		"WS_ERR_LENGTH_NOT_MINIMAL",
		header(TEXT, 0n),
	),
	rule(
		"a length with its highest bit set",
		"WS_ERR_LENGTH_SIGN",
		header(BINARY, 1n << 63n),
	),
	rule(
		"a length of 2^64 - 1",
		"WS_ERR_LENGTH_SIGN",
		header(TEXT, (1n << 64n) - 1n),
	),
];

const order = [
	rule(
		"a continuation frame first",
		"WS_ERR_UNEXPECTED_CONTINUATION",
		parts([0, "x"]),
	),
	rule(
		"a continuation frame after a whole message",
		"WS_ERR_UNEXPECTED_CONTINUATION",
		parts([TEXT, "x"], [0, "y"]),
	),
	rule(
		"a text frame inside a fragmented text message",
		"WS_ERR_EXPECTED_CONTINUATION",
		parts([TEXT, "x", more], [TEXT, "y"]),
	),
	rule(
		"a binary frame inside a fragmented text message",
		"WS_ERR_EXPECTED_CONTINUATION",
		parts([TEXT, "x", more], [PONG, ""], [BINARY, "y"]),
	),
	rule(
		"a text frame inside a fragmented binary message",
		"WS_ERR_EXPECTED_CONTINUATION",
		parts([BINARY, "x", more], [TEXT, "y"]),
	),
];

const closeFrames = [
	rule(
		"a close payload of one byte",
		"WS_ERR_CLOSE_PAYLOAD",
		parts([CLOSE, "x"]),
	),
	...[
		0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
	].map((code) =>
		rule(`the close code ${code}`, "WS_ERR_CLOSE_CODE", (mask) =>
			closeFrame(code, "", { mask }),
		),
	),
	rule(
		"a close reason that is not UTF-8",
		"WS_ERR_INVALID_UTF8",
		parts([CLOSE, hex("03e8ff")]),
		1007,
	),
];

const utf8 = [
	...(
		[
			["a byte that is never UTF-8", "616263ff"],
			["a continuation byte first", "80"],
			["an overlong slash", "c0"],
			["an overlong slash in three bytes", "e080"],
			["a surrogate", "eda0"],
			["a code point above U+10FFFF", "f490"],
			["a lead byte followed by ASCII", "c328"],
		] as const
	).map(([name, digits]) =>
		rule(
			`${name}, as soon as it is there`,
			"WS_ERR_INVALID_UTF8",
			beginning(digits),
			1007,
		),
	),
	rule(
		"a bad byte behind 500 good ones",
		"WS_ERR_INVALID_UTF8",
		parts([TEXT, Buffer.concat([Buffer.alloc(500, "é"), hex("fe")])]),
		1007,
	),
	rule(
		"a character that is broken across fragments",
		"WS_ERR_INVALID_UTF8",
		parts([TEXT, hex("61c3"), more], [0, "(", more]),
		1007,
	),
	rule(
		"a message that ends inside a character",
		"WS_ERR_INVALID_UTF8",
		parts([TEXT, hex("e282")]),
		1007,
	),
	rule(
		"a fragmented message that ends inside a character",
		"WS_ERR_INVALID_UTF8",
		parts([TEXT, hex("f09f"), more], [0, hex("98"), more], [0, ""]),
		1007,
	),
];

const tooLong: BadInput[] = [
	rule(
		"a header of a text that is too long",
		"WS_ERR_MESSAGE_TOO_BIG",
		parts([TEXT, "", { claim: 1001 }]),
		1009,
	),
	rule(
		"a header of a text of 2^53 bytes",
		"WS_ERR_MESSAGE_TOO_BIG",
		header(TEXT, 1n << 53n),
		1009,
	),
	rule(
		"a header of a text of 2^63 - 1 bytes",
		"WS_ERR_MESSAGE_TOO_BIG",
		header(TEXT, (1n << 63n) - 1n),
		1009,
	),
	rule(
		"the header of the fragment that makes a text too long",
		"WS_ERR_MESSAGE_TOO_BIG",
		parts([TEXT, "x".repeat(600), more], [0, "", { claim: 401 }]),
		1009,
	),
	rule(
		"a header of a binary stream that is too long",
		"WS_ERR_MESSAGE_TOO_BIG",
		parts([BINARY, "", { claim: 2001 }]),
		1009,
	),
	rule(
		"a header of a binary stream of 2^63 - 1 bytes",
		"WS_ERR_MESSAGE_TOO_BIG",
		header(BINARY, (1n << 63n) - 1n, false),
		1009,
	),
	{
		...rule(
			"a header of a collected binary message that is too long",
			"WS_ERR_MESSAGE_TOO_BIG",
			parts([BINARY, "", { claim: 1001 }]),
			1009,
		),
		isCollected: true,
	},
	{
		...rule(
			"the header of the fragment that makes a collected binary message too long",
			"WS_ERR_MESSAGE_TOO_BIG",
			parts([BINARY, Buffer.alloc(600), more], [0, "", { claim: 401 }]),
			1009,
		),
		isCollected: true,
	},
	rule(
		"a fifth fragment shorter than 64 bytes",
		"WS_ERR_TOO_MANY_FRAGMENTS",
		parts(
			[TEXT, "x", more],
			[0, "x", more],
			[0, "x", more],
			[0, "x", more],
			[0, "x", more],
		),
		1008,
	),
	rule(
		"a fifth fragment that is empty",
		"WS_ERR_TOO_MANY_FRAGMENTS",
		parts(
			[BINARY, "", more],
			[0, "", more],
			[0, "", more],
			[0, "", more],
			[0, "", more],
		),
		1008,
	),
];

/** Everything that is wrong whoever sends it. */
export const badFrames: BadInput[] = [
	...reservedBits,
	...opcodes,
	...control,
	...lengths,
	...order,
	...closeFrames,
	...utf8,
	...tooLong,
];

/** A client's frames have to be masked. `mask` is true here for what a client should do, and is not done. */
export const unmaskedFrame = rule(
	"a frame that is not masked",
	"WS_ERR_MASK_REQUIRED",
	() => frame(TEXT, "x"),
);

/** A server's frames may not be. */
export const maskedFrame = rule(
	"a frame that is masked",
	"WS_ERR_MASK_FORBIDDEN",
	() => frame(TEXT, "x", { mask: true }),
);

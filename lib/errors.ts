/**
 * Every error this library makes, in one table: stable code, base class, who failed, close code where one is sent, text.
 *
 *   WebSocketError < Error           the connection or the peer failed, or a call came at the wrong time
 *   WebSocketTypeError < TypeError   an argument of the wrong type
 *   WebSocketRangeError < RangeError an argument out of range
 *
 * `crate/src/error.rs` holds the first part of the table (the decoder's) with the same codes in the same order; a test
 * compares the two.
 */

/** Who caused an error: this program (`local`), the other end (`remote`), or what lies between (`network`). */
export type Initiator = "local" | "remote" | "network";

interface Row {
	readonly initiator: Initiator;
	readonly type?: "TypeError" | "RangeError";
	/** Close code the connection is failed with. */
	readonly closeCode?: number;
	readonly text: string;
}

/** What a Decoder can find wrong. The order is that of crate/src/error.rs: the native decoder reports the index. */
const decoderFailures = {
	WS_ERR_RESERVED_BITS: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid frame: a reserved bit is set",
	},
	WS_ERR_OPCODE: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid frame: reserved opcode",
	},
	WS_ERR_CONTROL_FRAGMENTED: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid frame: fragmented control frame",
	},
	WS_ERR_CONTROL_LENGTH: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid frame: the payload of a control frame is longer than 125 bytes",
	},
	WS_ERR_MASK_REQUIRED: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid frame: a client's frame is not masked",
	},
	WS_ERR_MASK_FORBIDDEN: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid frame: a server's frame is masked",
	},
	WS_ERR_LENGTH_NOT_MINIMAL: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid frame: the payload length is not encoded in the fewest bytes",
	},
	WS_ERR_LENGTH_SIGN: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid frame: the most significant bit of a 64-bit payload length is set",
	},
	WS_ERR_UNEXPECTED_CONTINUATION: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid frame: a continuation frame without a message to continue",
	},
	WS_ERR_EXPECTED_CONTINUATION: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid frame: a new message before the fragmented one has ended",
	},
	WS_ERR_CLOSE_PAYLOAD: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid close frame: a payload of one byte",
	},
	WS_ERR_CLOSE_CODE: {
		initiator: "remote",
		closeCode: 1002,
		text: "Invalid close frame: a close code that may not be sent",
	},
	WS_ERR_INVALID_UTF8: {
		initiator: "remote",
		closeCode: 1007,
		text: "Invalid UTF-8 in a text message or close reason",
	},
	WS_ERR_MESSAGE_TOO_BIG: {
		initiator: "remote",
		closeCode: 1009,
		text: "The message is longer than the limit",
	},
	WS_ERR_TOO_MANY_FRAGMENTS: {
		initiator: "remote",
		closeCode: 1008,
		text: "The message has too many fragments shorter than 64 bytes",
	},
	WS_ERR_INVALID_COMPRESSION: {
		initiator: "remote",
		closeCode: 1007,
		text: "The payload of a compressed message is no DEFLATE stream",
	},
} as const satisfies Record<string, Row>;

const otherErrors = {
	// Limits of the connection and the process.
	WS_ERR_STREAM_UNREAD: {
		initiator: "local",
		closeCode: 1009,
		text: "A binary stream was left unread and has reached the limit",
	},
	WS_ERR_PENDING_BYTES: {
		initiator: "remote",
		closeCode: 1013,
		text: "The incomplete messages of this process have reached maxPendingBytes",
	},
	WS_ERR_BUFFERED_BYTES: {
		initiator: "remote",
		closeCode: 1013,
		text: "The peer does not read: what waits for it has reached maxBufferedBytes",
	},
	WS_ERR_RATE: {
		initiator: "remote",
		closeCode: 1008,
		text: "The peer sends more per second than the limit",
	},
	WS_ERR_IDLE_TIMEOUT: {
		initiator: "remote",
		closeCode: 1001,
		text: "Nothing came from the peer for idleTimeoutMs",
	},
	// Use at the wrong time. The texts are those of nodejs-websocket 1.7.
	WS_ERR_NOT_OPEN: {
		initiator: "local",
		text: "You can't write to a non-open connection",
	},
	WS_ERR_TEXT_DURING_BINARY: {
		initiator: "local",
		text: "You can't send a text frame until you finish sending binary frames",
	},
	WS_ERR_BINARY_DURING_BINARY: {
		initiator: "local",
		text: "You can't send more binary frames until you finish sending the previous binary frames",
	},
	WS_ERR_CONNECTION_CLOSED: {
		initiator: "local",
		text: "The connection was closed before the data was sent",
	},
	// Arguments.
	WS_ERR_DATA_TYPE: {
		initiator: "local",
		type: "TypeError",
		text: "data should be either a string or a Buffer instance",
	},
	WS_ERR_TEXT_TYPE: {
		initiator: "local",
		type: "TypeError",
		text: "A text message should be a string or a Buffer",
	},
	WS_ERR_BUFFER: {
		initiator: "local",
		type: "TypeError",
		text: "The memory of the buffer cannot be used",
	},
	WS_ERR_OPTION: {
		initiator: "local",
		type: "TypeError",
		text: "Invalid option",
	},
	WS_ERR_OPTION_RANGE: {
		initiator: "local",
		type: "RangeError",
		text: "Option out of range",
	},
	WS_ERR_INVALID_CLOSE_CODE: {
		initiator: "local",
		type: "RangeError",
		text: "A close code should be 1000 to 1003, 1007 to 1014 or 3000 to 4999",
	},
	WS_ERR_CLOSE_REASON_LENGTH: {
		initiator: "local",
		type: "RangeError",
		text: "A close reason should not be longer than 123 bytes in UTF-8",
	},
	WS_ERR_CLOSE_REASON_TYPE: {
		initiator: "local",
		type: "TypeError",
		text: "A close reason should be a string",
	},
	WS_ERR_PING_LENGTH: {
		initiator: "local",
		type: "RangeError",
		text: "The payload of a ping should not be longer than 125 bytes",
	},
	WS_ERR_INVALID_URL: { initiator: "local", text: "Invalid URL" },
	WS_ERR_INVALID_HEADER: {
		initiator: "local",
		type: "TypeError",
		text: "Invalid header",
	},
	WS_ERR_TRANSPORT_UNAVAILABLE: {
		initiator: "local",
		text: "The native transport cannot be had",
	},
	WS_ERR_ENGINE_UNAVAILABLE: {
		initiator: "local",
		text: "The native engine cannot be used here",
	},
	// The opening handshake. The texts are those of nodejs-websocket 1.7 where it has one.
	WS_ERR_HANDSHAKE_TOO_SHORT: {
		initiator: "remote",
		text: "Invalid handshake: too short",
	},
	WS_ERR_HANDSHAKE_STATUS: {
		initiator: "remote",
		text: "Invalid handshake: invalid first line format",
	},
	WS_ERR_HANDSHAKE_HEADERS: {
		initiator: "remote",
		text: "Invalid handshake: missing required headers",
	},
	WS_ERR_HANDSHAKE_UPGRADE: {
		initiator: "remote",
		text: "Invalid handshake: invalid Upgrade or Connection header",
	},
	WS_ERR_HANDSHAKE_NO_PROTOCOL: {
		initiator: "remote",
		text: "Invalid handshake: no protocol was negotiated",
	},
	WS_ERR_HANDSHAKE_PROTOCOL: {
		initiator: "remote",
		text: "Invalid handshake: no protocol negotiation was expected",
	},
	WS_ERR_HANDSHAKE_EXTENSION: {
		initiator: "remote",
		text: "Invalid handshake: an extension that was not offered",
	},
	WS_ERR_HANDSHAKE_HASH: {
		initiator: "remote",
		text: "Invalid handshake: hash mismatch",
	},
	WS_ERR_HANDSHAKE_TOO_BIG: {
		initiator: "remote",
		text: "Handshake is too big",
	},
	WS_ERR_HANDSHAKE_REFUSED: {
		initiator: "remote",
		text: "The opening handshake was refused",
	},
	WS_ERR_HANDSHAKE_CALLBACK: {
		initiator: "local",
		text: "selectProtocol or authorize failed, the opening handshake was refused",
	},
	WS_ERR_HANDSHAKE_TIMEOUT: {
		initiator: "remote",
		text: "The opening handshake took too long",
	},
	WS_ERR_ABORTED: {
		initiator: "local",
		text: "The connection attempt was aborted",
	},
	// Ends.
	WS_ERR_CONNECTION_LOST: {
		initiator: "network",
		text: "The connection was lost before the closing handshake",
	},
	WS_ERR_CLOSE_TIMEOUT: {
		initiator: "remote",
		text: "The peer did not finish the closing handshake in time",
	},
	WS_ERR_CLOSED_BY_PEER: {
		initiator: "remote",
		text: "The peer closed the connection with an error",
	},
} as const satisfies Record<string, Row>;

/** The whole table, by code. */
export const errorTable = { ...decoderFailures, ...otherErrors };

export type DecoderFailure = keyof typeof decoderFailures;
export type ErrorCode = keyof typeof errorTable;

/** The decoder's failures in the order of crate/src/error.rs. */
export const decoderFailureCodes = Object.keys(
	decoderFailures,
) as DecoderFailure[];

/** What all errors of this library carry beside `message` and `stack`. */
export interface WebSocketErrorFields {
	/** Stable, for programs: one of the error table. */
	readonly code: ErrorCode;
	readonly initiator: Initiator;
	/** Close code the connection was failed with, or that the peer sent. */
	readonly closeCode?: number;
	/** HTTP status of the answer, where an opening handshake was refused. */
	readonly statusCode?: number;
}

export class WebSocketError extends Error implements WebSocketErrorFields {
	override readonly name: string = "WebSocketError";
	readonly initiator: Initiator;
	readonly closeCode?: number;
	readonly statusCode?: number;
	constructor(
		readonly code: ErrorCode,
		message: string,
		options: { cause?: unknown; closeCode?: number; statusCode?: number } = {},
	) {
		super(message, "cause" in options ? { cause: options.cause } : undefined);
		this.initiator = errorTable[code].initiator;
		const closeCode = options.closeCode ?? (errorTable[code] as Row).closeCode;
		if (closeCode !== undefined) this.closeCode = closeCode;
		if (options.statusCode !== undefined) this.statusCode = options.statusCode;
	}
}

export class WebSocketTypeError
	extends TypeError
	implements WebSocketErrorFields
{
	readonly initiator: Initiator;
	constructor(
		readonly code: ErrorCode,
		message: string,
	) {
		super(message);
		this.initiator = errorTable[code].initiator;
	}
}

export class WebSocketRangeError
	extends RangeError
	implements WebSocketErrorFields
{
	readonly initiator: Initiator;
	constructor(
		readonly code: ErrorCode,
		message: string,
	) {
		super(message);
		this.initiator = errorTable[code].initiator;
	}
}

export interface ErrorDetail {
	/** Appended to the text of the table: what was found, and what to do. */
	detail?: string;
	cause?: unknown;
	closeCode?: number;
	statusCode?: number;
}

/** Makes the error of the table's row `code`, of the class the row names. */
export function createError(
	code: ErrorCode,
	more: ErrorDetail = {},
): Error & WebSocketErrorFields {
	const row: Row = errorTable[code];
	const message =
		more.detail === undefined ? row.text : `${row.text}: ${more.detail}`;
	if (row.type === "TypeError") return new WebSocketTypeError(code, message);
	if (row.type === "RangeError") return new WebSocketRangeError(code, message);
	return new WebSocketError(code, message, more);
}

/** What a peer may make this endpoint hold. Units are bytes unless the name says otherwise. */
export interface DecoderLimits {
	/** Longest text message, and longest binary message that is collected whole. Close code 1009. */
	maxMessageBytes: number;
	/** Longest binary message that is streamed piece by piece. Close code 1009. */
	maxStreamBytes: number;
	/** How many fragments shorter than 64 bytes (empty ones too) one message may have. Close code 1008. */
	maxFragments: number;
}

/** 2 MiB, the default of nodejs-websocket 1.7's `setMaxBufferLength`. */
export const DEFAULT_MAX_MESSAGE_BYTES = 2 * 1024 * 1024;

export const DEFAULT_MAX_STREAM_BYTES = Number.POSITIVE_INFINITY;

export const DEFAULT_MAX_FRAGMENTS = 16_384;

/** A fragment shorter than this counts against `maxFragments`; a longer one pays for itself. */
export const TINY_FRAGMENT_BYTES = 64;

/**
 * The longest payload, in bytes, of a compressed message that may have `limit` bytes when it is inflated. What does not get
 * smaller gets a little longer: by some bytes for each flush and block.
 */
export function compressedLimit(limit: number): number {
	return limit + Math.floor(limit / 16) + 1024;
}

/** At most this much is reserved on the word of a length field; the rest grows as bytes arrive. */
export const MAX_RESERVED_BYTES = 64 * 1024;

/** All incomplete messages of a process together, in bytes: 256 MiB. */
export const DEFAULT_MAX_PENDING_BYTES = 256 * 1024 * 1024;

/** What all connections of a process keep together to compress with context takeover, in bytes: 256 MiB. */
export const DEFAULT_MAX_COMPRESSION_BYTES = 256 * 1024 * 1024;

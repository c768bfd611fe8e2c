/** The options that servers and clients share, checked and with their defaults. */
import type { Engine } from "../engine/engine.js";
import { selectEngine } from "../engine/select.js";
import {
	DEFAULT_MAX_FRAGMENTS,
	DEFAULT_MAX_STREAM_BYTES,
	type DecoderLimits,
} from "../rfc6455/limits.js";
import { selectTransport, type TransportName } from "../transport/select.js";
import {
	type CompressionSettings,
	type PerMessageDeflateOptions,
	resolveCompression,
} from "./compression.js";
import { MAX_DELAY_MS, numberOption, wordOption } from "./options.js";
import type { PeerLimitsSettings } from "./peer-limits.js";

/** Options of a server and of a client, beside those of net and tls. */
export interface WebSocketOptions {
	/**
	 * Which frame engine serves: "native" (throws where it cannot be loaded), "typescript", or "auto" (native, else
	 * TypeScript). Default: the environment variable NODEJS_WEBSOCKET_ENGINE, else "auto".
	 */
	engine?: "auto" | "native" | "typescript";
	/**
	 * What carries the bytes: "socket" (node:net and node:tls), "native" (the addon reads and writes the sockets itself; on
	 * Linux, with the native engine, without TLS, else it throws), or "auto" (native where it can be had, else socket).
	 * Default: the environment variable NODEJS_WEBSOCKET_TRANSPORT, else "auto".
	 */
	transport?: "auto" | "native" | "socket";
	/**
	 * Longest text message, binary message collected whole, and unread part of a binary stream, in bytes; beyond it the
	 * connection fails with 1009. Default: what `setMaxBufferLength` was given, else 2 MiB.
	 */
	maxMessageBytes?: number;
	/** Longest binary message that is streamed, in bytes; beyond it 1009. Default: no limit. */
	maxStreamBytes?: number;
	/** How many fragments shorter than 64 bytes a message may have; beyond it 1008. Default: 16,384. */
	maxFragments?: number;
	/** Time for the opening handshake, in milliseconds. Default: 10,000. */
	handshakeTimeoutMs?: number;
	/** Time for the peer's part of the closing handshake, in milliseconds; then the socket is destroyed. Default: 10,000. */
	closeTimeoutMs?: number;
	/**
	 * How long nothing may come from the peer, in milliseconds; then the connection fails with 1001 (a quarter later at
	 * most). Does not run while reading is paused. Default: no limit.
	 */
	idleTimeoutMs?: number;
	/**
	 * How many bytes may wait for a peer that does not read; a send that finds as many waiting is dealt with by
	 * `overflowPolicy`. Default: 64 MiB.
	 */
	maxBufferedBytes?: number;
	/**
	 * What happens to such a send: "close" fails the connection with 1013, "drop" drops the message, and its callback gets
	 * the error. Default: "close".
	 */
	overflowPolicy?: "close" | "drop";
	/** How many messages a peer may send per second, a second's worth at once; see `ratePolicy`. Default: no limit. */
	maxMessagesPerSecond?: number;
	/** How many bytes a peer may send per second, a second's worth at once; see `ratePolicy`. Default: no limit. */
	maxBytesPerSecond?: number;
	/** How many pings and pongs a peer may send per second, a second's worth at once; see `ratePolicy`. Default: 1000. */
	maxControlFramesPerSecond?: number;
	/**
	 * What happens to a peer that sends more per second: "close" fails the connection with 1008, "pause" stops reading
	 * until it is within the limit again. Default: "close".
	 */
	ratePolicy?: "close" | "pause";
	/**
	 * Compression of messages (RFC 7692): a server agrees to it, a client offers it. Costs time and memory, and may reveal
	 * secrets that are compressed together with what an attacker chooses. Default: false.
	 */
	perMessageDeflate?: boolean | PerMessageDeflateOptions | null;
}

export interface ConnectionSettings extends PeerLimitsSettings {
	engine: Engine;
	transport: TransportName;
	limits: DecoderLimits;
	handshakeTimeoutMs: number;
	closeTimeoutMs: number;
	maxBufferedBytes: number;
	overflowPolicy: "close" | "drop";
	/** Null where messages are never compressed. */
	compression: CompressionSettings | null;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** 64 MiB: more than a program that waits for 'drain' ever has waiting, less than hurts a server with some slow readers. */
const DEFAULT_MAX_BUFFERED_BYTES = 64 * 1024 * 1024;

/** Far more than any use of pings and pongs, far less than what keeps a core busy. */
const DEFAULT_MAX_CONTROL_FRAMES_PER_SECOND = 1000;

const UNLIMITED = Number.POSITIVE_INFINITY;

/**
 * Checks `options`.
 *
 * @param maxMessageBytes the default of that option
 * @throws WS_ERR_OPTION, WS_ERR_OPTION_RANGE, WS_ERR_ENGINE_UNAVAILABLE, WS_ERR_TRANSPORT_UNAVAILABLE
 */
export function resolveSettings(
	options: WebSocketOptions,
	maxMessageBytes: number,
): ConnectionSettings {
	const timeout = (
		name: "handshakeTimeoutMs" | "closeTimeoutMs" | "idleTimeoutMs",
		standard: number,
	) => numberOption(options, name, { standard, least: 1, most: MAX_DELAY_MS });
	const rate = (
		name:
			| "maxMessagesPerSecond"
			| "maxBytesPerSecond"
			| "maxControlFramesPerSecond",
		standard: number,
	) => numberOption(options, name, { standard, least: Number.MIN_VALUE });
	const engine = selectEngine(options.engine);
	return {
		engine,
		transport: selectTransport(options.transport, engine),
		compression: resolveCompression(options.perMessageDeflate),
		limits: {
			maxMessageBytes: numberOption(options, "maxMessageBytes", {
				standard: maxMessageBytes,
			}),
			maxStreamBytes: numberOption(options, "maxStreamBytes", {
				standard: DEFAULT_MAX_STREAM_BYTES,
			}),
			maxFragments: numberOption(options, "maxFragments", {
				standard: DEFAULT_MAX_FRAGMENTS,
				least: 1,
			}),
		},
		handshakeTimeoutMs: timeout("handshakeTimeoutMs", DEFAULT_TIMEOUT_MS),
		closeTimeoutMs: timeout("closeTimeoutMs", DEFAULT_TIMEOUT_MS),
		idleTimeoutMs: timeout("idleTimeoutMs", UNLIMITED),
		maxBufferedBytes: numberOption(options, "maxBufferedBytes", {
			standard: DEFAULT_MAX_BUFFERED_BYTES,
			least: 1,
		}),
		overflowPolicy: wordOption(options, "overflowPolicy", ["close", "drop"]),
		rates: {
			messages: rate("maxMessagesPerSecond", UNLIMITED),
			bytes: rate("maxBytesPerSecond", UNLIMITED),
			controlFrames: rate(
				"maxControlFramesPerSecond",
				DEFAULT_MAX_CONTROL_FRAMES_PER_SECOND,
			),
		},
		ratePolicy: wordOption(options, "ratePolicy", ["close", "pause"]),
	};
}

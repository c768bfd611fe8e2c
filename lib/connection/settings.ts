/** The options that servers and clients share, checked and with their defaults. */
import type { Engine } from "../engine/engine.js";
import { selectEngine } from "../engine/select.js";
import { createError } from "../errors.js";
import {
	DEFAULT_MAX_FRAGMENTS,
	DEFAULT_MAX_STREAM_BYTES,
	type DecoderLimits,
} from "../rfc6455/limits.js";

/** Options of a server and of a client, beside those of net and tls. */
export interface WebSocketOptions {
	/**
	 * Which frame engine serves: "native" (throws where it cannot be loaded), "typescript", or "auto" (native, else
	 * TypeScript). Default: the environment variable NODEJS_WEBSOCKET_ENGINE, else "auto".
	 */
	engine?: "auto" | "native" | "typescript";
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
}

export interface ConnectionSettings {
	engine: Engine;
	limits: DecoderLimits;
	handshakeTimeoutMs: number;
	closeTimeoutMs: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Longest delay setTimeout takes, in milliseconds. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Checks `options`.
 *
 * @param maxMessageBytes the default of that option
 * @throws WS_ERR_OPTION, WS_ERR_OPTION_RANGE, WS_ERR_ENGINE_UNAVAILABLE
 */
export function resolveSettings(
	options: WebSocketOptions,
	maxMessageBytes: number,
): ConnectionSettings {
	return {
		engine: selectEngine(options.engine),
		limits: {
			maxMessageBytes: number(options, "maxMessageBytes", maxMessageBytes, 0),
			maxStreamBytes: number(
				options,
				"maxStreamBytes",
				DEFAULT_MAX_STREAM_BYTES,
				0,
			),
			maxFragments: number(options, "maxFragments", DEFAULT_MAX_FRAGMENTS, 1),
		},
		handshakeTimeoutMs: number(
			options,
			"handshakeTimeoutMs",
			DEFAULT_TIMEOUT_MS,
			1,
			MAX_TIMEOUT_MS,
		),
		closeTimeoutMs: number(
			options,
			"closeTimeoutMs",
			DEFAULT_TIMEOUT_MS,
			1,
			MAX_TIMEOUT_MS,
		),
	};
}

type NumericOption = Exclude<keyof WebSocketOptions, "engine">;

function number(
	options: WebSocketOptions,
	name: NumericOption,
	standard: number,
	least: number,
	most?: number,
) {
	const value: unknown = options[name];
	if (value === undefined) return standard;
	if (typeof value !== "number")
		throw createError("WS_ERR_OPTION", {
			detail: `${name} should be a number`,
		});
	if (!(value >= least) || value > (most ?? Number.POSITIVE_INFINITY)) {
		const range =
			most === undefined ? `at least ${least}` : `${least} to ${most}`;
		throw createError("WS_ERR_OPTION_RANGE", {
			detail: `${name} should be ${range}, it is ${value}`,
		});
	}
	return value;
}

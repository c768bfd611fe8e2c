/** The option `perMessageDeflate`, checked and with its defaults. */
import { createError } from "../errors.js";
import {
	type DeflateAgreement,
	type DeflateWishes,
	MAX_WINDOW_BITS,
	MIN_DEFLATE_WINDOW_BITS,
} from "../protocol/permessage-deflate.js";
import type { LinkCompression } from "../transport/compression-memory.js";
import { numberOption } from "./options.js";

/** How messages are compressed. What is said of memory is for one connection at rest. */
export interface PerMessageDeflateOptions {
	/** zlib's level: 0 (none), 1 (fast) to 9 (small). Default: 3. */
	level?: number;
	/**
	 * zlib's memory level, 1 to 9: the compressor's table has 2^(memoryLevel + 8) bytes at most. Less makes larger messages.
	 * Default: 5.
	 */
	memoryLevel?: number;
	/**
	 * Neither end refers back further than 2^windowBits bytes, 9 to 15. With context takeover each direction keeps so much.
	 * Default: 12.
	 */
	windowBits?: number;
	/**
	 * Whether a message may refer to those before it. That makes short messages that resemble each other several times as
	 * small, and has every connection keep what was sent and received last. Default: false.
	 */
	contextTakeover?: boolean;
	/** Messages shorter than this are not compressed unless `send` asks for it, in bytes. Default: 1024. */
	threshold?: number;
}

export interface CompressionSettings extends DeflateWishes {
	level: number;
	memoryLevel: number;
	threshold: number;
}

/**
 * Checks the option; null where it is off.
 *
 * @throws WS_ERR_OPTION, WS_ERR_OPTION_RANGE
 */
export function resolveCompression(
	option: boolean | PerMessageDeflateOptions | null | undefined,
): CompressionSettings | null {
	if (option === undefined || option === null || option === false) return null;
	const given = option === true ? {} : option;
	if (typeof given !== "object")
		throw createError("WS_ERR_OPTION", {
			detail: "perMessageDeflate should be a boolean or an object",
		});
	const { contextTakeover = false } = given;
	if (typeof contextTakeover !== "boolean")
		throw createError("WS_ERR_OPTION", {
			detail: "contextTakeover should be a boolean",
		});
	return {
		level: integer(given, "level", 3, 0, 9),
		memoryLevel: integer(given, "memoryLevel", 5, 1, 9),
		windowBits: integer(
			given,
			"windowBits",
			12,
			MIN_DEFLATE_WINDOW_BITS,
			MAX_WINDOW_BITS,
		),
		contextTakeover,
		threshold: numberOption(given, "threshold", { standard: 1024 }),
	};
}

function integer(
	options: PerMessageDeflateOptions,
	name: "level" | "memoryLevel" | "windowBits",
	standard: number,
	least: number,
	most: number,
): number {
	const value = numberOption(options, name, { standard, least, most });
	if (Number.isInteger(value)) return value;
	throw createError("WS_ERR_OPTION_RANGE", {
		detail: `${name} should be an integer, it is ${value}`,
	});
}

/** What was agreed on and what was set, for a link. */
export function linkCompression(
	{ level, memoryLevel }: CompressionSettings,
	{ send, receive }: DeflateAgreement,
): LinkCompression {
	return {
		deflate: send && { level, memoryLevel, ...send },
		inflate: receive,
	};
}

/** Checks of single options, of servers, clients and connections alike. */
import { createError } from "../errors.js";

/** Longest delay setTimeout takes, in milliseconds; a longer one would end at once. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

interface Range {
	/** The default. */
	standard: number;
	/** Default: 0. */
	least?: number;
	/** Infinity is allowed besides where it is the default. */
	most?: number;
}

/**
 * The number `options[name]`, or its default.
 *
 * @throws TypeError `WS_ERR_OPTION`, RangeError `WS_ERR_OPTION_RANGE`
 */
export function numberOption<Name extends string>(
	options: { [Key in Name]?: unknown },
	name: Name,
	{ standard, least = 0, most = Number.POSITIVE_INFINITY }: Range,
): number {
	const value = options[name];
	if (value === undefined) return standard;
	if (typeof value !== "number")
		throw createError("WS_ERR_OPTION", {
			detail: `${name} should be a number`,
		});
	const isUnlimited =
		value === Number.POSITIVE_INFINITY && standard === Number.POSITIVE_INFINITY;
	if (!(value >= least) || (value > most && !isUnlimited)) {
		const lower =
			least === Number.MIN_VALUE ? "more than 0" : `at least ${least}`;
		const unlimited =
			standard === Number.POSITIVE_INFINITY ? ", or Infinity" : "";
		const range =
			most === Number.POSITIVE_INFINITY
				? lower
				: `${least} to ${most}${unlimited}`;
		throw createError("WS_ERR_OPTION_RANGE", {
			detail: `${name} should be ${range}, it is ${value}`,
		});
	}
	return value;
}

/**
 * The word `options[name]`, one of `words`, or the first of them.
 *
 * @throws TypeError `WS_ERR_OPTION`
 */
export function wordOption<Name extends string, Word extends string>(
	options: { [Key in Name]?: unknown },
	name: Name,
	words: readonly [Word, ...Word[]],
): Word {
	const value = options[name];
	if (value === undefined) return words[0];
	const word = words.find((known) => known === value);
	if (word === undefined) {
		const list = words.map((known) => `"${known}"`).join(" or ");
		throw createError("WS_ERR_OPTION", { detail: `${name} should be ${list}` });
	}
	return word;
}

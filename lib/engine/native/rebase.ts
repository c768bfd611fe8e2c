import { Kind, WORDS_PER_RECORD } from "./binding.js";

/**
 * Changes the offsets in `records`, which ascend, to count from the first payload. Returns its offset, or `end` where there is
 * no payload.
 */
export function rebase(records: Uint32Array, end: number): number {
	let from = -1;
	for (let at = 0; at < records.length; at += WORDS_PER_RECORD) {
		const kind = records[at];
		const a = records[at + 1];
		const b = records[at + 2];
		const isRange =
			kind === Kind.TEXT_ASCII ||
			kind === Kind.TEXT_UTF8 ||
			kind === Kind.CLOSE;
		const isView =
			kind === Kind.BINARY ||
			kind === Kind.BINARY_DATA ||
			kind === Kind.PING ||
			kind === Kind.PONG;
		if (!isRange && !isView) continue;
		const length = isRange ? b - a : b;
		if (from < 0 && length > 0) from = a;
		// One without payload is anywhere.
		const start = length > 0 ? a - from : 0;
		records[at + 1] = start;
		if (isRange) records[at + 2] = start + length;
	}
	return from < 0 ? end : from;
}

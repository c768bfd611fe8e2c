/**
 * Has V8 collect the memory of messages by its cheap collector, the scavenger.
 *
 * Until V8 12 (Node.js 22) the scavenger runs when young ArrayBuffers hold 32 MiB. Since then their memory does not count for
 * it: a program that makes hardly anything else has a mark-compact for every 64 MiB, which takes a third of its time. Garbage
 * that fills the young generation while the ArrayBuffers take 32 MiB costs a tenth of that.
 */
import { getHeapSpaceStatistics } from "node:v8";

const FIRST_V8_THAT_WAITS = 13;

/** ArrayBuffers of so many bytes are made between two runs of the scavenger. */
const BYTES_PER_RUN = 32 * 1024 * 1024;

/** How often is looked how large the young generation is: after so many bytes. */
const BYTES_PER_LOOK = 16 * 1024 * 1024;

/** A piece of garbage: its length, and the bytes of it. */
const PIECE_LENGTH = 1024;
const PIECE_BYTES = 8 * PIECE_LENGTH;

const { v8 = "", bun, deno } = process.versions;
const isNeeded =
	bun === undefined &&
	deno === undefined &&
	Number.parseInt(v8, 10) >= FIRST_V8_THAT_WAITS;

/** Has the last piece: what nobody could see would not be made. */
const garbage: { last: unknown[] } = { last: [] };

/** Bytes of garbage for a byte of an ArrayBuffer; those that are due; and when that is to be looked up again. */
let rate = 0;
let due = 0;
let untilLook = 0;

/** Tells of an ArrayBuffer of `bytes` bytes that was made for messages. */
export function paceCollector(bytes: number): void {
	if (!isNeeded) return;
	untilLook -= bytes;
	if (untilLook <= 0) {
		untilLook = BYTES_PER_LOOK;
		rate = youngBytes() / BYTES_PER_RUN;
	}
	due += bytes * rate;
	for (; due >= PIECE_BYTES; due -= PIECE_BYTES)
		garbage.last = new Array(PIECE_LENGTH);
}

/** How much the young generation has room for. */
function youngBytes(): number {
	const space = getHeapSpaceStatistics().find(
		({ space_name }) => space_name === "new_space",
	);
	return space === undefined
		? 0
		: space.space_used_size + space.space_available_size;
}

/** What a process holds: memory after a collection, descriptors, and what the library itself counts. */
import { readdirSync } from "node:fs";
import {
	decoderCount,
	memory,
	pendingBytes,
} from "../../attacks/programs/measure.cjs";

const WATCH_MS = 200;

/**
 * @typedef {object} Vitals
 * @property {number} heapBytes In use after a collection.
 * @property {number} externalBytes Of buffers.
 * @property {number | null} descriptors Null where the system does not say.
 * @property {number} decoders Native ones.
 * @property {number} mostDecoders So far, as far as it was looked at.
 * @property {number} pendingBytes Of incomplete messages.
 */

function descriptors() {
	try {
		return readdirSync("/proc/self/fd").length;
	} catch {
		return null;
	}
}

let mostDecoders = 0;

/** Looks at the number of native decoders from now on, now and then. */
export function watchDecoders() {
	setInterval(() => {
		mostDecoders = Math.max(mostDecoders, decoderCount());
	}, WATCH_MS).unref();
}

/** @returns {Promise<Vitals>} */
export async function vitals() {
	const { heapUsed, total } = await memory();
	return {
		heapBytes: heapUsed,
		externalBytes: total - heapUsed,
		descriptors: descriptors(),
		decoders: decoderCount(),
		mostDecoders,
		pendingBytes: pendingBytes(),
	};
}

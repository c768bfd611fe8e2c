/** What a run came to: what is wrong with it, if anything, and its figures as lines of text. */
import { wrongs } from "./figures.mjs";
import { variantOf } from "./variants.mjs";

/** @typedef {import("./run.mjs").Result} Result */
/** @typedef {import("./run.mjs").RunOptions} RunOptions */
/** @typedef {import("./run.mjs").Left} Left */

/**
 * How much the heap may grow beside: compiled code and what it learns, tables that were never so full before. The smallest
 * object that could be left of a connection is larger than its share.
 */
const HEAP_BYTES = 1536 * 1024;
const HEAP_BYTES_PER_CONNECTION = 50;

/** How much the memory of buffers may grow. */
const EXTERNAL_BYTES = 256 * 1024;

/** The part of the connections that have to have been open at once for the run to count. */
const OPEN_AT_ONCE = 0.9;

/**
 * @param {Result} result
 * @param {RunOptions} options
 * @returns {string[]} Nothing where all is well.
 */
export function problemsOf({ findings, complaints, mostOpen, left }, options) {
	const problems = [...findings.details, ...complaints];
	for (const wrong of wrongs) {
		if (findings.wrong[wrong] > 0)
			problems.push(`${wrong}: ${findings.wrong[wrong]}`);
	}
	if (mostOpen < OPEN_AT_ONCE * options.connections)
		problems.push(`only ${mostOpen} connections were open at once`);
	if (findings.messages === 0 || faultsOf(findings) === 0)
		problems.push("there was nothing to find fault with");
	for (const one of left)
		problems.push(...leaksOf(one, findings.connections, options.variant));
	return problems;
}

/**
 * @param {Left} left
 * @param {number} connections
 * @param {string} variant
 */
function leaksOf({ role, busy, before, after }, connections, variant) {
	const heap = after.heapBytes - before.heapBytes;
	const external = after.externalBytes - before.externalBytes;
	const checks = /** @type {[boolean, string][]} */ ([
		[busy === 0, `${busy} connections never end`],
		[
			heap <= HEAP_BYTES + HEAP_BYTES_PER_CONNECTION * connections,
			`the heap grew by ${heap} bytes`,
		],
		[external <= EXTERNAL_BYTES, `buffers grew by ${external} bytes`],
		[
			after.descriptors === before.descriptors,
			`descriptors: ${before.descriptors} before, ${after.descriptors} after`,
		],
		[after.decoders === 0, `${after.decoders} native decoders are left`],
		[after.pendingBytes === 0, `${after.pendingBytes} bytes are pending`],
		// Otherwise none being left would mean nothing.
		[
			after.mostDecoders > 0 || !isNative(variant) || role === "proxy",
			"native decoders were never counted",
		],
	]);
	return checks
		.filter(([isWell]) => !isWell)
		.map(([, problem]) => `${role}: ${problem}`);
}

/** @param {string} variant */
const isNative = (variant) => variantOf(variant).options.engine === "native";

/** @param {Result["findings"]} findings */
function faultsOf({ faults }) {
	return Object.values(faults).reduce((sum, count) => sum + count, 0);
}

/** @param {number} bytes */
function megabytes(bytes) {
	return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @param {Record<string, number>} counts */
function list(counts) {
	return Object.entries(counts)
		.map(([name, count]) => `${name} ${count}`)
		.join(", ");
}

/**
 * @param {Result} result
 * @param {RunOptions} options
 * @returns {string}
 */
export function tableOf({ findings, mostOpen, reconnects, left }, options) {
	const { connections, open, clean, lost, halfLost } = findings;
	const { messages, bytes, cutOff, faults, wrong } = findings;
	const rows = [
		["seed", options.seed],
		["open at once", `${mostOpen} of ${options.connections}`],
		[
			"connections",
			`${connections}, ${reconnects} of them reconnects; ${connections - open} were never open`,
		],
		["closed", `${clean} by a closing handshake`],
		[
			"lost",
			`${lost}, reported to both ends; ${halfLost} in their closing handshake, to one end`,
		],
		[
			"delivered",
			`${messages} messages, ${megabytes(bytes)}; ${cutOff} more were cut off`,
		],
		["faults", `${faultsOf(findings)}: ${list(faults)}`],
		["wrong", list(wrong)],
		...left.map(({ role, before, after }) => [
			role,
			[
				`descriptors ${before.descriptors} → ${after.descriptors}`,
				`heap ${megabytes(before.heapBytes)} → ${megabytes(after.heapBytes)}`,
				`buffers ${megabytes(before.externalBytes)} → ${megabytes(after.externalBytes)}`,
				`native decoders ${before.decoders} → ${after.mostDecoders} → ${after.decoders}`,
				`pending bytes ${after.pendingBytes}`,
			].join(", "),
		]),
	];
	return rows
		.map(([name, text]) => `${String(name).padEnd(14)}${text}\n`)
		.join("");
}

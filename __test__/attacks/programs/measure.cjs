/** What the programs here measure with: memory after collection, waiting with a bound, and the library's own counters. */
const { dirname, join } = require("node:path");
const ws = require("nodejs-websocket");

const packageRoot = dirname(require.resolve("nodejs-websocket/package.json"));

const turn = () => new Promise((resolve) => setImmediate(resolve));
/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Everything that can be collected has been, finalizers have run. Needs `--expose-gc`. */
async function collect(rounds = 4) {
	const { gc } = globalThis;
	if (gc === undefined) throw new Error("node was started without --expose-gc");
	for (let i = 0; i < rounds; i++) {
		gc();
		await pause(5);
		await turn();
	}
}

/** Bytes in use after a collection. */
async function memory() {
	await collect();
	const { heapUsed, arrayBuffers, external } = process.memoryUsage();
	// The memory of ArrayBuffers is part of `external`.
	return { heapUsed, arrayBuffers, total: heapUsed + external };
}

/** How long a program waits for anything: less than who asks it waits for the answer. */
const LONGEST_WAIT_MS = 25_000;

/**
 * Resolves when `condition` holds; throws after `ms`.
 *
 * @param {string} what
 * @param {() => boolean} condition
 */
async function until(what, condition, ms = LONGEST_WAIT_MS) {
	const end = performance.now() + ms;
	while (!condition()) {
		if (performance.now() > end) throw new Error(`${what} did not come`);
		await pause(2);
	}
}

/** Bytes that all connections together hold of incomplete messages, by the library's own books. */
function pendingBytes() {
	return require(
		join(packageRoot, "dist/transport/pending-bytes.js"),
	).pendingBytes();
}

let addon;

/** The native addon; undefined with the other engine, or where there is none. */
function binding() {
	if (ws.engine.name !== "native") return undefined;
	addon ??= require(
		join(packageRoot, "dist/engine/native/load.js"),
	).loadBinding().binding;
	return addon;
}

/** How many native decoders are alive; 0 without the native engine. */
function decoderCount() {
	return binding()?.decoderCount() ?? 0;
}

module.exports = {
	LONGEST_WAIT_MS,
	binding,
	collect,
	decoderCount,
	memory,
	pause,
	pendingBytes,
	turn,
	until,
};

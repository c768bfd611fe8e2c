/** What the programs here measure with: memory after collection, waiting with a bound, and the count of native decoders. */
const { dirname, join } = require("node:path");

const packageRoot = dirname(require.resolve("nodejs-websocket/package.json"));

const turn = () => new Promise((resolve) => setImmediate(resolve));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Everything that can be collected has been, finalizers have run. */
async function collect() {
	for (let i = 0; i < 4; i++) {
		globalThis.gc();
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

/** Resolves when `condition` holds; throws after `ms`. */
async function until(what, condition, ms = 10_000) {
	const end = Date.now() + ms;
	while (!condition()) {
		if (Date.now() > end) throw new Error(`${what} did not come`);
		await pause(2);
	}
}

/** How many native decoders are alive; 0 without the native engine. */
function decoderCount() {
	const { loadBinding } = require(
		join(packageRoot, "dist/engine/native/load.js"),
	);
	const loaded = loadBinding();
	return "reason" in loaded ? 0 : loaded.binding.decoderCount();
}

module.exports = { collect, decoderCount, memory, pause, turn, until };

/**
 * Calls every function of the native addon, or without it those of the engine module, with arguments that make no sense. For
 * a worker thread of its own: there the addon has no decoders but those made here.
 */
const { parentPort, workerData } = require("node:worker_threads");
const { binding } = require("./measure.cjs");

const detached = new Uint8Array(32);
structuredClone(detached.buffer, { transfer: [detached.buffer] });
const shrunk = new ArrayBuffer(64, { maxByteLength: 64 });
const ofShrunk = new Uint8Array(shrunk, 32, 32);
shrunk.resize(8);

const values = [
	undefined,
	null,
	true,
	-1,
	0,
	1,
	2,
	3,
	4,
	7,
	100,
	2 ** 16,
	2 ** 31,
	2 ** 32 - 1,
	2 ** 32,
	2 ** 53,
	0.5,
	Number.NaN,
	Number.POSITIVE_INFINITY,
	"text",
	Symbol("symbol"),
	10n,
	[],
	{ length: 10 },
	() => 1,
	new ArrayBuffer(8),
	new DataView(new ArrayBuffer(8)),
	new Float64Array(4),
	new Uint32Array(0),
	new Uint32Array(8),
	new Uint32Array(100),
	new Uint8Array(0),
	Buffer.from("81850000000068656c6c6f", "hex"),
	Buffer.from("01830000000061e298", "hex"),
	Buffer.from("8204616263", "hex"),
	Buffer.alloc(5000, 0x82),
	Buffer.alloc(70_000, "é"),
	detached,
	ofShrunk,
	new Proxy(new Uint8Array(8), {}),
];

/** Which argument is a descriptor. One that is open is somebody's, the channel to the parent's say, and is taken over as asked. */
const descriptorAt = { reactorAttach: 0, reactorListen: 0, reactorUnlisten: 1 };
const closed = [-1, 2 ** 16, 2 ** 31, 2 ** 32 - 1];

/** The same arguments each time (xorshift). */
let state = 0x9e3779b9;
function below(count) {
	state ^= state << 13;
	state ^= state >>> 17;
	state ^= state << 5;
	return (state >>> 0) % count;
}

const functions =
	binding() ??
	Object.fromEntries(
		["mask", "unmask", "isValidUTF8"].map((name) => [
			name,
			require("nodejs-websocket/engine")[name],
		]),
	);

const names = Object.keys(functions).filter(
	(name) => typeof functions[name] === "function",
);
const failures = new Set();
let calls = 0;
for (; calls < workerData; calls++) {
	const name = names[below(names.length)];
	const given = Array.from(
		{ length: below(7) },
		() => values[below(values.length)],
	);
	const at = descriptorAt[name];
	if (at < given.length) given[at] = closed[below(closed.length)];
	else if (at !== undefined) continue;
	try {
		functions[name](...given);
	} catch (error) {
		failures.add(`${error.name} ${error.code ?? error.message}`);
	}
}
parentPort.postMessage({ calls, names, failures: [...failures].sort() });

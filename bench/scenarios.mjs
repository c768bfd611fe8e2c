/** All there is to measure: one table. `npm run bench -- --only=` takes the names in its first column, and the groups. */
import { metrics } from "./metrics.mjs";

/**
 * @typedef {object} Load What the load generator is told, by the names of its options.
 * @property {number} [connections]
 * @property {number} [inFlight]
 * @property {number} [size] Payload bytes of a message.
 * @property {"ascii" | "non-ascii" | "json" | "binary"} [kind]
 * @property {number} [concurrency]
 * @property {number} [receivers]
 * @property {boolean} [tls]
 * @property {"no-takeover" | "takeover"} [deflate] All messages are compressed; whether the server's may refer to those before.
 * @property {number} [traffic] Messages that each connection exchanges before it is idle.
 * @property {number} [quiet] Seconds that it is then left alone.
 * @property {number} [rate] Messages per second, from the intended send times on.
 * @property {number} [pagesRate] Pages per second that an HTTP server in the same process is asked for meanwhile.
 */

/**
 * @typedef {object} Scenario
 * @property {string} id At most 17 characters.
 * @property {string} group
 * @property {string} title
 * @property {string} about What it shows, in one sentence.
 * @property {"server" | "client" | "engine" | "import"} role Which of a candidate's programs is measured.
 * @property {"echo" | "handshake" | "idle" | "broadcast"} [mode] The load generator's, for servers.
 * @property {Load} load
 * @property {import("./metrics.mjs").Metric} metric
 * @property {boolean} quick Whether it is measured by default.
 * @property {number} [maxRounds] Where the figure hardly varies and a run takes long.
 * @property {number} [shareOfReference] The rate is this share of what the reference carries without a rate.
 * @property {View[]} [views] What else its runs show.
 * @property {string} [operation] Of an engine.
 * @property {number[]} [sizes] Of an engine's operation, in bytes.
 */

/**
 * Another figure of the same runs, shown as a scenario of its own.
 *
 * @typedef {object} View
 * @property {string} id
 * @property {string} title
 * @property {string} about
 * @property {import("./metrics.mjs").Metric} metric
 */

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * @param {string} id
 * @param {string} title
 * @param {Load} load
 * @param {string} about
 * @param {Partial<Scenario>} [more]
 * @returns {Scenario}
 */
function echo(id, title, load, about, more) {
	return {
		id,
		group: "echo",
		title,
		about,
		role: "server",
		mode: "echo",
		load,
		metric: metrics.messages,
		quick: false,
		...more,
	};
}

/**
 * Pages beside a load, and timers.
 *
 * @param {string} name
 * @param {string} beside
 * @param {Load} load
 * @param {Partial<Scenario>} [more]
 */
const otherWork = (name, beside, load, more) =>
	echo(
		`page-${name}`,
		`A page beside ${beside}`,
		{ ...load, pagesRate: 500 },
		"Pages from node:http in the same process, 500 a second; time runs from when each should have been asked for.",
		{
			group: "other-work",
			metric: metrics.pages,
			views: [
				{
					id: `timer-${name}`,
					title: `A timer beside ${beside}`,
					about:
						"A timer for each millisecond in the same process, from when each should have run; those that are late all count.",
					metric: metrics.timers,
				},
			],
			...more,
		},
	);

/** JSON that comes and goes compressed. @type {typeof echo} */
const deflate = (id, title, load, about, more) =>
	echo(
		id,
		title,
		{ ...load, kind: "json", deflate: load.deflate ?? "no-takeover" },
		about,
		{ group: "deflate", ...more },
	);

/** @type {typeof echo} */
const client = (id, title, load, about, more) =>
	echo(id, title, load, about, {
		group: "client",
		role: "client",
		mode: undefined,
		metric: metrics.clientMessages,
		...more,
	});

const byMessage = [16, 125, KiB, 16 * KiB, 64 * KiB, MiB];

/**
 * @param {string} operation
 * @param {string} title
 * @param {string} about
 * @param {Partial<Scenario>} [more]
 */
const engine = (operation, title, about, more) =>
	echo(operation, title, {}, about, {
		group: "engine",
		role: "engine",
		mode: undefined,
		metric: metrics.throughput,
		operation,
		sizes: byMessage,
		...more,
	});

const quick = { quick: true };

/** Loads of the plain echo scenarios, by connections × messages in flight on each. */
const oneEach = { connections: 50, inFlight: 1 };
const pipelined = { connections: 50, inFlight: 64 };
const kibibyte = { connections: 10, inFlight: 16, size: KiB };
/** Connections that have exchanged some messages. */
const used = { connections: 2000, traffic: 4, size: KiB };
const large = { connections: 8, inFlight: 2, size: 64 * KiB };

/** @type {Scenario[]} */
// biome-ignore format: a table
export const scenarios = [
	echo("text-32x1", "32 B text, one at a time", { ...oneEach, size: 32, kind: "ascii" },
		"Each client waits for its echo: what it costs to be called, to read and to write.", quick),
	echo("text-32x64", "32 B text, 64 in flight", { ...pipelined, size: 32, kind: "ascii" },
		"Clients that do not wait: many messages come in one piece, and can be answered in one.", quick),
	echo("binary-125x64", "125 B binary, 64 in flight", { ...pipelined, size: 125, kind: "binary" },
		"The same with the longest messages that have the short header."),
	echo("text-1k", "1 KiB ASCII text", { ...kibibyte, kind: "ascii" },
		"Middling messages, as JSON often is."),
	echo("text-1k-utf8", "1 KiB non-ASCII text", { ...kibibyte, kind: "non-ascii" },
		"Text with characters beyond ASCII: validating and converting UTF-8 counts.", quick),
	echo("binary-64k", "64 KiB binary", { ...large, kind: "binary" },
		"Large messages: unmasking, and how often bytes are copied.", quick),
	echo("text-64k", "64 KiB ASCII text", { ...large, kind: "ascii" },
		"Large text, most of it checked and copied fast.", quick),
	echo("text-64k-utf8", "64 KiB non-ASCII text", { ...large, kind: "non-ascii" },
		"Large text that has to be converted, both ways.", quick),
	echo("binary-1m", "1 MiB binary", { connections: 4, inFlight: 1, size: MiB, kind: "binary" },
		"Messages that come in many pieces and have to be put together.", quick),
	echo("conns-500", "500 connections", { connections: 500, inFlight: 1, size: 32, kind: "ascii" },
		"32 B text one at a time, over ten times the connections.", { group: "connections" }),
	echo("conns-5000", "5,000 connections", { connections: 5000, inFlight: 1, size: 32, kind: "ascii" },
		"The same over a hundred times the connections.", { group: "connections" }),
	echo("tls", "TLS, 1 KiB text", { ...kibibyte, kind: "ascii", tls: true },
		"Encrypted: most of the time is the encryption's, the same for all.", { group: "connections" }),
	echo("handshakes", "Opening handshakes", { concurrency: 32 },
		"Connections that are opened and closed again, one after the other.",
		{ group: "connections", mode: "handshake", metric: metrics.handshakes, quick: true }),
	echo("idle", "10,000 idle connections", { connections: 10_000 },
		"What a server needs to keep a connection that says nothing.",
		{ group: "connections", mode: "idle", metric: metrics.memory, quick: true, maxRounds: 1 }),
	echo("broadcast", "One to 1,000", { receivers: 1000, size: 125, inFlight: 1 },
		"Each message one client sends goes to a thousand others.",
		{ group: "connections", mode: "broadcast", metric: metrics.deliveries }),
	deflate("deflate-256", "Compressed, 256 B of JSON", { ...kibibyte, size: 256 },
		"Small messages, each compressed by itself: setting up costs more than compressing."),
	deflate("deflate-1k", "Compressed, 1 KiB of JSON", kibibyte,
		"Middling messages, each compressed by itself.", quick),
	deflate("deflate-16k", "Compressed, 16 KiB of JSON", { ...large, size: 16 * KiB },
		"Longer ones: most of the time is the compressor's."),
	deflate("deflate-64k", "Compressed, 64 KiB of JSON", large,
		"Large ones, longer than the compressor's window."),
	deflate("deflate-context", "Compressed, 1 KiB, with context", { ...kibibyte, deflate: "takeover" },
		"The server's messages refer to those before them: smaller, but each connection keeps a compressor."),
	deflate("deflate-broadcast", "Compressed, 1 KiB, one to 200", { receivers: 200, size: KiB, inFlight: 1 },
		"The same message to 200 connections: it could be compressed once.",
		{ mode: "broadcast", metric: metrics.deliveries }),
	deflate("deflate-latency", "Compressed, 1 KiB, p99 latency at half the load that ws carries", { connections: 50, inFlight: 1, size: KiB },
		"At a fixed rate, half of what the reference can carry: what waits for a thread, or for others, waits longer.",
		{ metric: metrics.latency, shareOfReference: 0.5 }),
	deflate("deflate-memory", "2,000 connections, compressed", used,
		"What a server needs for a connection that has exchanged four messages of 1 KiB, each compressed by itself.",
		{ mode: "idle", metric: metrics.memory, maxRounds: 1 }),
	deflate("deflate-memory-cx", "2,000 connections, with context", { ...used, deflate: "takeover" },
		"The same, where the server's messages refer to those before them.",
		{ mode: "idle", metric: metrics.memory, maxRounds: 1 }),
	deflate("deflate-memory-32", "2,000 connections, windows full", { ...used, deflate: "takeover", traffic: 32 },
		"Once more, after so many messages that there is a whole window to refer to.",
		{ mode: "idle", metric: metrics.memory, maxRounds: 1 }),
	deflate("deflate-quiet", "2,000 connections, a minute later", { ...used, deflate: "takeover", quiet: 60 },
		"The same again, after the connections have said nothing for a minute.",
		{ group: "deflate-quiet", mode: "idle", metric: metrics.memory, maxRounds: 1 }),
	echo("latency", "p99 latency at half the load that ws carries", { ...oneEach, size: 32, kind: "ascii" },
		"32 B text at a fixed rate, half of what the reference can carry; time runs from when each should have been sent.",
		{ group: "latency", metric: metrics.latency, shareOfReference: 0.5 }),
	otherWork("32x64", "32 B text, 64 in flight", { ...pipelined, size: 32, kind: "ascii" }),
	otherWork("64k", "64 KiB binary", { ...large, kind: "binary" }),
	otherWork("handshakes", "opening handshakes", { concurrency: 32 }, { mode: "handshake" }),
	client("client-32x1", "Client, 32 B text, one at a time", { ...oneEach, size: 32, kind: "ascii" },
		"The library as a client of an echo server that is never the limit."),
	client("client-32x64", "Client, 32 B text, 64 in flight", { ...pipelined, size: 32, kind: "ascii" },
		"The same without waiting. Clients have to mask what they send.", quick),
	client("client-binary-64k", "Client, 64 KiB binary", { ...large, kind: "binary" },
		"Large messages: masking counts."),
	client("client-text-64k", "Client, 64 KiB ASCII text", { ...large, kind: "ascii" },
		"Large text: converting and masking count."),
	engine("decode-text", "Decode text messages", "Bytes in chunks of 64 KiB to strings, by the size of a message.", quick),
	engine("decode-binary", "Decode binary messages", "The same to Buffers."),
	engine("decode-chunk", "Decode a chunk of 32 B text", "By the size of the chunk that comes in one piece.", { sizes: [64, 256, KiB, 4 * KiB, 16 * KiB, 64 * KiB, MiB] }),
	engine("mask", "Mask", "What a client does to all it sends."),
	engine("unmask", "Unmask", "What a server does to all it receives."),
	engine("utf8-ascii", "Validate UTF-8, ASCII", "The check that text is UTF-8, of text that is ASCII."),
	engine("utf8-non-ascii", "Validate UTF-8, non-ASCII", "The same, of text with characters of 1 to 4 bytes."),
	echo("import", "Requiring the package", {}, "What a program waits for before it starts.",
		{ group: "import", role: "import", mode: undefined, metric: metrics.importing, quick: true }),
];

export const groups = [...new Set(scenarios.map(({ group }) => group))];

/**
 * @typedef {object} Pace
 * @property {number} rounds
 * @property {number} warmup Seconds before it counts.
 * @property {number} seconds Measured ones of a run.
 * @property {number} [maxConnections] Where it is not the figures that matter.
 * @property {number} [maxQuiet] Seconds, likewise.
 */

/** A scenario, and what else its runs show as scenarios. @param {Scenario} scenario @returns {Scenario[]} */
export const viewsOf = (scenario) => [
	scenario,
	...(scenario.views ?? []).map((view) => ({ ...scenario, ...view })),
];

/** A scenario with no more connections, and no longer quiet, than a pace allows. @param {Scenario} scenario @param {Pace} pace @returns {Scenario} */
export function limited(scenario, { maxConnections, maxQuiet }) {
	const load = { ...scenario.load };
	for (const [name, most = Number.POSITIVE_INFINITY] of /** @type {const} */ ([
		["connections", maxConnections],
		["receivers", maxConnections],
		["quiet", maxQuiet],
	])) {
		const value = load[name];
		if (value !== undefined) load[name] = Math.min(value, most);
	}
	return { ...scenario, load };
}

/**
 * How many seconds one run takes, about, its processes' start included.
 *
 * @param {Scenario} scenario
 * @param {Pace} pace
 */
export function estimateRun({ role, mode, load, sizes }, pace) {
	const start = 0.25;
	if (role === "import") return 0.5;
	if (sizes) return start + sizes.length * engineSeconds(pace) * 1.5;
	if (mode === "idle") return start + 4 + (load.quiet ?? 0);
	const opening = (load.connections ?? load.receivers ?? 0) / 2000;
	return start + opening + pace.warmup + pace.seconds;
}

/** CPU seconds that an engine is measured for at each size; warming up takes half as much. @param {Pace} pace */
export const engineSeconds = ({ seconds }) => Math.min(0.25, seconds / 8);

/** Who is measured: one table. A candidate takes part in the scenarios that it has a program for. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inRoot } from "../scripts/support/paths.mjs";

/**
 * @typedef {object} Candidate
 * @property {string} id
 * @property {string} label
 * @property {boolean} isOurs
 * @property {string[]} packages Whose versions are reported.
 * @property {string} text What its handler of text messages gets; empty where that is not known.
 * @property {NodeJS.ProcessEnv} env
 * @property {string[]} [server] Command of a server; NODE in it stands for the Node.js that is measured.
 * @property {string} [client] Name of its glue in candidates/clients/libraries.mjs.
 * @property {string} [engine] Name in candidates/engine/implementations.mjs.
 * @property {string[]} [operations] Which of an engine's it has.
 * @property {string} [import] Module to require.
 * @property {boolean} [onlyText] Whether it differs from another candidate only where text is received.
 * @property {boolean} [deflates] Whether its server compresses messages when told to.
 * @property {boolean} [noTls] Whether it is another candidate where there is TLS.
 * @property {boolean} [quick] Whether it is measured by default.
 */

/** Stands for the Node.js that is measured, in the command of a server. */
export const NODE = "<node>";

/** @param {string} name */
const node = (name) => [NODE, `candidates/servers/${name}.mjs`];

const decoding = ["decode-text", "decode-binary", "decode-chunk"];
const validating = ["utf8-ascii", "utf8-non-ascii"];

/**
 * @param {string} id
 * @param {"native" | "typescript"} engine
 * @param {string} transport
 * @param {string} label
 * @returns {Candidate}
 */
const ours = (id, engine, transport, label) => ({
	id,
	label,
	isOurs: true,
	packages: ["nodejs-websocket"],
	text: "string",
	env: {
		NODEJS_WEBSOCKET_ENGINE: engine,
		NODEJS_WEBSOCKET_TRANSPORT: transport,
	},
	server: node("nodejs-websocket"),
	deflates: true,
	client: "nodejs-websocket",
	engine: "nodejs-websocket",
	operations: [...decoding, "mask", "unmask", ...validating],
	import: inRoot("dist", "index.js"),
});

/** Ours: each engine over each transport there is. The first is what serves on Linux unless it is told otherwise. */
const own = [
	{
		...ours("native-io", "native", "native", "native transport (default)"),
		// Loaded and parsed by itself it is the next again.
		engine: undefined,
		import: undefined,
		noTls: true,
	},
	ours("native", "native", "socket", "native engine, node:net"),
	ours("typescript", "typescript", "socket", "TypeScript engine"),
];

/** @param {string} name A package in bench/node_modules. */
const installed = (name) => inRoot("bench", "node_modules", name);

/** The ratios are to this one: the most used, with its addon, which is faster than without. */
export const REFERENCE = "ws";

/** @type {Candidate[]} */
const peers = [
	{
		id: "ws",
		label: "ws + bufferutil",
		isOurs: false,
		packages: ["ws", "bufferutil"],
		text: "Buffer (no string is made)",
		env: {},
		server: node("ws"),
		deflates: true,
		client: "ws",
		engine: "ws",
		operations: decoding,
		import: installed("ws"),
		quick: true,
	},
	{
		id: "ws-string",
		label: "ws, toString()",
		isOurs: false,
		packages: ["ws", "bufferutil"],
		text: "string, by toString()",
		env: { BENCH_TEXT: "string" },
		server: node("ws"),
		deflates: true,
		client: "ws, toString()",
		onlyText: true,
	},
	{
		id: "ws-plain",
		label: "ws without addons",
		isOurs: false,
		packages: ["ws"],
		text: "Buffer (no string is made)",
		env: { WS_NO_BUFFER_UTIL: "1" },
		server: node("ws"),
		deflates: true,
		client: "ws",
		engine: "ws",
		operations: decoding,
	},
	{
		id: "websocket",
		label: "websocket",
		isOurs: false,
		packages: ["websocket"],
		text: "string",
		env: {},
		server: node("websocket"),
		import: installed("websocket"),
	},
	{
		id: "faye",
		label: "faye-websocket",
		isOurs: false,
		packages: ["faye-websocket"],
		text: "string",
		env: {},
		server: node("faye-websocket"),
		import: installed("faye-websocket"),
	},
	{
		id: "v1",
		label: "nodejs-websocket 1.7",
		isOurs: false,
		packages: ["nodejs-websocket-1"],
		text: "string",
		env: {},
		server: node("nodejs-websocket-1"),
		import: installed("nodejs-websocket-1"),
	},
	{
		id: "bun",
		label: "Bun",
		isOurs: false,
		packages: ["bun"],
		text: "string",
		env: {},
		server: [bunCommand(), "candidates/servers/bun.mjs"],
	},
	{
		id: "undici",
		label: "undici",
		isOurs: false,
		packages: ["undici"],
		text: "string",
		env: {},
		client: "undici",
	},
	{
		id: "bufferutil",
		label: "bufferutil",
		isOurs: false,
		packages: ["bufferutil"],
		text: "",
		env: {},
		engine: "bufferutil",
		operations: ["mask", "unmask"],
		quick: true,
	},
	{
		id: "utf-8-validate",
		label: "utf-8-validate",
		isOurs: false,
		packages: ["utf-8-validate"],
		text: "",
		env: {},
		engine: "utf-8-validate",
		operations: validating,
		quick: true,
	},
	{
		id: "node",
		label: "node:buffer isUtf8",
		isOurs: false,
		packages: [],
		text: "",
		env: {},
		engine: "node",
		operations: validating,
		quick: true,
	},
];

/** Bun's binary comes in one package a platform, of which npm installs the one that fits. */
function bunCommand() {
	const base = `bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}`;
	const names = [base, `${base}-musl`, `${base}-baseline`];
	const files = names.map((name) =>
		installed(join("@oven", name, "bin", "bun")),
	);
	return files.find(existsSync) ?? files[0];
}

export const peerIds = peers.map(({ id }) => id);

/**
 * A candidate that is any command, which listens on the port in $PORT.
 *
 * @param {string} name
 * @param {string} command For the shell.
 * @returns {Candidate}
 */
export function foreign(name, command) {
	return {
		id: name,
		label: name,
		isOurs: false,
		packages: [],
		text: "",
		env: {},
		server: ["sh", "-c", command],
		deflates: true,
	};
}

/**
 * @param {object} choice
 * @param {boolean} choice.full
 * @param {string[]} [choice.peers] Instead of the usual ones.
 * @param {Candidate[]} [choice.foreign]
 * @returns {Candidate[]} Ours first.
 */
export function chooseCandidates({ full, peers: wanted, foreign = [] }) {
	const chosen = peers.filter(({ id, quick }) =>
		wanted ? wanted.includes(id) : full || quick,
	);
	return [...own, ...chosen, ...foreign];
}

/**
 * Those who have a program for a scenario.
 *
 * @param {import("./scenarios.mjs").Scenario} scenario
 * @param {Candidate[]} candidates
 */
export function fieldOf({ role, operation, load, mode }, candidates) {
	const receivesText =
		(load.kind !== undefined && load.kind !== "binary") || mode === "broadcast";
	return candidates.filter(
		(candidate) =>
			candidate[role] !== undefined &&
			(!candidate.onlyText || receivesText) &&
			!(candidate.noTls && load.tls) &&
			!(load.deflate && !candidate.deflates) &&
			(operation === undefined || candidate.operations?.includes(operation)),
	);
}

/** The versions of a candidate's packages, by name. @param {Candidate} candidate @returns {Record<string, string>} */
export function versionsOf({ isOurs, packages }) {
	return Object.fromEntries(
		packages.map((name) => {
			const folder = isOurs ? inRoot() : installed(name);
			const file = join(folder, "package.json");
			const { version } = JSON.parse(readFileSync(file, "utf8"));
			return [name.replace(/-1$/, ""), version];
		}),
	);
}

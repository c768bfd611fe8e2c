/**
 * WebSocket libraries of other languages, for the interoperability tests: each in a folder of its own in .cache/, in the
 * version that its list of dependencies in __test__/interop/peers/ pins.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/child.mjs";
import { withLock } from "../support/lock.mjs";
import { cache, inRoot } from "../support/paths.mjs";
import {
	filesUnder,
	hashOf,
	isStamped,
	removeStamp,
	writeStamp,
} from "../support/stamp.mjs";
import { StepError } from "../support/step.mjs";
import { cargoIsMissing, reasonOf } from "./native.mjs";
import { installVenv, venvPython } from "./venv.mjs";

/** @typedef {import("../support/step.mjs").Step} Step */

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} language
 * @property {string} version
 * @property {string} command The program that speaks for it, and its arguments.
 * @property {string[]} args
 * @property {string[]} inputs The files it is made of.
 * @property {(step: Step) => Promise<void>} install
 */

const isWindows = process.platform === "win32";

/** @param {string[]} parts */
const source = (...parts) => inRoot("__test__", "interop", "peers", ...parts);

/** @param {string[]} parts */
const installed = (...parts) => join(cache, "peers", ...parts);

/** @param {string} file @param {RegExp} pattern Its first group is the version. */
function pinned(file, pattern) {
	return pattern.exec(readFileSync(file, "utf8"))?.[1] ?? "unknown";
}

const requirements = source("websockets", "requirements.txt");

/** @param {Step} step */
const installWebsockets = (step) =>
	installVenv(
		{ folder: installed("websockets"), requirements, minPython: [3, 11] },
		step,
	);

export const tungsteniteManifest = source("tungstenite", "Cargo.toml");

/** @param {Step} step */
async function installTungstenite(step) {
	const noCargo = await cargoIsMissing();
	if (noCargo) throw new StepError(noCargo);
	step.start("compiling");
	const { code, output } = await run(
		"cargo",
		[
			"build",
			"--locked",
			"--manifest-path",
			tungsteniteManifest,
			"--target-dir",
			installed("tungstenite"),
		],
		{ onLine: step.progress },
	);
	if (code !== 0) throw new StepError(reasonOf(output), output);
}

/** @type {Peer[]} */
export const peers = [
	{
		name: "websockets",
		language: "Python",
		version: pinned(requirements, /^websockets==(\S+)$/m),
		command: venvPython(installed("websockets")),
		args: [source("websockets", "peer.py")],
		inputs: [requirements],
		install: installWebsockets,
	},
	{
		name: "tungstenite",
		language: "Rust",
		version: pinned(tungsteniteManifest, /^tungstenite = "=([^"]+)"$/m),
		command: installed(
			"tungstenite",
			"debug",
			`tungstenite-peer${isWindows ? ".exe" : ""}`,
		),
		args: [],
		inputs: [
			tungsteniteManifest,
			source("tungstenite", "Cargo.lock"),
			...filesUnder(source("tungstenite", "src")),
		],
		install: installTungstenite,
	},
];

/** @param {string} name @returns {Peer} */
export function peerNamed(name) {
	const peer = peers.find((each) => each.name === name);
	if (!peer) throw new Error(`there is no peer ${name}`);
	return peer;
}

/** @param {Peer} peer */
const stampOf = ({ name }) => `peer-${name}`;

/** @param {Peer} peer */
export function peerIsInstalled(peer) {
	return (
		isStamped(stampOf(peer), hashOf(peer.inputs)) && existsSync(peer.command)
	);
}

/**
 * Installs a peer if it is not there.
 *
 * @param {Peer} peer
 * @param {Step} step
 * @throws {StepError} whose message is the reason in one sentence.
 */
export async function installPeer(peer, step) {
	if (peerIsInstalled(peer)) return "up to date";
	mkdirSync(installed(), { recursive: true });
	return await withLock(stampOf(peer), async () => {
		if (peerIsInstalled(peer)) return "installed by another process";
		const hash = hashOf(peer.inputs);
		removeStamp(stampOf(peer));
		await peer.install(step);
		writeStamp(stampOf(peer), hash);
		return "installed";
	});
}

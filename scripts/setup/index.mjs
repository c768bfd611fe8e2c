/** Sets up what a checkout lacks: dependencies, the TypeScript build, the native build. Plain Node, no dependencies. */
import { existsSync } from "node:fs";
import { StepError, step } from "../support/step.mjs";
import { installBundlers } from "./bundlers.mjs";
import { installDependencies } from "./dependencies.mjs";
import { buildNative, cargoIsMissing, nativeFile } from "./native.mjs";
import { installPeer, peers } from "./peers.mjs";
import { buildTypescript } from "./typescript.mjs";

const MIN_NODE = 20;

/**
 * Runs a set-up as the whole of a script: a failing step ends the process with what its tool said, and exit code 1.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function orExit(work) {
	try {
		return await work();
	} catch (error) {
		if (!(error instanceof StepError)) throw error;
		if (error.details) process.stderr.write(`\n${error.details.trim()}\n`);
		process.stderr.write(`\nThe set-up stopped: ${error.message}.\n`);
		process.exit(1);
	}
}

export async function prepareDependencies() {
	const major = Number(process.versions.node.split(".")[0]);
	if (major < MIN_NODE) {
		throw new StepError(
			`Node ${MIN_NODE} or newer is needed, this is ${process.version}`,
		);
	}
	await step("dependencies", installDependencies);
}

export async function prepareTypescript() {
	await step("TypeScript build", buildTypescript);
}

/**
 * The native build where cargo is there.
 *
 * @param {object} options
 * @param {boolean} options.strict Whether a build that fails is an error. Otherwise one line says why, and the
 *   TypeScript engine serves.
 * @returns {Promise<string | undefined>} Why cargo cannot be used here.
 */
export async function prepareNative({ strict }) {
	const noCargo = await cargoIsMissing();
	await step("native build", async (line) => {
		if (noCargo) {
			return existsSync(nativeFile())
				? `${noCargo}: the addon that is there is used as it is`
				: `${noCargo}: the TypeScript engine serves, and works the same`;
		}
		try {
			return await buildNative(line);
		} catch (error) {
			if (strict || !(error instanceof StepError)) throw error;
			return `not possible, ${error.message}: the TypeScript engine serves, and works the same`;
		}
	});
	return noCargo;
}

/**
 * The peers of the interoperability tests, as far as they can be had here.
 *
 * @returns {Promise<{ missing: { name: string, reason: string }[], env: NodeJS.ProcessEnv }>} `env` makes the tests insist
 *   on those that are there.
 */
export async function preparePeers() {
	/** @type {string[]} */
	const installed = [];
	/** @type {{ name: string, reason: string }[]} */
	const missing = [];
	for (const peer of peers) {
		await step(`peer ${peer.name}`, async (line) => {
			try {
				const done = await installPeer(peer, line);
				installed.push(peer.name);
				return `${peer.version}, ${done}`;
			} catch (error) {
				if (!(error instanceof StepError)) throw error;
				if (error.details) process.stdout.write(`\n${error.details.trim()}\n`);
				missing.push({ name: peer.name, reason: error.message });
				return `not possible, ${error.message}`;
			}
		});
	}
	const env = { NODEJS_WEBSOCKET_TEST_REQUIRE_PEERS: installed.join(",") };
	return { missing, env };
}

/**
 * The bundlers whose bundles are tested.
 *
 * @returns {Promise<string | undefined>} Why they cannot be had here.
 */
export async function prepareBundlers() {
	/** @type {string | undefined} */
	let reason;
	await step("bundlers", async (line) => {
		try {
			return await installBundlers(line);
		} catch (error) {
			if (!(error instanceof StepError)) throw error;
			if (error.details) process.stdout.write(`\n${error.details.trim()}\n`);
			reason = error.message;
			return `not possible, ${reason}`;
		}
	});
	return reason;
}

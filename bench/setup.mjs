/** Sets up what is measured and what measures: the build of this project, the peers, the load generator. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installDependencies } from "../scripts/setup/dependencies.mjs";
import {
	prepareDependencies,
	prepareNative,
	prepareTypescript,
} from "../scripts/setup/index.mjs";
import { reasonOf } from "../scripts/setup/native.mjs";
import { makeCertificate } from "../scripts/support/certificate.mjs";
import { run } from "../scripts/support/child.mjs";
import { cache, inRoot } from "../scripts/support/paths.mjs";
import { StepError, step } from "../scripts/support/step.mjs";
import { findCores } from "./measure/cores.mjs";

/** @param {import("../scripts/support/step.mjs").Step} line */
async function buildLoadgen(line) {
	line.start("building");
	const { code, output } = await run(
		"cargo",
		[
			...["build", "--release", "--locked"],
			...["--manifest-path", inRoot("bench", "loadgen", "Cargo.toml")],
			...["--target-dir", inRoot("bench", "loadgen", "target")],
		],
		{ onLine: line.progress },
	);
	if (code !== 0) throw new StepError(reasonOf(output), output);
	return /^ *Compiling /m.test(output) ? "compiled" : "up to date";
}

/** Files with a key and a certificate, or why there are none. */
function certificateFiles() {
	const folder = join(cache, "bench");
	const files = {
		key: join(folder, "key.pem"),
		cert: join(folder, "cert.pem"),
	};
	try {
		const { key, cert } = makeCertificate("localhost");
		mkdirSync(folder, { recursive: true });
		writeFileSync(files.key, key);
		writeFileSync(files.cert, cert);
		return files;
	} catch (error) {
		return {
			reason: `no certificate can be made: ${/** @type {Error} */ (error).message}`,
		};
	}
}

/**
 * @param {object} needs
 * @param {boolean} needs.peers Whether any peer is measured.
 * @param {string} needs.node The Node.js that is measured.
 * @returns {Promise<import("./measure/server.mjs").Surroundings>}
 */
export async function setUp({ peers, node }) {
	if (process.platform !== "linux") {
		throw new StepError("the load generator needs Linux (its epoll and /proc)");
	}
	await prepareDependencies();
	await prepareTypescript();
	const noCargo = await prepareNative({ strict: true });
	if (noCargo) {
		throw new StepError(`${noCargo}, and the load generator needs it`);
	}
	await step("load generator", buildLoadgen);
	if (peers) {
		await step("peers", (line) => installDependencies(line, inRoot("bench")));
	}
	return {
		loadgen: inRoot("bench", "loadgen", "target", "release", "loadgen"),
		node,
		cores: findCores(),
		certificate: certificateFiles(),
	};
}

/**
 * A Python 2.7, the only one the Autobahn testsuite runs on: one that is installed, else that of Debian 11, unpacked into
 * the cache from the mirror that apt is set up for. Nothing is installed into the system.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "../support/child.mjs";
import { unpackDebian } from "../support/debian.mjs";
import { StepError } from "../support/step.mjs";

/**
 * @typedef {object} Python
 * @property {string} command
 * @property {Record<string, string>} env What it needs in its environment.
 */

const packages = [
	"python2.7-minimal",
	"libpython2.7-minimal",
	"libpython2.7-stdlib",
	"libpython2.7-dev",
	"libssl1.1",
	"libffi7",
];

/** @param {Python} python */
export async function isUsable({ command, env }) {
	const { code } = await run(
		command,
		[
			"-c",
			"import sys, zlib, ssl, ctypes; sys.exit(sys.version_info[:2] != (2, 7))",
		],
		{ env },
	);
	return code === 0;
}

/** Those of pyenv are not on the PATH unless they were chosen. */
function pyenvCommands() {
	const versions = join(
		process.env.PYENV_ROOT ?? join(homedir(), ".pyenv"),
		"versions",
	);
	if (!existsSync(versions)) return [];
	return readdirSync(versions)
		.filter((name) => name.startsWith("2.7."))
		.map((name) => join(versions, name, "bin", "python2.7"));
}

/** @returns {Promise<Python | undefined>} */
async function findInstalled() {
	const commands = [process.env.PYTHON27, "python2.7", ...pyenvCommands()];
	for (const command of commands) {
		const python = { command: command ?? "", env: {} };
		if (command && (await isUsable(python))) return python;
	}
}

/** @param {string} folder @param {import("../support/step.mjs").Step} step @returns {Promise<Python>} */
async function unpackPython(folder, step) {
	step.start("unpacking Debian 11's Python 2.7");
	await unpackDebian({ suite: "bullseye", packages }, folder);
	const usr = join(folder, "usr");
	const triplet = readdirSync(join(usr, "include")).find((name) =>
		name.endsWith("-linux-gnu"),
	);
	const python = {
		command: join(usr, "bin", "python2.7"),
		env: {
			PYTHONHOME: usr,
			LD_LIBRARY_PATH: join(usr, "lib", triplet ?? ""),
			// For extensions that are compiled for it.
			C_INCLUDE_PATH: [
				join(usr, "include", "python2.7"),
				join(usr, "include"),
			].join(":"),
		},
	};
	if (!(await isUsable(python)))
		throw new StepError("Debian 11's Python 2.7 does not run here");
	return python;
}

/**
 * @param {string} folder Where it may be unpacked.
 * @param {import("../support/step.mjs").Step} step
 * @throws {StepError} whose message is the reason in one sentence.
 */
export async function preparePython27(folder, step) {
	rmSync(folder, { recursive: true, force: true });
	return (await findInstalled()) ?? (await unpackPython(folder, step));
}

/**
 * A Python 2.7, the only one the Autobahn testsuite runs on: one that is installed, else that of Debian 11, unpacked into
 * the cache from the mirror that apt is set up for. Nothing is installed into the system.
 */
import {
	existsSync,
	mkdirSync,
	readdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "../support/child.mjs";
import { StepError } from "../support/step.mjs";

/**
 * @typedef {object} Python
 * @property {string} command
 * @property {Record<string, string>} env What it needs in its environment.
 */

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

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

/** The Debian mirror of this machine's apt. */
async function debianMirror() {
	const { code, output } = await run("apt-get", [
		"indextargets",
		"--format",
		"$(REPO_URI)",
		"Created-By: Packages",
	]);
	const mirror =
		code === 0 &&
		output.split("\n").find((line) => /\/debian\/?$/.test(line.trim()));
	if (!mirror || !existsSync(keyring))
		throw new StepError(
			"there is no Python 2.7 (PYTHON27 can name one), and no Debian mirror to have one from",
		);
	return mirror.trim();
}

/** Options by which apt leaves the system's own sources and lists alone. @param {string} folder @param {string} mirror */
function aptOptions(folder, mirror) {
	const sources = join(folder, "sources.list");
	for (const part of ["lists/partial", "cache/archives/partial"])
		mkdirSync(join(folder, part), { recursive: true });
	writeFileSync(
		sources,
		`deb [signed-by=${keyring}] ${mirror} bullseye main\n`,
	);
	const settings = {
		"Dir::Etc::sourcelist": sources,
		"Dir::Etc::sourceparts": "-",
		"Dir::State::lists": join(folder, "lists"),
		"Dir::Cache": join(folder, "cache"),
		// As root, apt would drop to a user who may not write here.
		"APT::Sandbox::User": "root",
		"Acquire::Retries": "3",
	};
	return Object.entries(settings).map(([key, value]) => `-o${key}=${value}`);
}

/** @param {string} command @param {string[]} args @param {string} [cwd] */
async function must(command, args, cwd) {
	const { code, output } = await run(command, args, { cwd });
	if (code !== 0)
		throw new StepError("Debian 11's Python 2.7 could not be had", output);
}

/** @param {string} folder @param {import("../support/step.mjs").Step} step @returns {Promise<Python>} */
async function unpackDebian(folder, step) {
	const mirror = await debianMirror();
	const downloads = join(folder, "apt");
	const options = aptOptions(downloads, mirror);
	step.start("unpacking Debian 11's Python 2.7");
	await must("apt-get", [...options, "-qq", "update"]);
	const wanted = packages.map((name) => `${name}/bullseye`);
	await must("apt-get", [...options, "-qq", "download", ...wanted], downloads);
	for (const name of readdirSync(downloads)) {
		if (name.endsWith(".deb"))
			await must("dpkg", ["-x", join(downloads, name), folder]);
	}
	rmSync(downloads, { recursive: true, force: true });
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
	return (await findInstalled()) ?? (await unpackDebian(folder, step));
}

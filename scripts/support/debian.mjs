/** Packages of Debian, unpacked into a folder from the mirror that apt is set up for. Nothing is installed into the system. */
import {
	existsSync,
	mkdirSync,
	readdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { run } from "./child.mjs";
import { StepError } from "./step.mjs";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

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
		throw new StepError("there is no Debian mirror to have packages from");
	return mirror.trim();
}

/**
 * Options by which apt leaves the system's own sources and lists alone.
 *
 * @param {string} folder
 * @param {string} mirror
 * @param {Wanted} wanted
 */
function aptOptions(folder, mirror, { suite, architecture }) {
	const sources = join(folder, "sources.list");
	const status = join(folder, "status");
	for (const part of ["lists/partial", "cache/archives/partial"])
		mkdirSync(join(folder, part), { recursive: true });
	writeFileSync(
		sources,
		`deb [signed-by=${keyring}] ${mirror} ${suite} main\n`,
	);
	writeFileSync(status, "");
	const settings = {
		"Dir::Etc::sourcelist": sources,
		"Dir::Etc::sourceparts": "-",
		"Dir::State::lists": join(folder, "lists"),
		"Dir::State::status": status,
		"Dir::Cache": join(folder, "cache"),
		...(architecture
			? {
					"APT::Architecture": architecture,
					"APT::Architectures": architecture,
				}
			: {}),
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
		throw new StepError("packages of Debian could not be had", output);
}

/**
 * @typedef {object} Wanted
 * @property {string} suite As bookworm.
 * @property {string} [architecture] As Debian names it; this machine's if left out.
 * @property {string[]} packages Without those they depend on.
 */

/**
 * @param {Wanted} wanted
 * @param {string} folder
 * @throws {StepError} whose message is the reason in one sentence.
 */
export async function unpackDebian(wanted, folder) {
	const mirror = await debianMirror();
	const downloads = join(folder, "apt");
	const options = aptOptions(downloads, mirror, wanted);
	await must("apt-get", [...options, "-qq", "update"]);
	const names = wanted.packages.map((name) => `${name}/${wanted.suite}`);
	await must("apt-get", [...options, "-qq", "download", ...names], downloads);
	for (const name of readdirSync(downloads)) {
		if (name.endsWith(".deb"))
			await must("dpkg", ["-x", join(downloads, name), folder]);
	}
	rmSync(downloads, { recursive: true, force: true });
}

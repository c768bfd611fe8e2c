/** What it takes to build for other machines: zig, which links for all of them, and a Rust with their standard library. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { installVenv, venvPrograms, venvPython } from "../setup/venv.mjs";
import { run } from "../support/child.mjs";
import { cache, inRoot } from "../support/paths.mjs";
import {
	hashOf,
	isStamped,
	removeStamp,
	writeStamp,
} from "../support/stamp.mjs";
import { StepError } from "../support/step.mjs";

const folder = join(cache, "platforms");
const venv = join(folder, "venv");
const requirements = inRoot("scripts", "platforms", "requirements.txt");

/** Has the sources of the standard library, and is allowed to compile them. */
const debianPackages = ["rustc-web", "cargo-web", "rust-web-src"];

/** The Python that has them. */
export const python = venvPython(venv);

/** The program that calls cargo with zig as its linker. */
export const zigbuild = join(venvPrograms(venv), "cargo-zigbuild");

export const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");

/**
 * What zigbuild needs in its environment. It finds zig through the Python that comes first.
 *
 * @param {Toolchain} toolchain
 * @returns {Record<string, string>}
 */
export const environmentOf = ({ env }) => ({
	...env,
	PATH: [venvPrograms(venv), process.env.PATH].join(delimiter),
	ZIG_GLOBAL_CACHE_DIR: join(folder, "zig"),
	CARGO_ZIGBUILD_CACHE_DIR: join(folder, "zigbuild"),
});

/**
 * A part of zig by itself, as its dlltool.
 *
 * @param {string[]} args
 */
export async function zig(args) {
	const { code, output } = await run(python, ["-m", "ziglang", ...args], {
		env: { ZIG_GLOBAL_CACHE_DIR: join(folder, "zig") },
	});
	if (code !== 0) throw new StepError(`zig ${args[0]} did not succeed`, output);
}

/** Installs zig and cargo-zigbuild into the cache. @param {import("../support/step.mjs").Step} step */
export async function installZig(step) {
	const hash = hashOf([requirements]);
	if (isStamped("zig", hash) && existsSync(zigbuild)) return "up to date";
	removeStamp("zig");
	await installVenv({ folder: venv, requirements, minPython: [3, 8] }, step);
	writeStamp("zig", hash);
	return "installed";
}

/**
 * Installs Debian's Rust beside the one that is there. Only on request: it changes the system.
 *
 * @param {import("../support/step.mjs").Step} step
 * @throws {StepError}
 */
export async function installDebianRust(step) {
	if (process.getuid?.() !== 0) throw new StepError("--apt needs root");
	const { code: have } = await run("dpkg", ["--status", ...debianPackages]);
	if (have === 0) return "up to date";
	step.start("installing");
	const env = { DEBIAN_FRONTEND: "noninteractive" };
	const install = ["install", "-y", "--no-install-recommends"];
	for (const args of [["update"], [...install, ...debianPackages]]) {
		const { code, output } = await run("apt-get", args, {
			env,
			onLine: step.progress,
		});
		if (code !== 0)
			throw new StepError(`apt-get ${args[0]} did not succeed`, output);
	}
	return "installed";
}

/**
 * A Rust that can build for a target.
 *
 * @typedef {object} Toolchain
 * @property {Record<string, string>} env
 * @property {string[]} args For cargo.
 * @property {string} [sources] Of the standard library, where that is compiled, too.
 */

/** @param {string} rustc @param {string[]} args */
async function ask(rustc, args) {
	const { code, output } = await run(rustc, ["--print", ...args]);
	return code === 0 ? output.trim() : undefined;
}

/**
 * The toolchain in use where it has the target, else one that has the sources of its standard library.
 *
 * @param {string} triple
 * @returns {Promise<Toolchain>}
 * @throws {StepError}
 */
export async function toolchainFor(triple) {
	const libraries = await ask("rustc", ["target-libdir", "--target", triple]);
	if (libraries && existsSync(libraries)) return { env: {}, args: [] };
	for (const bin of ["", "/usr/bin/"]) {
		const sysroot = await ask(`${bin}rustc`, ["sysroot"]);
		const sources = join(sysroot ?? "", "lib", "rustlib", "src", "rust");
		if (!sysroot || !existsSync(join(sources, "library", "Cargo.lock")))
			continue;
		return {
			env: {
				CARGO: `${bin}cargo`,
				RUSTC: `${bin}rustc`,
				// -Zbuild-std is not stable.
				RUSTC_BOOTSTRAP: "1",
			},
			args: ["-Zbuild-std=std,panic_unwind"],
			sources,
		};
	}
	throw new StepError(
		`Rust has no standard library for it: rustup target add ${triple}, or on Debian, as root, --apt`,
	);
}

/** Builds the addon of one platform, and places it in npm/<platform>/ once it has been judged. */
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import {
	lockedArgs,
	nativeInputs,
	platformName,
	reasonOf,
} from "../setup/native.mjs";
import { run } from "../support/child.mjs";
import { withLock } from "../support/lock.mjs";
import { inRoot, root } from "../support/paths.mjs";
import {
	hashOf,
	isStamped,
	removeStamp,
	writeStamp,
} from "../support/stamp.mjs";
import { StepError } from "../support/step.mjs";
import { addonFile, judge, judgePlaced } from "./check.mjs";
import { addonName, FEATURES, GLIBC, MACOS } from "./table.mjs";
import {
	cargoHome,
	environmentOf,
	toolchainFor,
	zig,
	zigbuild,
} from "./tools.mjs";

/**
 * @typedef {import("./table.mjs").Platform} Platform
 * @typedef {import("../support/step.mjs").Step} Step
 * @typedef {import("./tools.mjs").Toolchain} Toolchain
 */

/** @param {string} folder The checkout. */
const targetFolder = (folder) => join(folder, "target", "platforms");

/** Where cargo unpacks crates. @returns {string[]} */
function crateFolders() {
	const sources = join(cargoHome, "registry", "src");
	if (!existsSync(sources)) return [];
	return readdirSync(sources).map((name) => join(sources, name));
}

/**
 * Flags for the compiler. Panics carry the paths of the sources: they are cut to what does not depend on the machine, so
 * that two builds are the same, and the addon tells nothing of who built it.
 *
 * @param {Platform} platform
 * @param {Toolchain} toolchain
 * @param {string} folder The checkout.
 */
function flagsFor({ name, os, libc, format }, { sources }, folder) {
	const renamed = [
		[cargoHome, "cargo"],
		...crateFolders().map((path) => [path, "crates"]),
		[folder, "nodejs-websocket"],
		...(sources ? [[sources, "rust"]] : []),
	];
	const flags = renamed.map(
		([from, to]) => `--remap-path-prefix=${from}=${to}`,
	);
	// Addons for musl are loaded by a node that is linked to it dynamically.
	if (libc === "musl") flags.push("-Ctarget-feature=-crt-static");
	// zig takes no list of exports but for ELF: everything else is hidden instead. Not stable, see compile().
	if (format !== "elf") flags.push("-Zdefault-visibility=hidden");
	if (os === "darwin") {
		flags.push(
			// What cargo strips with is not there for every host; and stripping later would break the signature.
			"-Clink-arg=-s",
			// A library of macOS tells its own name, which would be its path in target/.
			`-Clink-arg=-Wl,-install_name,@rpath/${addonName(name)}`,
		);
	}
	return flags;
}

/** Likewise for the compiler of C++. @param {Platform} platform */
function cxxFlagsFor({ cpu, format }) {
	const flags = [];
	// zig's clang wants to be told that the AVX-512 code of simdutf may use registers of 512 bits.
	if (cpu === "x64") flags.push("-mevex512");
	if (format !== "elf")
		flags.push("-fvisibility=hidden", "-fvisibility-inlines-hidden");
	return flags;
}

/**
 * napi's build script wants a library to link with for this kind of target. The addon looks its symbols up itself, so that
 * nothing of it is used.
 *
 * @param {Platform} platform
 * @param {string} folder The checkout.
 */
async function importLibrary({ cpu }, folder) {
	const place = join(targetFolder(folder), `libnode-${cpu}`);
	mkdirSync(place, { recursive: true });
	const definition = join(place, "node.def");
	writeFileSync(definition, "NAME NODE.EXE\nEXPORTS\nnapi_create_function\n");
	writeFileSync(join(place, "libnode.dll"), "");
	await zig([
		"dlltool",
		...["-d", definition],
		...["-l", join(place, "libnode.a")],
		...["-m", cpu === "arm64" ? "arm64" : "i386:x86-64"],
	]);
	return place;
}

/** @param {Platform} platform */
function artifactName({ format }) {
	if (format === "pe") return "nodejs_websocket.dll";
	const extension = format === "elf" ? "so" : "dylib";
	return `libnodejs_websocket.${extension}`;
}

/**
 * @param {Platform} platform
 * @param {Step} step
 * @param {string} [folder] The checkout to build in.
 * @returns {Promise<string>} The addon, in target/.
 * @throws {StepError}
 */
export async function compile(platform, step, folder = root) {
	const { triple, os, libc, format, features = FEATURES } = platform;
	const toolchain = await toolchainFor(triple);
	const { code, output } = await run(
		zigbuild,
		[
			"zigbuild",
			"--release",
			...["--features", features.join(",")],
			...["--target", libc === "glibc" ? `${triple}.${GLIBC}` : triple],
			...["--target-dir", targetFolder(folder)],
			...toolchain.args,
			...lockedArgs(),
		],
		{
			cwd: folder,
			env: {
				...environmentOf(toolchain),
				CARGO_ENCODED_RUSTFLAGS: flagsFor(platform, toolchain, folder).join(
					"\x1f",
				),
				...(format === "elf" ? {} : { RUSTC_BOOTSTRAP: "1" }),
				CXXFLAGS: cxxFlagsFor(platform).join(" "),
				...(os === "win32"
					? { LIBNODE_PATH: await importLibrary(platform, folder) }
					: {}),
				...(os === "darwin"
					? {
							MACOSX_DEPLOYMENT_TARGET: MACOS,
							CARGO_PROFILE_RELEASE_STRIP: "none",
						}
					: {}),
			},
			onLine: step.progress,
		},
	);
	if (code !== 0) throw new StepError(reasonOf(output), output);
	return join(targetFolder(folder), triple, "release", artifactName(platform));
}

/** Downloads the crates, so that the folder they are unpacked into is there to be cut from paths. */
export async function fetchCrates() {
	const { code, output } = await run("cargo", ["fetch", ...lockedArgs()]);
	if (code !== 0) throw new StepError(reasonOf(output), output);
}

/** @param {Platform} platform @param {string} addon */
async function place(platform, addon) {
	const file = addonFile(platform);
	mkdirSync(dirname(file), { recursive: true });
	// Renamed into place, never copied over: a process that has the old addon loaded keeps the old file.
	copyFileSync(addon, `${file}.new`);
	renameSync(`${file}.new`, file);
}

const stampOf = (/** @type {Platform} */ { name }) => `platform-${name}`;

/** What decides how an addon is built. */
const recipe = ["build.mjs", "requirements.txt", "table.mjs", "tools.mjs"];

const inputsOf = () =>
	hashOf(
		recipe.map((name) => inRoot("scripts", "platforms", name)),
		[nativeInputs()],
	);

/** Whether what is in npm/<platform>/ was built from these sources, and may be shipped. @param {Platform} platform */
export const isBuilt = (platform) =>
	isStamped(stampOf(platform), inputsOf()) &&
	judgePlaced(platform).problems.length === 0;

/**
 * Builds an addon if it is not up to date.
 *
 * @param {Platform} platform
 * @param {Step} step
 * @throws {StepError}
 */
export async function buildPlatform(platform, step) {
	if (isBuilt(platform)) return `up to date, ${judgePlaced(platform).summary}`;
	step.start("compiling");
	const inputs = inputsOf();
	const native = nativeInputs();
	removeStamp(stampOf(platform));
	await fetchCrates();
	const addon = await compile(platform, step);
	const { problems, summary } = judge(platform, readFileSync(addon));
	if (problems.length > 0) throw new StepError(problems.join("; "));
	await withLock("native", async () => {
		await place(platform, addon);
		// It serves as this checkout's own build, too.
		if (platform.name === platformName()) writeStamp("native", native);
	});
	writeStamp(stampOf(platform), inputs);
	return `built, ${summary}`;
}

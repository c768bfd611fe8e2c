/**
 * The platforms with a prebuilt addon: the one list that building, checking, packing and the documents go by.
 *
 * A further platform is a row here, then `npm run manifests`.
 */

/**
 * @typedef {object} Platform
 * @property {string} name As napi-rs names it, and the loader looks for it.
 * @property {string} text For people.
 * @property {string} os As in `process.platform`.
 * @property {string} cpu As in `process.arch`.
 * @property {"glibc" | "musl"} [libc]
 * @property {string} triple What Rust is told to build for.
 * @property {string} [napiTriple] The triple in package.json where it is another one.
 * @property {string[]} [features] Cargo features, where they are others than FEATURES: one that a target cannot have is left
 *   out here.
 * @property {"elf" | "mach-o" | "pe"} format
 * @property {string} architecture As the readers in binary/ name it.
 */

/** The Cargo features of the addon. */
export const FEATURES = ["simdutf"];

/** Where an addon would export C++'s new and delete, since zig takes a list of exports for ELF only; nobody could try that. */
const WITHOUT_CXX = ["napi"];

/** The glibc that the addons for it are linked for: that of CentOS 7, older than any that Node.js 20 runs on. */
export const GLIBC = "2.17";

/** The macOS that the addons are linked for: the oldest that Node.js 20 runs on. */
export const MACOS = "11.0";

/** @type {readonly Platform[]} */
export const platforms = [
	{
		name: "linux-x64-gnu",
		text: "Linux on x64 with glibc",
		os: "linux",
		cpu: "x64",
		libc: "glibc",
		triple: "x86_64-unknown-linux-gnu",
		format: "elf",
		architecture: "x86-64",
	},
	{
		name: "linux-x64-musl",
		text: "Linux on x64 with musl",
		os: "linux",
		cpu: "x64",
		libc: "musl",
		triple: "x86_64-unknown-linux-musl",
		format: "elf",
		architecture: "x86-64",
	},
	{
		name: "linux-arm64-gnu",
		text: "Linux on arm64 with glibc",
		os: "linux",
		cpu: "arm64",
		libc: "glibc",
		triple: "aarch64-unknown-linux-gnu",
		format: "elf",
		architecture: "aarch64",
	},
	{
		name: "linux-arm64-musl",
		text: "Linux on arm64 with musl",
		os: "linux",
		cpu: "arm64",
		libc: "musl",
		triple: "aarch64-unknown-linux-musl",
		format: "elf",
		architecture: "aarch64",
	},
	{
		name: "linux-arm-gnueabihf",
		text: "Linux on armv7 with glibc",
		os: "linux",
		cpu: "arm",
		libc: "glibc",
		triple: "armv7-unknown-linux-gnueabihf",
		format: "elf",
		architecture: "arm",
	},
	{
		name: "darwin-arm64",
		text: "macOS on Apple silicon",
		os: "darwin",
		cpu: "arm64",
		triple: "aarch64-apple-darwin",
		features: WITHOUT_CXX,
		format: "mach-o",
		architecture: "aarch64",
	},
	{
		name: "darwin-x64",
		text: "macOS on x64",
		os: "darwin",
		cpu: "x64",
		triple: "x86_64-apple-darwin",
		features: WITHOUT_CXX,
		format: "mach-o",
		architecture: "x86-64",
	},
	{
		// Node-API is a plain C interface: an addon of the GNU flavour, which needs no SDK, serves a node.exe of Microsoft's.
		name: "win32-x64-msvc",
		text: "Windows on x64",
		os: "win32",
		cpu: "x64",
		triple: "x86_64-pc-windows-gnullvm",
		napiTriple: "x86_64-pc-windows-msvc",
		format: "pe",
		architecture: "x86-64",
	},
	{
		name: "win32-arm64-msvc",
		text: "Windows on arm64",
		os: "win32",
		cpu: "arm64",
		triple: "aarch64-pc-windows-gnullvm",
		napiTriple: "aarch64-pc-windows-msvc",
		format: "pe",
		architecture: "aarch64",
	},
	{
		name: "freebsd-x64",
		text: "FreeBSD on x64",
		os: "freebsd",
		cpu: "x64",
		triple: "x86_64-unknown-freebsd",
		format: "elf",
		architecture: "x86-64",
	},
];

/** The packages' scope is the main package's name: `@nodejs-websocket/linux-x64-gnu`. @param {string} name */
export const packageNameOf = (name) => `@nodejs-websocket/${name}`;

/** @param {string} name */
export const addonName = (name) => `nodejs-websocket.${name}.node`;

/**
 * The rows of some names, all without a name.
 *
 * @param {string[]} names
 * @throws {RangeError} where there is no such platform
 */
export function platformsNamed(names) {
	const unknown = names.find(
		(name) => !platforms.some((platform) => platform.name === name),
	);
	if (unknown !== undefined) {
		const known = platforms.map(({ name }) => name).join(", ");
		throw new RangeError(
			`There is no platform ${unknown}. Platforms: ${known}.`,
		);
	}
	if (names.length === 0) return platforms;
	return platforms.filter(({ name }) => names.includes(name));
}

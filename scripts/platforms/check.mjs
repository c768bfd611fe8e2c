/** Judges an addon before it may be shipped: is it for that platform, and will it load wherever the package is installed? */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { inRoot, root } from "../support/paths.mjs";
import { readBinary } from "./binary/index.mjs";
import { mainManifest } from "./manifests.mjs";
import { addonName, GLIBC, MACOS } from "./table.mjs";

/**
 * @typedef {import("./table.mjs").Platform} Platform
 * @typedef {import("./binary/index.mjs").Binary} Binary
 */

/**
 * @typedef {object} Verdict
 * @property {string[]} problems One sentence each; none means that it may be shipped.
 * @property {string} summary Size and needs, in a few words.
 */

/** What Node calls when it loads an addon. It is all that an addon should show. */
const ENTRY = "napi_register_module_v1";

/** What the linkers and their run-time libraries leave visible of themselves. */
const fromLinker =
	/^(__dso_handle|_mh_dylib_header|__is(OS|Platform)VersionAtLeast|_CRT_INIT|DllMain(CRTStartup)?|_*chkstk\w*|__mingw_\w+|_*unw_\w+|atexit|_pei386_runtime_relocator)$/;

/** Bytes. Below, something has been left out; above, something has been left in. */
const SIZES = { least: 150 * 1024, most: 2 * 1024 * 1024 };

/** The libraries that are there wherever Node.js is. @type {Record<string, RegExp>} */
const systemLibraries = {
	glibc: /^(lib(c|m|dl|rt|pthread)\.so\.\d|ld-linux[\w-]*\.so\.\d)$/,
	musl: /^(libc\.so|libc\.musl-\w+\.so\.1)$/,
	darwin:
		/^(\/usr\/lib\/lib\w+\.\w*\.?dylib|\/System\/Library\/Frameworks\/.+)$/,
	win32:
		/^(kernel32|ntdll|ws2_32|userenv|bcryptprimitives|ucrtbase|msvcrt|api-ms-win-[\w-]+)\.dll$/i,
	freebsd:
		/^lib(c|m|thr|rt|util|gcc_s|execinfo|kvm|memstat|procstat|devstat)\.so\.\d+$/,
};

/** The newest version of glibc that is asked for, as 2.14. @param {string[]} versions */
export function newestGlibc(versions) {
	const numbers = versions.flatMap(
		(version) => /^GLIBC_([\d.]+)$/.exec(version)?.[1] ?? [],
	);
	return numbers.sort(compareVersions).at(-1);
}

/** @param {string} a @param {string} b */
function compareVersions(a, b) {
	return a.localeCompare(b, "en", { numeric: true });
}

/** @param {Platform} platform @param {Binary} binary */
function formatProblems({ format, architecture }, binary) {
	if (binary.format === format && binary.architecture === architecture)
		return [];
	return [
		`it is ${binary.format} for ${binary.architecture}, not ${format} for ${architecture}`,
	];
}

/** @param {Binary} binary */
function symbolProblems({ exports, imports }) {
	const problems = [];
	if (!exports.includes(ENTRY)) problems.push(`it does not export ${ENTRY}`);
	const others = exports.filter(
		(name) => name !== ENTRY && !fromLinker.test(name),
	);
	if (others.length > 0)
		problems.push(
			`it also exports ${others.length}: ${others.slice(0, 8).join(", ")}`,
		);
	// They are looked up when the addon is loaded: linked, they would need a node of that very name on Windows.
	const linked = imports.filter((name) => /^(napi|node_api)_/.test(name));
	if (linked.length > 0) problems.push(`it is linked to ${linked.join(", ")}`);
	return problems;
}

/** @param {Platform} platform @param {Binary} binary */
function libraryProblems({ os, libc }, { libraries }) {
	const known = systemLibraries[libc ?? os];
	return libraries
		.filter((name) => !known.test(name))
		.map((name) => `it needs the library ${name}`);
}

/** @param {Platform} platform @param {Binary} binary */
function systemProblems({ os, libc, cpu }, { versions, minimumOs, signed }) {
	const problems = [];
	const glibc = newestGlibc(versions);
	if (libc === "glibc" && glibc === undefined)
		problems.push("it asks for no version of glibc");
	if (libc !== "glibc" && glibc !== undefined)
		problems.push(`it needs glibc ${glibc}`);
	else if (glibc !== undefined && compareVersions(glibc, GLIBC) > 0)
		problems.push(`it needs glibc ${glibc}, newer than ${GLIBC}`);
	if (os !== "darwin") return problems;
	if (minimumOs === undefined || compareVersions(minimumOs, MACOS) > 0)
		problems.push(`it is for macOS ${minimumOs}, newer than ${MACOS}`);
	// Apple silicon runs nothing that is not signed, if only ad hoc.
	if (cpu === "arm64" && !signed) problems.push("it is not signed");
	return problems;
}

/** @param {Buffer} file */
function contentProblems(file) {
	const problems = [];
	if (file.length < SIZES.least || file.length > SIZES.most)
		problems.push(`its size is ${file.length} bytes`);
	const { version } = mainManifest();
	if (!file.includes(version))
		problems.push(`it does not contain the version, ${version}`);
	for (const path of [root, homedir()])
		if (path.length > 1 && file.includes(`${path}/`))
			problems.push(`it contains a path of this machine, ${path}`);
	return problems;
}

/** @param {Buffer} file @param {Binary} binary */
function summaryOf(file, { versions, minimumOs }) {
	const glibc = newestGlibc(versions);
	const needs = glibc ? `glibc ${glibc}` : minimumOs && `macOS ${minimumOs}`;
	const size = `${Math.round(file.length / 1024)} KiB`;
	return needs ? `${size}, ${needs} or newer` : size;
}

/** @param {Platform} platform @param {Buffer} file @returns {Verdict} */
export function judge(platform, file) {
	let binary;
	try {
		binary = readBinary(file);
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		return { problems: [error.message], summary: "" };
	}
	return {
		problems: [
			...formatProblems(platform, binary),
			...symbolProblems(binary),
			...libraryProblems(platform, binary),
			...systemProblems(platform, binary),
			...contentProblems(file),
		],
		summary: summaryOf(file, binary),
	};
}

/** Where the addon of a platform is, once it has been built. @param {Platform} platform */
export const addonFile = ({ name }) => inRoot("npm", name, addonName(name));

/** Likewise, of the file in npm/. @param {Platform} platform @returns {Verdict} */
export function judgePlaced(platform) {
	const file = addonFile(platform);
	return existsSync(file)
		? judge(platform, readFileSync(file))
		: { problems: ["it has not been built"], summary: "" };
}

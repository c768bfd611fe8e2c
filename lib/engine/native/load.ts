/**
 * Loads the addon. This is the only file that does.
 *
 * It lies in a folder with a package.json of its own, which is looked for in two places: the checkout's own build, then the
 * package for this platform, installed beside this package or above it. Both are found from this file alone, never from
 * the working directory or a path in the environment.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { VERSION } from "../../version.js";
import type { Binding } from "./binding.js";
import { isCutOff } from "./elf.js";
import { explain, whyMissing } from "./load-failure.js";
import { platformName, unfitProcessor } from "./platform.js";

/** The addon, or why there is none and what could be done about it, in a sentence or two. */
export type LoadResult =
	| { readonly binding: Binding; readonly path: string }
	| { readonly reason: string };

/** Looks for the addon and loads it. Never throws. */
export function loadBinding(): LoadResult {
	try {
		return load();
	} catch (error) {
		return { reason: `The native addon was not loaded: ${explain(error)}` };
	}
}

function load(): LoadResult {
	const unfit = unfitProcessor();
	if (unfit !== undefined) return { reason: unfit };
	// A bundler that makes ES modules leaves the name undeclared.
	if (typeof __filename !== "string") {
		return {
			reason:
				"The native addon cannot be found from a bundle of ES modules. Leave nodejs-websocket out of the bundle (as an external package), or bundle to CommonJS",
		};
	}
	const platform = platformName();
	const root = ownRoot();
	let reason: string | undefined;
	for (const folder of placesOf(platform, root)) {
		const result = loadFrom(folder, platform);
		if (result === undefined) continue;
		if ("binding" in result) return result;
		reason ??= result.reason;
	}
	return { reason: reason ?? whyMissing(platform, root) };
}

/** The root of this package; undefined in a bundle, where this file is none of its own. */
function ownRoot(): string | undefined {
	const folder = dirname(__filename);
	return /[\\/](?:dist|lib)[\\/]engine[\\/]native$/.test(folder)
		? dirname(dirname(dirname(folder)))
		: undefined;
}

/** The folders where the addon may be, the best first. */
function* placesOf(platform: string, root?: string): Generator<string> {
	if (root !== undefined) yield join(root, "npm", platform);
	const name = `@nodejs-websocket/${platform}`;
	if (process.versions.pnp !== undefined || process.versions.deno) {
		// Yarn and Deno may do without node_modules: they know by their own lists where a package is.
		const own = createRequire(__filename);
		try {
			yield dirname(own.resolve(`${name}/package.json`));
		} catch {
			// It is not installed.
		}
	}
	// `require` would go on to NODE_PATH and to the home folder, which are nobody's dependencies.
	for (let folder = dirname(__filename); ; folder = dirname(folder)) {
		yield join(folder, "node_modules", name);
		if (folder === dirname(folder)) return;
	}
}

/** The addon in `folder`; undefined where there is none. */
function loadFrom(folder: string, platform: string): LoadResult | undefined {
	const path = join(folder, `nodejs-websocket.${platform}.node`);
	const otherVersion = (version: unknown): LoadResult => ({
		reason: `The native addon ${path} is of version ${version}, but this is nodejs-websocket ${VERSION}. Install both in the same version, or build it again`,
	});
	try {
		const manifest = readFileSync(join(folder, "package.json"), "utf8");
		const { version } = JSON.parse(manifest) as { version?: unknown };
		if (version !== VERSION) return otherVersion(version);
		if (isCutOff(path)) throw new Error("the file is not complete");
		const binding = createRequire(__filename)(path) as Binding;
		if (binding.version !== VERSION) return otherVersion(binding.version);
		return { binding, path };
	} catch (error) {
		if (isMissing(error)) return undefined;
		return {
			reason: `The native addon ${path} was not loaded: ${explain(error)}`,
		};
	}
}

/** Whether the error says that there is no such file, or none that this process may know of. */
function isMissing(error: unknown): boolean {
	const { code } = error as NodeJS.ErrnoException;
	return (
		code === "ENOENT" || code === "ENOTDIR" || code === "ERR_ACCESS_DENIED"
	);
}

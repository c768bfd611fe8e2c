/**
 * Loads the addon. This is the only file that does.
 *
 * The addon is looked for in two places and nowhere else, never relative to the working directory: the checkout's own
 * build, then the package for this platform.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Binding } from "./binding.js";

/** The addon, or the reason in one sentence why there is none. */
export type LoadResult =
	| { readonly binding: Binding; readonly path: string }
	| { readonly reason: string };

/** The name prebuilt addons have for this machine, as `linux-x64-gnu`. */
export function platformName(): string {
	const { platform, arch } = process;
	if (platform === "linux") return `${platform}-${arch}-${libc()}`;
	if (platform === "win32") return `${platform}-${arch}-msvc`;
	return `${platform}-${arch}`;
}

function libc(): "gnu" | "musl" {
	// Only glibc names its version here. The header alone is wanted; looking up the network's names could block.
	const report = process.report as NodeJS.ProcessReport & {
		excludeNetwork?: boolean;
	};
	const before = report.excludeNetwork;
	report.excludeNetwork = true;
	const { header } = report.getReport() as unknown as {
		header: { glibcVersionRuntime?: string };
	};
	report.excludeNetwork = before;
	return header.glibcVersionRuntime === undefined ? "musl" : "gnu";
}

interface Manifest {
	readonly name?: string;
	readonly version?: string;
}

/** The package this file belongs to: dist/engine/native when built, lib/engine/native in the sources. */
function ownPackage(): { root: string; version: string } {
	let root = __dirname;
	for (;;) {
		try {
			const text = readFileSync(join(root, "package.json"), "utf8");
			const { name, version } = JSON.parse(text) as Manifest;
			if (name === "nodejs-websocket" && version !== undefined) {
				return { root, version };
			}
		} catch {
			// No package.json here: it is further up.
		}
		const parent = dirname(root);
		if (parent === root) throw new Error("package.json was not found");
		root = parent;
	}
}

function messageOf(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	return message.split("\n", 1)[0];
}

function isMissing(error: unknown): boolean {
	return (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
}

/** Looks for the addon and loads it. Never throws. */
export function loadBinding(): LoadResult {
	try {
		return load();
	} catch (error) {
		return {
			reason: `The native addon could not be loaded: ${messageOf(error)}`,
		};
	}
}

function load(): LoadResult {
	const require = createRequire(__filename);
	const platform = platformName();
	const { root, version } = ownPackage();
	const places = [
		join(root, "npm", platform, `nodejs-websocket.${platform}.node`),
		`@nodejs-websocket/${platform}`,
	];
	let reason = `There is no native addon for ${platform}: it was not built, and the package @nodejs-websocket/${platform} is not installed`;
	for (const path of places) {
		let binding: Binding;
		try {
			binding = require(path) as Binding;
		} catch (error) {
			if (!isMissing(error)) {
				reason = `The native addon ${path} could not be loaded: ${messageOf(error)}`;
			}
			continue;
		}
		if (binding.version === version) return { binding, path };
		reason = `The native addon ${path} is of version ${binding.version}, but this is nodejs-websocket ${version}`;
	}
	return { reason };
}

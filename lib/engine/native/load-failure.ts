/** Why the addon could not be loaded, and what to do about it, in words for users. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { glibcVersion } from "./platform.js";

const reinstall =
	"Install nodejs-websocket again, on the machine it is to run on";

/** What the dynamic loaders of the systems say, and what it means. */
const meanings: readonly [pattern: RegExp, meaning: string][] = [
	[
		/loading addons is disabled/,
		"this process may not load addons. Start it without --no-addons, or with --allow-addons where there is --permission",
	],
	[
		/requires ffi access/i,
		"Deno does not let it be loaded. Start it with --allow-ffi",
	],
	[
		/failed to map segment|operation not permitted|blocked by/i,
		"the system does not let code be run from there: a file system mounted noexec, or a policy",
	],
	[
		/not complete|file too short|cannot read file data/,
		`the file is damaged. ${reinstall}`,
	],
	[
		/\.node: cannot open shared object|invalid ELF header|wrong ELF class|exec format|not a valid win32|not a mach-o|incompatible architecture|wrong architecture/i,
		`the file is damaged, or made for another machine. ${reinstall}`,
	],
	[
		/ld-linux|ld-musl|libc\.(?:so|musl)|error relocating/i,
		`it is made for another C library than this process runs on. ${reinstall}`,
	],
];

/** The second half of a sentence that ends in a colon: what the error means, and the first line of what it says. */
export function explain(error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	const [line] = message.split("\n", 1);
	const glibc = /GLIBC_([\d.]+)' not found/.exec(message);
	if (glibc !== null) {
		return `it needs glibc ${glibc[1]}, and this system has ${glibcVersion()} (${line})`;
	}
	const meaning = meanings.find(([pattern]) => pattern.test(message));
	return meaning === undefined ? line : `${meaning[1]} (${line})`;
}

/**
 * The reason where there is no addon anywhere.
 *
 * @param root of this package, whose list of optional dependencies names all platforms; undefined in a bundle
 */
export function whyMissing(platform: string, root?: string): string {
	const name = `@nodejs-websocket/${platform}`;
	if (root === undefined) {
		return `The package ${name} is not installed where this bundle could find it. Leave nodejs-websocket out of the bundle (as an external package), or install ${name} for it`;
	}
	const manifest = readFileSync(join(root, "package.json"), "utf8");
	const { optionalDependencies } = JSON.parse(manifest) as {
		optionalDependencies?: Record<string, string>;
	};
	// Only what was packed for publishing has the list.
	if (optionalDependencies === undefined)
		return `The native addon for ${platform} was not built. Run npm run build:native in the checkout`;
	if (!(name in optionalDependencies))
		return `There is no prebuilt native addon for ${platform}`;
	return `The package ${name} is not installed. Install nodejs-websocket with its optional dependencies, on the machine it is to run on`;
}

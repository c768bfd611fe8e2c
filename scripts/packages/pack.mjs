/**
 * The packages as they are published: tarballs of the main package and of those of the platforms, packed by npm from copies
 * of them. What is only true of what is published is written there, never into the checkout: the exact versions of the
 * platforms' packages, which a clone could not install before they are out.
 */
import {
	copyFileSync,
	cpSync,
	mkdirSync,
	mkdtempSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isBuilt } from "../platforms/build.mjs";
import { addonFile } from "../platforms/check.mjs";
import { mainManifest } from "../platforms/manifests.mjs";
import { addonName, packageNameOf, platforms } from "../platforms/table.mjs";
import { run } from "../support/child.mjs";
import { inRoot } from "../support/paths.mjs";
import { StepError } from "../support/step.mjs";
import { noticesFile } from "./notices.mjs";

/** @typedef {import("../platforms/table.mjs").Platform} Platform */

/**
 * @typedef {object} Tarball
 * @property {string} name Of the package.
 * @property {string} file
 * @property {number} size Bytes, packed.
 * @property {number} unpackedSize Bytes.
 * @property {string[]} files
 */

/** Where the tarballs are put, for `npm publish`. */
export const artifacts = inRoot("artifacts");

/** npm without what a surrounding `npm run` says in the environment. @param {string[]} args @param {string} cwd */
async function npm(args, cwd) {
	const env = Object.fromEntries(
		Object.keys(process.env)
			.filter((name) => /^npm_/i.test(name))
			.map((name) => [name, undefined]),
	);
	const { code, output } = await run("npm", args, { cwd, env });
	if (code !== 0) throw new StepError(`npm ${args[0]} did not succeed`, output);
	return output;
}

/** @param {string} folder @param {string} destination @returns {Promise<Tarball>} */
async function packFolder(folder, destination) {
	const listed = await npm(
		[
			"pack",
			"--json",
			"--ignore-scripts",
			"--loglevel=error",
			...["--pack-destination", destination],
		],
		folder,
	);
	// npm 12 lists the packages by name, npm 11 and older in an array.
	const [entry] = Object.values(JSON.parse(listed));
	return {
		name: entry.name,
		file: join(destination, entry.filename),
		size: entry.size,
		unpackedSize: entry.unpackedSize,
		files: entry.files.map((/** @type {{ path: string }} */ { path }) => path),
	};
}

/**
 * Packs what `fill` lays into a folder.
 *
 * @param {string} destination
 * @param {(folder: string) => void} fill
 */
async function packCopy(destination, fill) {
	const folder = mkdtempSync(join(tmpdir(), "nodejs-websocket-pack-"));
	try {
		fill(folder);
		return await packFolder(folder, destination);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/**
 * @param {Platform} platform
 * @param {string} destination
 * @param {string} [addon]
 */
export const packPlatform = (
	platform,
	destination,
	addon = addonFile(platform),
) =>
	packCopy(destination, (folder) => {
		const { name } = platform;
		for (const file of ["package.json", "README.md"])
			copyFileSync(inRoot("npm", name, file), join(folder, file));
		copyFileSync(addon, join(folder, addonName(name)));
		copyFileSync(inRoot("LICENSE"), join(folder, "LICENSE"));
		copyFileSync(noticesFile, join(folder, "THIRD-PARTY-NOTICES"));
	});

/**
 * The manifest of the main package as it is published with the packages of some platforms.
 *
 * @param {readonly Platform[]} published
 */
export function publishedManifest(published) {
	const { devDependencies, napi, scripts, ...manifest } = mainManifest();
	return {
		...manifest,
		optionalDependencies: Object.fromEntries(
			published
				.map(({ name }) => [packageNameOf(name), manifest.version])
				.sort(([a], [b]) => (a < b ? -1 : 1)),
		),
	};
}

/** @param {readonly Platform[]} published @param {string} destination */
export const packMain = (published, destination) =>
	packCopy(destination, (folder) => {
		const files = /** @type {string[]} */ (mainManifest().files);
		const copied = files.filter((name) => !name.startsWith("!"));
		for (const name of [...copied, "README.md", "LICENSE"])
			cpSync(inRoot(name), join(folder, name), { recursive: true });
		writeFileSync(
			join(folder, "package.json"),
			`${JSON.stringify(publishedManifest(published), null, 2)}\n`,
		);
	});

/**
 * Packs the main package, and those of the platforms whose addons are built from these sources and may be shipped.
 *
 * @param {string} [destination] Emptied before.
 * @returns {Promise<{ tarballs: Tarball[], missing: string[] }>} The main package's tarball is the last: it is published
 *   when those that it depends on are there. `missing` names the platforms that are left out.
 */
export async function packAll(destination = artifacts) {
	const published = platforms.filter(isBuilt);
	rmSync(destination, { recursive: true, force: true });
	mkdirSync(destination, { recursive: true });
	const tarballs = [];
	for (const platform of published)
		tarballs.push(await packPlatform(platform, destination));
	tarballs.push(await packMain(published, destination));
	const missing = platforms.filter((platform) => !published.includes(platform));
	return { tarballs, missing: missing.map(({ name }) => name) };
}

/**
 * What npm/<platform>/ holds in git: package.json and README.md, both made of the table. The addon is put there by a build;
 * the licence and the notices are added when it is packed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { inRoot } from "../support/paths.mjs";
import { addonName, packageNameOf, platforms } from "./table.mjs";

/** @typedef {import("./table.mjs").Platform} Platform */

/** The manifest of the main package, which the others follow. */
export function mainManifest() {
	return JSON.parse(readFileSync(inRoot("package.json"), "utf8"));
}

/** @param {Platform} platform */
function manifestOf({ name, text, os, cpu, libc }) {
	const { version, license, engines } = mainManifest();
	return {
		name: packageNameOf(name),
		version,
		description: `The native engine of nodejs-websocket for ${text}`,
		license,
		os: [os],
		cpu: [cpu],
		...(libc ? { libc: [libc] } : {}),
		engines,
		main: addonName(name),
		files: [addonName(name), "THIRD-PARTY-NOTICES"],
	};
}

/** @param {Platform} platform */
const readmeOf = ({ name, text }) => `# ${packageNameOf(name)}

The native engine of \`nodejs-websocket\` for ${text}: one Node-API addon, built from the Rust sources of the release of the
same version. It is of no use by itself: install \`nodejs-websocket\`, which depends on it and loads it where it fits.
`;

/** @param {Platform} platform */
function filesOf(platform) {
	const manifest = `${JSON.stringify(manifestOf(platform), null, 2)}\n`;
	return { "package.json": manifest, "README.md": readmeOf(platform) };
}

/** Every generated file: its path and what should be in it. */
export function manifestFiles() {
	return platforms.flatMap((platform) =>
		Object.entries(filesOf(platform)).map(([file, content]) => ({
			path: inRoot("npm", platform.name, file),
			content,
		})),
	);
}

/** Writes them. */
export function writeManifests() {
	for (const { path, content } of manifestFiles()) {
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, content);
	}
}

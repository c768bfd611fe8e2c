/**
 * `npm version …` runs this between writing package.json and committing: it carries the version to everything that is
 * released with it, the Rust crate and the packages in npm/. By itself, `npm run version`, it renews them after a change in
 * scripts/platforms/table.mjs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { mainManifest, writeManifests } from "./platforms/manifests.mjs";
import { inRoot } from "./support/paths.mjs";

/** Where the crate's version is written: the line behind its name. */
const crateFiles = [
	inRoot("Cargo.toml"),
	inRoot("Cargo.lock"),
	inRoot("crate", "fuzz", "Cargo.lock"),
];

const { name, version } = mainManifest();
const line = new RegExp(`^(name = "${name}"\nversion = ")[^"]+`, "m");

for (const file of crateFiles) {
	const text = readFileSync(file, "utf8");
	if (!line.test(text)) throw new Error(`${file} has no package ${name}`);
	writeFileSync(file, text.replace(line, `$1${version}`));
}
const versionFile = inRoot("lib", "version.ts");
const source = readFileSync(versionFile, "utf8");
writeFileSync(
	versionFile,
	source.replace(/(VERSION = ")[^"]+/, `$1${version}`),
);
writeManifests();

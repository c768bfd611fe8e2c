/**
 * Stamps: what a build was made from. A build is up to date while the hash of its inputs is that of its stamp, so a
 * `touch`, a fresh clone or a changed branch rebuild exactly what differs.
 */
import { createHash } from "node:crypto";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join, relative, sep } from "node:path";
import { cache, root } from "./paths.mjs";

/**
 * All files under a folder, sorted, absolute. A missing folder has none.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function filesUnder(folder) {
	if (!existsSync(folder)) return [];
	return readdirSync(folder, { recursive: true, encoding: "utf8" })
		.map((name) => join(folder, name))
		.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
		.sort();
}

/**
 * Hash of files (names and contents; a missing one counts as missing) and of further words.
 *
 * @param {string[]} files Absolute paths.
 * @param {string[]} [words]
 */
export function hashOf(files, words = []) {
	const hash = createHash("sha256");
	for (const file of files) {
		const name = relative(root, file).split(sep).join("/");
		const content = existsSync(file) ? readFileSync(file) : null;
		hash.update(`${name}\0${content?.length ?? "missing"}\0`);
		if (content) hash.update(content);
	}
	for (const word of words) hash.update(`${word}\0`);
	return hash.digest("hex");
}

/** @param {string} name */
const stampFile = (name) => join(cache, `${name}.stamp`);

/** @param {string} name @param {string} hash */
export function isStamped(name, hash) {
	const file = stampFile(name);
	return existsSync(file) && readFileSync(file, "utf8") === hash;
}

/** @param {string} name @param {string} hash */
export function writeStamp(name, hash) {
	mkdirSync(cache, { recursive: true });
	writeFileSync(stampFile(name), hash);
}

/** @param {string} name */
export function removeStamp(name) {
	rmSync(stampFile(name), { force: true });
}

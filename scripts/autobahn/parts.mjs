/**
 * Parts of a run: the cases of one combination come in some parts, so that a long run can be interrupted, and what has
 * passed with the very same build need not be repeated.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { nativeFile } from "../setup/native.mjs";
import { inRoot } from "../support/paths.mjs";
import { filesUnder, hashOf } from "../support/stamp.mjs";
import { sectionOf } from "./cases.mjs";
import { casesFor, nameOf } from "./combinations.mjs";
import { folder, suiteVersion } from "./install.mjs";

/** @typedef {import("./combinations.mjs").Combination} Combination */
/** @typedef {import("./run.mjs").Result} Result */

/**
 * @typedef {object} Part
 * @property {Combination} combination
 * @property {string} name Of the part within its combination: 13.2, or "protocol".
 * @property {string[]} ids
 */

/** The sections of compression take minutes each: their subsections are parts. @param {string} id */
const partOf = (id) =>
	sectionOf(id) < 12 ? "protocol" : id.split(".").slice(0, 2).join(".");

/**
 * The work that cases are for a combination.
 *
 * @param {Combination} combination
 * @param {string[]} ids
 * @returns {Part[]}
 */
export function partsFor(combination, ids) {
	const suitable = casesFor(combination, ids);
	return [...new Set(suitable.map(partOf))].map((name) => ({
		combination,
		name,
		ids: suitable.filter((id) => partOf(id) === name),
	}));
}

/** Where the suite's reports on a part are. @param {Part} part */
export const folderOf = ({ combination, name }) =>
	join(folder, "reports", ...nameOf(combination).split("/"), name);

/** @param {Part} part */
const fileOf = (part) => `${folderOf(part)}.json`;

/** What is tested, and by what: where it is another, kept results are of no use. */
export function buildHash() {
	const programs = inRoot("scripts", "autobahn", "programs");
	const files = [...filesUnder(inRoot("dist")), ...filesUnder(programs)];
	return hashOf([...files, nativeFile()], [suiteVersion, process.version]);
}

/** Keeps a result if all of it passed. @param {Part} part @param {Result} result @param {string} build */
export function keepPassed(part, result, build) {
	const { verdicts, problems } = result;
	if (problems.length > 0 || !verdicts.every(({ passed }) => passed)) return;
	mkdirSync(dirname(fileOf(part)), { recursive: true });
	writeFileSync(fileOf(part), JSON.stringify({ build, result }));
}

/**
 * What was kept of a part, if it is of this build and of the same cases.
 *
 * @param {Part} part
 * @param {string} build
 * @returns {Result | undefined}
 */
export function keptResult(part, build) {
	if (!existsSync(fileOf(part))) return undefined;
	const kept = JSON.parse(readFileSync(fileOf(part), "utf8"));
	/** @type {Result} */
	const result = kept.result;
	const ids = result.verdicts.map(({ id }) => id);
	const isSame = kept.build === build && ids.join() === part.ids.join();
	return isSame ? result : undefined;
}

/**
 * One result for each combination, of those of its parts.
 *
 * @param {Result[]} results
 * @returns {Result[]}
 */
export function joinParts(results) {
	const names = new Set(results.map(({ combination }) => nameOf(combination)));
	const byName = [...names].map((name) =>
		results.filter(({ combination }) => nameOf(combination) === name),
	);
	return byName.map((parts) => ({
		combination: parts[0].combination,
		verdicts: parts.flatMap(({ verdicts }) => verdicts),
		problems: parts.flatMap(({ problems }) => problems),
		seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
	}));
}

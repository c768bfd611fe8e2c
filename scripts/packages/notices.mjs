/** The licences of the crates that are linked into the addons, collected from their sources by what cargo knows of them. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { lockedArgs, reasonOf } from "../setup/native.mjs";
import { run } from "../support/child.mjs";
import { inRoot } from "../support/paths.mjs";
import { StepError } from "../support/step.mjs";

export const noticesFile = inRoot("THIRD-PARTY-NOTICES");

/**
 * The parts of `cargo metadata` that are read here.
 *
 * @typedef {object} Metadata
 * @property {Crate[]} packages
 * @property {{ root: string, nodes: Node[] }} resolve
 */

/**
 * @typedef {object} Crate
 * @property {string} id
 * @property {string} name
 * @property {string} version
 * @property {string | null} license
 * @property {string[]} authors
 * @property {string} manifest_path
 * @property {{ kind: string[] }[]} targets
 */

/** @typedef {{ id: string, deps: { pkg: string, dep_kinds: { kind: string | null }[] }[] }} Node */

const heading = `The prebuilt addons of nodejs-websocket, @nodejs-websocket/<platform>, contain the following, which is the work of others.
The JavaScript package contains none of it. Written by \`npm run notices\`.`;

const ownLicense = () => readFileSync(inRoot("LICENSE"), "utf8").trim();

/** Its text for a crate that comes without one: both the notice and this must be passed on. @param {string[]} authors */
const mitText = (authors) => `MIT License

Copyright (c) ${authors.join(", ")}

${ownLicense().slice(ownLicense().indexOf("Permission"))}`;

/** It is linked into everything that Rust compiles, and in no list of cargo's. */
const standardLibrary = {
	title: "The Rust standard library",
	license: "MIT OR Apache-2.0",
	texts: [mitText(["The Rust Project Contributors"])],
};

/** Likewise for what is C++ in a crate: zig links LLVM's, which is under the licence of LLVM; other builds GCC's. */
const cxxLibrary = {
	title: "The C++ runtime library: LLVM's libc++, or GCC's libstdc++",
	license:
		"Apache-2.0 WITH LLVM-exception, or GPL-3.0-or-later WITH GCC-exception-3.1",
	texts: [
		"Both exceptions permit to pass on what was compiled and linked with the library without this notice.",
	],
};

/** @returns {Promise<Metadata>} */
async function metadata() {
	const { code, output } = await run("cargo", [
		"metadata",
		...["--format-version", "1"],
		"--all-features",
		...lockedArgs(),
	]);
	if (code !== 0) throw new StepError(reasonOf(output), output);
	// What cargo has to tell while it works comes before the one line of JSON.
	return JSON.parse(output.slice(output.search(/^\{/m)));
}

/** Procedural macros run in the compiler, and are not linked. @param {Crate} crate */
const isMacro = ({ targets }) =>
	targets.some(({ kind }) => kind.includes("proc-macro"));

/**
 * The crates that the addon of some platform may contain: those reached by normal dependencies.
 *
 * @param {Metadata} metadata
 */
export function linkedCrates({ packages, resolve }) {
	const crates = new Map(packages.map((crate) => [crate.id, crate]));
	const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
	/** @type {Set<Crate>} */
	const linked = new Set();
	/** @param {string} id */
	const visit = (id) => {
		for (const { pkg, dep_kinds } of nodes.get(id)?.deps ?? []) {
			const crate = crates.get(pkg);
			if (!crate || linked.has(crate) || isMacro(crate)) continue;
			if (!dep_kinds.some(({ kind }) => kind === null)) continue;
			linked.add(crate);
			visit(pkg);
		}
	};
	visit(resolve.root);
	return [...linked].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The licence texts that lie in a crate. Where MIT is among those to choose from, it is chosen. @param {Crate} crate */
function textsOf({ name: crate, license, manifest_path, authors }) {
	const folder = dirname(manifest_path);
	const names = readdirSync(folder)
		.filter((name) => /^(licen[cs]e|copying|copyright|notice)/i.test(name))
		.filter((name) => !name.endsWith(".rs"))
		.sort();
	const isMit = /\bMIT\b/.test(license ?? "");
	const mit = names.filter((name) => /mit/i.test(name));
	const chosen = isMit && mit.length > 0 ? mit : names;
	if (chosen.length > 0)
		return chosen.map((name) =>
			readFileSync(join(folder, name), "utf8").replace(/\r\n/g, "\n").trim(),
		);
	if (isMit) return [mitText(authors)];
	throw new StepError(`the crate ${crate} comes without its licence's text`);
}

/** One text per distinct licence, with everything that is under it. @param {{ title: string, license: string, texts: string[] }[]} parts */
function render(parts) {
	/** @type {Map<string, string[]>} */
	const users = new Map();
	for (const { title, texts } of parts)
		for (const text of texts)
			users.set(text, [...(users.get(text) ?? []), title]);
	const list = parts.map(({ title, license }) => `- ${title}: ${license}`);
	const texts = [...users].map(
		([text, titles]) => `${"-".repeat(80)}\n${titles.join(", ")}\n\n${text}`,
	);
	return `${[heading, list.join("\n"), ...texts].join("\n\n")}\n`;
}

/**
 * What THIRD-PARTY-NOTICES should be.
 *
 * @throws {StepError} where cargo does not say
 */
export async function notices() {
	const crates = linkedCrates(await metadata());
	return render([
		standardLibrary,
		cxxLibrary,
		...crates.map((crate) => ({
			title: `${crate.name} ${crate.version}`,
			license: crate.license ?? "see its text",
			texts: textsOf(crate),
		})),
	]);
}

/** Imports go one way. The directions of ARCHITECTURE.md, held by reading the import lines of lib/. */
import { builtinModules } from "node:module";
import { describe, expect, test } from "vitest";
import {
	type ImportLine,
	importLines,
	readSources,
	withoutComments,
} from "../support/import-lines.js";

const sources = readSources();
const lines = sources.flatMap(importLines);
const own = lines.filter((line) => line.isOwn);

/** The layer of a file: the part of the library that the directions speak of. */
function layerOf(name: string): string {
	const [first, second, third] = name.split("/");
	if (second === undefined) return first.replace(/\.m?ts$/, "");
	// The three parts of the engine: its interfaces and what both share, and the two that never meet.
	if (first === "engine" && third !== undefined) return `engine/${second}`;
	if (name === "engine/select.ts") return "engine/select";
	// The rules of the opening handshake: all of the protocol that a transport may see.
	if (openingRules.includes(name)) return "protocol/handshake";
	return first === "engine" ? "engine/shared" : first;
}

const openingRules = ["handshake", "extensions", "permessage-deflate"].map(
	(rules) => `protocol/${rules}.ts`,
);

const engines = [
	"engine/shared",
	"engine/select",
	"engine/native",
	"engine/typescript",
];

const protocol = ["protocol", "protocol/handshake"];

/** Which layers a layer may import at run time, beside itself, `rfc6455`, `errors` and `version`. */
const mayImport: Record<string, readonly string[]> = {
	rfc6455: [],
	errors: [],
	version: [],
	"engine/shared": [],
	"engine/native": ["engine/shared"],
	"engine/typescript": ["engine/shared"],
	"engine/select": ["engine/shared", "engine/native", "engine/typescript"],
	"protocol/handshake": [],
	protocol: ["protocol/handshake"],
	transport: ["protocol/handshake", ...engines],
	connection: [...protocol, "transport", ...engines],
	server: ["connection", ...protocol, "transport", ...engines],
	client: ["connection", ...protocol, "transport", ...engines],
	compat: ["server", "client", "connection"],
	engine: engines,
	cli: ["index", "transport", ...engines],
	index: ["server", "client", "connection", "transport", ...engines],
};

/** What may be imported as types beyond that. */
const mayImportTypes: Record<string, readonly string[]> = {
	protocol: ["engine/shared"],
	"protocol/handshake": ["engine/shared"],
	index: ["protocol"],
};

const common = ["rfc6455", "errors", "version"];

function isAllowed({ from, to, typeOnly }: ImportLine): boolean {
	const source = layerOf(from);
	const target = layerOf(to);
	const allowed = [source, ...common, ...(mayImport[source] ?? [])];
	if (typeOnly) allowed.push(...(mayImportTypes[source] ?? []));
	return allowed.includes(target);
}

const written = ({ from, to, typeOnly }: ImportLine): string =>
	`${from} imports ${typeOnly ? "types of " : ""}${to}`;

describe("reading import lines", () => {
	const read = (code: string): string[] =>
		importLines({ name: "protocol/a.ts", code: withoutComments(code) }).map(
			({ to, typeOnly }) => (typeOnly ? `type ${to}` : to),
		);

	test("sees every way to import", () => {
		const code = [
			'import { x } from "./x.js";',
			"import {\n\ta,\n\ttype B,\n} from '../errors.js';",
			'import "node:net";',
			'export * from "./y.js";',
			'const z = await import("../z.mjs");',
			'const w = require("./w.js");',
			'import v = require("./v.js");',
		].join("\n");
		expect(read(code).sort()).toEqual(
			[
				"protocol/x.ts",
				"errors.ts",
				"node:net",
				"protocol/y.ts",
				"z.mts",
				"protocol/w.ts",
				"protocol/v.ts",
			].sort(),
		);
	});

	test("tells types from values", () => {
		const code = [
			'import type { A } from "./a.js";',
			'import { type B, type C } from "./b.js";',
			'export type { D } from "./d.js";',
			'let e: typeof import("./e.js");',
			'import type, { f } from "./f.js";',
			'import { type G, g } from "./g.js";',
		].join("\n");
		expect(read(code).sort()).toEqual([
			"protocol/f.ts",
			"protocol/g.ts",
			"type protocol/a.ts",
			"type protocol/b.ts",
			"type protocol/d.ts",
			"type protocol/e.ts",
		]);
	});

	test("passes over comments and is not led astray by strings", () => {
		const code = [
			'// import "node:net";',
			'/* import { x } from "./x.js"; */',
			'const url = "http://example.org/"; import("./y.js");',
		].join("\n");
		expect(read(code)).toEqual(["protocol/y.ts"]);
	});

	test("finds the import lines of the library", () => {
		expect(own.length).toBeGreaterThan(0);
	});
});

describe("directions", () => {
	test("every file belongs to a layer that has directions", () => {
		const strangers = sources
			.map(({ name }) => name)
			.filter((name) => !(layerOf(name) in mayImport));
		expect(strangers).toEqual([]);
	});

	test("every import goes from an outer layer to an inner one", () => {
		expect(own.filter((line) => !isAllowed(line)).map(written)).toEqual([]);
	});

	test("every imported file exists", () => {
		const names = new Set(sources.map(({ name }) => name));
		expect(own.filter(({ to }) => !names.has(to)).map(written)).toEqual([]);
	});

	test("no two modules need each other at run time", () => {
		const graph = new Map<string, string[]>();
		for (const { from, to, typeOnly } of own) {
			if (!typeOnly) graph.set(from, [...(graph.get(from) ?? []), to]);
		}
		expect(cycles(graph)).toEqual([]);
	});

	test("the rules refuse what they are there to refuse", () => {
		const line = (from: string, to: string, typeOnly = false): boolean =>
			isAllowed({ from, to, isOwn: true, typeOnly });
		expect(line("protocol/session.ts", "transport/link.ts")).toBe(false);
		expect(line("protocol/session.ts", "engine/engine.ts")).toBe(false);
		expect(line("protocol/session.ts", "engine/engine.ts", true)).toBe(true);
		expect(line("engine/engine.ts", "protocol/session.ts", true)).toBe(false);
		expect(line("engine/native/a.ts", "engine/typescript/b.ts")).toBe(false);
		expect(line("engine/typescript/a.ts", "engine/native/b.ts")).toBe(false);
		expect(line("transport/socket/a.ts", "connection/b.ts")).toBe(false);
		expect(line("transport/socket/a.ts", "protocol/session.ts")).toBe(false);
		expect(line("transport/socket/a.ts", "protocol/handshake.ts")).toBe(true);
		expect(line("protocol/handshake.ts", "transport/a.ts")).toBe(false);
		expect(line("server/server.ts", "client/connect.ts")).toBe(false);
	});
});

describe("what a layer may touch outside of the library", () => {
	test("there are no dependencies: all other imports are of Node itself, with their prefix", () => {
		const foreign = lines.filter(
			({ isOwn, to }) =>
				!isOwn &&
				!(to.startsWith("node:") && builtinModules.includes(to.slice(5))),
		);
		expect(foreign.map(written)).toEqual([]);
	});

	test("the protocol has no I/O", () => {
		const io =
			/^node:(net|tls|http|https|http2|dgram|dns|fs|child_process|worker_threads|timers)\b/;
		const found = lines.filter(
			({ from, to, typeOnly }) =>
				protocol.includes(layerOf(from)) && io.test(to) && !typeOnly,
		);
		expect(found.map(written)).toEqual([]);
	});

	test("the protocol has no clock: time comes in as an argument", () => {
		const clock =
			/\b(setTimeout|setInterval|setImmediate|Date\.now|new Date|performance\.now|process\.hrtime|process\.nextTick)\b/;
		const found = sources.filter(
			({ name, code }) => protocol.includes(layerOf(name)) && clock.test(code),
		);
		expect(found.map(({ name }) => name)).toEqual([]);
	});

	test("one file loads the addon", () => {
		const loader = /\.node["'`]|\bdlopen\b|\bcreateRequire\b/;
		const found = sources
			.filter(({ code }) => loader.test(code))
			.map(({ name }) => name);
		expect(found.filter((name) => name !== "engine/native/load.ts")).toEqual(
			[],
		);
	});
});

/** The cycles of a graph, each as the path that closes it. */
function cycles(graph: Map<string, string[]>): string[] {
	const found: string[] = [];
	const finished = new Set<string>();
	const visit = (name: string, path: readonly string[]): void => {
		if (path.includes(name)) {
			found.push([...path.slice(path.indexOf(name)), name].join(" → "));
			return;
		}
		if (finished.has(name)) return;
		for (const next of graph.get(name) ?? []) visit(next, [...path, name]);
		finished.add(name);
	};
	for (const name of graph.keys()) visit(name, []);
	return found;
}

/**
 * The implementations a compatibility test runs on: nodejs-websocket 1.7.2 itself (installed under the alias
 * `nodejs-websocket-1`), and this package on each engine.
 *
 * `kept` states a behaviour on all of them, so that "kept" is proved on 1.7.2. `fixed` states one on this package alone, and
 * `formerly` beside it what 1.7.2 did. The environment variable COMPAT_ONLY, a part of an implementation's name, narrows
 * the list.
 */
import { createRequire } from "node:module";
import { type TestContext, test } from "vitest";
import { Bench } from "./compat-bench.js";
import type { ClassesLike, LibraryLike } from "./compat-types.js";

const require = createRequire(import.meta.url);

export interface Implementation {
	/** As test names show it. */
	readonly name: string;
	readonly version: 1 | 2;
	/** Which engine connections made through `ws` use; undefined on 1.7.2. */
	readonly engine: "native" | "typescript" | undefined;
	/** The main module, with the engine put into the options. */
	readonly ws: LibraryLike;
	/** The main module as `require` returns it, on its default engine. */
	readonly module: LibraryLike;
	/** What the deep requires return. */
	readonly classes: ClassesLike;
	/** The name to require it by from the root of this checkout. */
	readonly specifier: string;
}

function classesOf(specifier: string): ClassesLike {
	const deep = (name: string) => require(`${specifier}/${name}`) as unknown;
	return {
		Connection: deep("Connection"),
		Server: deep("Server"),
		InStream: deep("InStream"),
		OutStream: deep("OutStream"),
	} as ClassesLike;
}

/** The module with `engine` put into the options; the options object stays the caller's own. */
function withEngine(
	module: LibraryLike,
	engine: "native" | "typescript",
): LibraryLike {
	const put = (options: unknown): unknown =>
		Object.assign((options ?? {}) as object, { engine });
	return {
		createServer: (...args) =>
			typeof args[0] === "function" || args.length === 0
				? module.createServer(
						put({}),
						args[0] as Parameters<LibraryLike["createServer"]>[1],
					)
				: module.createServer(put(args[0]), args[1]),
		connect: (url, options, callback) =>
			typeof options === "function"
				? module.connect(url, put({}), options)
				: module.connect(url, put(options), callback),
		setBinaryFragmentation: module.setBinaryFragmentation,
		setMaxBufferLength: module.setMaxBufferLength,
	};
}

function former(): Implementation {
	const specifier = "nodejs-websocket-1";
	const module = require(specifier) as LibraryLike;
	return {
		name: "1.7.2",
		version: 1,
		engine: undefined,
		ws: module,
		module,
		classes: classesOf(specifier),
		specifier,
	};
}

function current(engine: "native" | "typescript"): Implementation {
	const specifier = "nodejs-websocket";
	const module = require(specifier) as LibraryLike;
	return {
		name: engine,
		version: 2,
		engine,
		ws: withEngine(module, engine),
		module,
		classes: classesOf(specifier),
		specifier,
	};
}

/** Why the native engine cannot be had, or undefined where it can. */
function nativeMissing(): string | undefined {
	try {
		(require("nodejs-websocket") as LibraryLike).createServer({
			engine: "native",
		});
		return undefined;
	} catch (error) {
		if (process.env.NODEJS_WEBSOCKET_TEST_REQUIRE_NATIVE === "1") throw error;
		return (error as Error).message;
	}
}

const only = process.env.COMPAT_ONLY ?? "";
const wanted = (name: string) => name.includes(only);

/** 1.7.2, unless COMPAT_ONLY leaves it out. */
export const formerImplementations: Implementation[] = wanted("1.7.2")
	? [former()]
	: [];

/** This package on each engine that can be had here. */
export const currentImplementations: Implementation[] = [];
if (wanted("typescript")) currentImplementations.push(current("typescript"));
if (wanted("native")) {
	const reason = nativeMissing();
	if (reason === undefined) currentImplementations.push(current("native"));
	else test.skip(`the native engine is missing: ${reason}`, () => {});
}

export const implementations: Implementation[] = [
	...formerImplementations,
	...currentImplementations,
];

type Body = (bench: Bench, context: TestContext) => void | Promise<void>;

function define(list: Implementation[], title: string, body: Body): void {
	// COMPAT_ONLY may leave nobody to run it.
	if (list.length === 0) test.skip(title, () => {});
	for (const implementation of list) {
		test(`${title} [${implementation.name}]`, async (context) => {
			const bench = new Bench(implementation, (reason) => context.skip(reason));
			try {
				await body(bench, context);
			} finally {
				await bench.cleanUp();
			}
		});
	}
}

/** A behaviour of 1.7.2 that stays: runs on every implementation. */
export function kept(title: string, body: Body): void {
	define(implementations, title, body);
}

/** A behaviour that is different since version 2: runs on this package alone. */
export function fixed(title: string, body: Body): void {
	define(currentImplementations, title, body);
}

/** What 1.7.2 did where `fixed` differs: runs on 1.7.2 alone. */
export function formerly(title: string, body: Body): void {
	define(formerImplementations, `formerly: ${title}`, body);
}

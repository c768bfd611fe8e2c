/** The package as users will get it: what is in it, and that every way to load it leads to the same classes. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VERSION } from "../../lib/version.js";
import { node, type Packed, pack, root } from "../support/packed.js";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const entryPoints = Object.keys(manifest.exports).filter(
	(name) => name !== "./package.json",
);

/** `./engine` → `nodejs-websocket/engine`. */
const specifier = (entryPoint: string): string =>
	entryPoint.replace(/^\./, "nodejs-websocket");

let packed: Packed;
beforeAll(async () => {
	packed = await pack();
});
afterAll(() => packed?.remove());

describe("package.json", () => {
	test("has no runtime dependencies but, optionally, the prebuilt addons", () => {
		expect(manifest.dependencies ?? {}).toEqual({});
		expect(manifest.peerDependencies ?? {}).toEqual({});
		expect(manifest.bundleDependencies ?? []).toEqual([]);
		for (const name of Object.keys(manifest.optionalDependencies ?? {}))
			expect(name).toMatch(/^@nodejs-websocket\//);
	});

	test("runs nothing when it is installed", () => {
		const installScripts = [
			"preinstall",
			"install",
			"postinstall",
			"prepublish",
			"preprepare",
			"prepare",
			"postprepare",
		];
		for (const name of installScripts)
			expect(manifest.scripts).not.toHaveProperty(name);
		// npm builds a package with this file by itself, without a script that says so.
		expect(packed.files).not.toContain("binding.gyp");
	});

	test("bears the version that the library knows itself by", () => {
		expect(VERSION).toBe(manifest.version);
	});

	test("exports the main module, the engine, the deep requires of 1.7, and itself", () => {
		expect(Object.keys(manifest.exports)).toEqual([
			".",
			"./engine",
			"./Connection",
			"./Connection.js",
			"./Server",
			"./Server.js",
			"./InStream",
			"./InStream.js",
			"./OutStream",
			"./OutStream.js",
			"./package.json",
		]);
	});
});

describe("package-lock.json", () => {
	const lock = JSON.parse(
		readFileSync(join(root, "package-lock.json"), "utf8"),
	) as {
		version: string;
		packages: Record<
			string,
			{ integrity?: string; optionalDependencies?: Record<string, string> }
		>;
	};

	test("names no host: any registry serves", () => {
		expect(JSON.stringify(lock)).not.toMatch(/"resolved":/);
		expect(lock.version).toBe(manifest.version);
	});

	test("holds the optional packages of every platform, without which npm ci refuses it", () => {
		const missing = Object.entries(lock.packages).flatMap(
			([path, { optionalDependencies = {} }]) =>
				Object.keys(optionalDependencies).filter(
					(name) =>
						!(`node_modules/${name}` in lock.packages) &&
						!(`${path}/node_modules/${name}` in lock.packages),
				),
		);
		expect(missing).toEqual([]);
	});

	test("pins every package by its content", () => {
		const loose = Object.entries(lock.packages).filter(
			([path, { integrity }]) =>
				path !== "" && !integrity?.startsWith("sha512-"),
		);
		expect(loose.map(([path]) => path)).toEqual([]);
	});
});

describe("the packed files", () => {
	test("are dist, the licence, the documents and package.json, and nothing else", () => {
		const documents = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];
		expect(packed.files.filter((name) => !name.startsWith("dist/"))).toEqual(
			documents,
		);
		for (const name of packed.files.filter((file) => /^dist\//.test(file)))
			expect(name).toMatch(/^dist\/[\w./-]+\.(d\.ts|d\.mts|m?js|m?js\.map)$/);
	});

	test("every JavaScript file in dist has a source of today", () => {
		const scripts = packed.files.filter((name) =>
			/^dist\/.*\.m?js$/.test(name),
		);
		expect(scripts.length).toBeGreaterThan(0);
		const orphans = scripts.filter((name) => {
			const source = name.replace(/^dist/, "lib").replace(/\.(m?)js$/, ".$1ts");
			return !existsSync(join(root, source));
		});
		expect(orphans).toEqual([]);
	});

	test("the source maps carry their sources", async () => {
		const installed = join(packed.project, "node_modules", "nodejs-websocket");
		for (const name of packed.files.filter((file) => file.endsWith(".map"))) {
			const map = JSON.parse(await readFile(join(installed, name), "utf8"));
			expect(map.sourcesContent, name).toHaveLength(map.sources.length);
		}
	});
});

describe("the linters of packages", () => {
	test("publint finds nothing", async () => {
		const tarball = await readFile(packed.tarball);
		const { messages, pkg } = await publint({
			strict: true,
			pack: {
				tarball: tarball.buffer.slice(
					tarball.byteOffset,
					tarball.byteOffset + tarball.byteLength,
				),
			},
		});
		expect(
			messages.map((message) => formatMessage(message, pkg, { color: false })),
		).toEqual([]);
	});

	test("arethetypeswrong finds nothing, in any way of resolution", async () => {
		const attw = join(root, "node_modules", "@arethetypeswrong", "cli");
		const { bin } = JSON.parse(
			await readFile(join(attw, "package.json"), "utf8"),
		);
		const report = await node(
			[
				join(attw, bin.attw),
				packed.tarball,
				"--no-definitely-typed",
				"--profile=strict",
				"--format=json",
			],
			packed.folder,
		).catch((error) => error.stdout as string);
		const { analysis, problems } = JSON.parse(report);
		expect(Object.keys(analysis.entrypoints).sort()).toEqual(
			Object.keys(manifest.exports).sort(),
		);
		expect(problems).toEqual({});
	});
});

describe("an installed package", () => {
	/** Writes a program into the project, runs it, and returns the JSON it prints. */
	async function runProgram(name: string, code: string): Promise<unknown> {
		await writeFile(join(packed.project, name), code);
		return JSON.parse(await node([name], packed.project));
	}

	test("every entry point can be required", async () => {
		const types = await runProgram(
			"require.cjs",
			`const names = ${JSON.stringify(entryPoints.map(specifier))};
			console.log(JSON.stringify(names.map((name) => typeof require(name))));`,
		);
		const classes = entryPoints.length - 2;
		expect(types).toEqual([
			"object",
			"object",
			...Array(classes).fill("function"),
		]);
	});

	test("every entry point can be imported, and has exports", async () => {
		const empty = await runProgram(
			"import.mjs",
			`const empty = [];
			for (const name of ${JSON.stringify(entryPoints.map(specifier))})
				if (Object.keys(await import(name)).length === 0) empty.push(name);
			console.log(JSON.stringify(empty));`,
		);
		expect(empty).toEqual([]);
	});

	test("import and require give the same values, class by class", async () => {
		const different = await runProgram(
			"same.mjs",
			`import { createRequire } from "node:module";
			const require = createRequire(import.meta.url);
			const different = [];
			for (const name of ["nodejs-websocket", "nodejs-websocket/engine"]) {
				const required = require(name);
				const imported = await import(name);
				for (const key of Object.keys(required))
					if (required[key] !== imported[key]) different.push(name + " " + key);
				for (const key of Object.keys(imported))
					if (key !== "default" && !(key in required)) different.push(name + " " + key);
			}
			console.log(JSON.stringify(different));`,
		);
		expect(different).toEqual([]);
	});

	test.each(["Connection", "Server", "InStream", "OutStream"])(
		"the deep require of %s is the class itself, with and without .js, and the default of its import",
		async (name) => {
			const facts = await runProgram(
				"deep.cjs",
				`const a = require("nodejs-websocket/${name}");
				const b = require("nodejs-websocket/${name}.js");
				import("nodejs-websocket/${name}").then((c) =>
					console.log(JSON.stringify([typeof a, a.name, a === b, a === c.default])));`,
			);
			expect(facts).toEqual(["function", name, true, true]);
		},
	);

	test.skipIf(process.platform === "win32")(
		"has a command that can be run as it is",
		() => {
			const command = join(packed.project, "node_modules/.bin", manifest.name);
			const printed = execFileSync(command, ["--version"]);
			expect(printed.toString()).toBe(`${manifest.version}\n`);
		},
	);

	test("says its version to who asks for its package.json", async () => {
		const version = await runProgram(
			"version.cjs",
			`console.log(JSON.stringify(require("nodejs-websocket/package.json").version))`,
		);
		expect(version).toBe(manifest.version);
	});

	test.each([
		["CommonJS", "program.cts", "node20", "node16"],
		["an ES module", "program.mts", "node20", "node16"],
		["a bundler", "program.ts", "esnext", "bundler"],
	])(
		"its types serve a strict program in %s",
		async (_kind, file, module, moduleResolution) => {
			// Only CommonJS has the first form.
			const importClass = file.endsWith(".cts")
				? 'import Connection = require("nodejs-websocket/Connection");'
				: 'import Connection from "nodejs-websocket/Connection";';
			await writeFile(
				join(packed.project, file),
				`import { connect, createServer } from "nodejs-websocket";
				${importClass}
				const server = createServer((conn) => {
					conn.on("text", (text) => conn.sendText(text.toUpperCase()));
					conn.on("close", (code, reason) => {
						const seen: number | undefined = code;
						console.log(seen, reason);
					});
				}).listen(0);
				const conn: Connection = connect("ws://127.0.0.1:1");
				conn.sendBinary(Buffer.alloc(1));
				server.close();
				// @ts-expect-error A port is not a URL.
				connect(8080);
				`,
			);
			await writeFile(
				join(packed.project, "tsconfig.json"),
				JSON.stringify({
					compilerOptions: {
						strict: true,
						noEmit: true,
						// The declarations themselves are checked as well.
						skipLibCheck: false,
						target: "es2022",
						module,
						moduleResolution,
						esModuleInterop: true,
						types: ["node"],
						typeRoots: [join(root, "node_modules", "@types")],
					},
					files: [file],
				}),
			);
			const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
			const said = await node(
				[tsc, "-p", "tsconfig.json"],
				packed.project,
			).catch((error) => error.stdout as string);
			expect(said).toBe("");
		},
	);
});

/**
 * Bundles of a small server: each finds the addon where it is installed above the bundle, and falls back where it is not. In
 * no case does anything else differ.
 */
import { copyFileSync, cpSync, existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
	bundlersAreInstalled,
	bundlersFolder,
} from "../../scripts/setup/bundlers.mjs";
import {
	builtAddon,
	Installation,
	platformPackage,
} from "../support/installation.js";

const isRequired =
	process.env.CI === "true" ||
	process.env.NODEJS_WEBSOCKET_TEST_REQUIRE_BUNDLERS === "1";
const missing = bundlersAreInstalled()
	? null
	: "the bundlers are not installed: npm test -- bundlers does it";
const app = fileURLToPath(new URL("app", import.meta.url));
const isBuilt = existsSync(builtAddon);

/** Requires a bundler, or a plugin of one. */
const load = createRequire(join(bundlersFolder, "package.json"));

/** The source is an ES module or CommonJS; so is the bundle. */
type Format = "mjs" | "cjs";

interface Work {
	/** The file to start from. */
	entry: string;
	/** The bundle to write. */
	output: string;
	format: Format;
}

/** Returns what the bundler had to complain of. */
type Bundler = (work: Work) => Promise<string[]>;

/** What bundles of ES modules need of esbuild wherever CommonJS is in them: the names that CommonJS has. */
const esbuildBanner = `import { createRequire as makeRequire } from "node:module";
const require = makeRequire(import.meta.url), __filename = import.meta.filename;`;

const esbuild: Bundler = async ({ entry, output, format }) => {
	const { warnings } = await load("esbuild").build({
		entryPoints: [entry],
		outfile: output,
		bundle: true,
		platform: "node",
		format: format === "mjs" ? "esm" : "cjs",
		banner: format === "mjs" ? { js: esbuildBanner } : {},
		logLevel: "silent",
	});
	return warnings.map(({ text }: { text: string }) => text);
};

const rollup: Bundler = async ({ entry, output, format }) => {
	const warnings: string[] = [];
	const bundle = await load("rollup").rollup({
		input: entry,
		plugins: [
			load("@rollup/plugin-node-resolve")({ preferBuiltins: true }),
			load("@rollup/plugin-commonjs")(),
		],
		onwarn: ({ message }: { message: string }) => warnings.push(message),
	});
	await bundle.write({ file: output, format: format === "mjs" ? "es" : "cjs" });
	await bundle.close();
	return warnings;
};

const webpack =
	(mode: string, externals: object = {}): Bundler =>
	({ entry, output, format }) =>
		new Promise((resolve, reject) => {
			const isModule = format === "mjs";
			const type = isModule ? "module" : "commonjs2";
			const configuration = {
				mode,
				externals,
				entry,
				target: "node",
				experiments: { outputModule: isModule },
				output: {
					path: join(output, ".."),
					filename: basename(output),
					module: isModule,
					library: { type },
				},
			};
			load("webpack")(
				configuration,
				(error: Error | null, stats: { toJson(): Complaints }) => {
					if (error !== null) return reject(error);
					const { errors, warnings } = stats.toJson();
					resolve([...errors, ...warnings].map(({ message }) => message));
				},
			);
		});

interface Complaints {
	errors: { message: string }[];
	warnings: { message: string }[];
}

const bundlers: Record<string, Bundler> = {
	esbuild,
	rollup,
	"webpack in development": webpack("development"),
	"webpack in production": webpack("production"),
};

const cases = Object.entries(bundlers).flatMap(([name, bundle]) =>
	(["mjs", "cjs"] as const).flatMap((source) =>
		(["mjs", "cjs"] as const).map((format) => ({
			name,
			bundle,
			source,
			format,
		})),
	),
);

test.skipIf(!isRequired)("the bundlers are installed", () => {
	expect(missing).toBeNull();
});

describe.skipIf(missing)(`bundles${missing ? `: ${missing}` : ""}`, () => {
	let project: Installation;
	let elsewhere: Installation;
	beforeAll(() => {
		project = new Installation();
		project.addPackage();
		if (isBuilt) project.addPlatform(readFileSync(builtAddon));
		cpSync(app, project.path("app"), {
			recursive: true,
		});
		elsewhere = new Installation();
	});
	afterAll(() => {
		project?.remove();
		elsewhere?.remove();
	});

	const echoed = ["héllo", "0102ff"];

	function expectFallback(bundle: string, reason: RegExp): void {
		const { printed, ...outcome } = project.run(bundle);
		expect(outcome).toMatchObject({ status: 0, stderr: "" });
		expect(printed).toMatchObject({ name: "typescript", echoed });
		expect(printed.reason).toMatch(reason);
	}

	function expectNative(bundle: string): void {
		const { printed, ...outcome } = project.run(bundle);
		expect(outcome).toMatchObject({ status: 0, stderr: "" });
		expect(printed).toEqual({ name: "native", echoed });
	}

	test.each(cases)(
		"of $name, from $source to $format, serve with what is there",
		async ({ name, bundle, source, format }) => {
			const file = `${name.replaceAll(" ", "-")}-${source}.${format}`;
			const output = project.path("out", file);
			const entry = project.path("app", `entry.${source}`);
			expect(await bundle({ entry, output, format })).toEqual([]);

			// Rollup leaves an ES module without a name of its own.
			const isNameless = name === "rollup" && format === "mjs";
			const nameless = /cannot be found from a bundle of ES modules/;
			if (isNameless) expectFallback(output, nameless);
			else if (isBuilt) expectNative(output);

			const moved = elsewhere.path(file);
			copyFileSync(output, moved);
			expectFallback(
				moved,
				isNameless
					? nameless
					: new RegExp(
							`^The package ${platformPackage} is not installed where`,
						),
			);
		},
	);

	/** As Next.js does it, and where it would put them. */
	describe.skipIf(!isBuilt)("of a framework's server", () => {
		async function build(name: string, externals: object): Promise<string> {
			const entry = project.path("app/entry.mjs");
			const output = project.path(".next/server/app/api", name);
			const bundle = webpack("production", externals);
			expect(await bundle({ entry, output, format: "cjs" })).toEqual([]);
			return output;
		}

		test("find the addon with the package in them", async () => {
			expectNative(await build("route.js", {}));
		});

		test("find it with the package left out of them", async () => {
			const name = "nodejs-websocket";
			const output = await build("external.js", { [name]: `commonjs ${name}` });
			expect(readFileSync(output, "utf8").length).toBeLessThan(10_000);
			expectNative(output);
		});
	});
});

/** What the loader makes of what it finds installed: the native engine, or the TypeScript one and the reason. */
import {
	existsSync,
	mkdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
} from "node:fs";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VERSION } from "../../lib/version.js";
import { nativeRequired } from "../support/engines.js";
import {
	addonName,
	builtAddon,
	Installation,
	type Outcome,
	platform,
	platformPackage,
} from "../support/installation.js";

const isBuilt = existsSync(builtAddon);
const addon = isBuilt ? readFileSync(builtAddon) : Buffer.alloc(0);
const isElf = process.platform === "linux" || process.platform === "freebsd";

let installed: Installation;
beforeEach(() => {
	installed = new Installation();
});
afterEach(() => installed.remove());

/** Nothing but the program's own output, and the TypeScript engine with this reason. */
function expectFallback(outcome: Outcome, reason: RegExp): void {
	expect(outcome).toMatchObject({ status: 0, signal: null, stderr: "" });
	expect(outcome.printed.name).toBe("typescript");
	expect(outcome.printed.reason).toMatch(reason);
}

function expectNative(outcome: Outcome): void {
	expect(outcome.printed).toEqual({ name: "native" });
	expect(outcome).toMatchObject({ status: 0, stderr: "" });
}

test("there is an addon to test with, where there has to be", () => {
	expect(isBuilt || !nativeRequired).toBe(true);
});

describe.skipIf(!isBuilt)("finds the platform's package", () => {
	test("beside the package", () => {
		installed.addPackage();
		installed.addPlatform(addon);
		expectNative(installed.engine());
	});

	test("within the package, where another version is beside it", () => {
		installed.addPackage();
		installed.addPlatform(addon, {
			folder: "node_modules/nodejs-websocket/node_modules",
		});
		installed.addPlatform(addon, { version: "1.0.0" });
		expectNative(installed.engine());
	});

	test("above the package, as in a workspace", () => {
		installed.addPackage("packages/app/node_modules");
		installed.addPlatform(addon);
		expectNative(installed.engine({}, "packages/app"));
	});

	test("in a store of links, as pnpm makes it", () => {
		const store = "node_modules/.pnpm";
		const own = `${store}/nodejs-websocket@${VERSION}/node_modules`;
		installed.addPackage(own);
		installed.addPlatform(addon, { folder: `${store}/platform/node_modules` });
		const link = (target: string, path: string) => {
			mkdirSync(dirname(installed.path(path)), { recursive: true });
			symlinkSync(installed.path(target), installed.path(path), "junction");
		};
		link(`${own}/nodejs-websocket`, "node_modules/nodejs-websocket");
		link(
			`${store}/platform/node_modules/${platformPackage}`,
			`${own}/${platformPackage}`,
		);
		expectNative(installed.engine());
	});

	test("from a folder with spaces and letters beyond ASCII in its name", () => {
		const folder = "Büro 東京/node_modules";
		installed.addPackage(folder);
		installed.addPlatform(addon, { folder });
		expectNative(installed.engine({}, "Büro 東京"));
	});
});

describe("does not look", () => {
	test.skipIf(!isBuilt)("into the working directory", () => {
		installed.addPackage("project/node_modules");
		installed.addPlatform(addon, { folder: "elsewhere/node_modules" });
		expectFallback(
			installed.engine({ cwd: installed.path("elsewhere") }, "project"),
			/is not installed/,
		);
	});

	test.skipIf(!isBuilt)("into NODE_PATH, or the home folder", () => {
		installed.addPackage();
		installed.addPlatform(addon, { folder: "elsewhere" });
		installed.addPlatform(addon, { folder: ".node_modules" });
		const env = {
			NODE_PATH: installed.path("elsewhere"),
			HOME: installed.project,
			USERPROFILE: installed.project,
		};
		expectFallback(installed.engine({ env }), /is not installed/);
	});

	test.skipIf(!isBuilt)("for the build of a checkout above a bundle", () => {
		installed.addPackage("a/b/c/node_modules");
		for (const folder of ["npm", "a/npm", "a/b/npm"]) {
			installed.write(`${folder}/${platform}/${addonName}`, addon);
			installed.write(
				`${folder}/${platform}/package.json`,
				JSON.stringify({ version: VERSION }),
			);
		}
		expectFallback(installed.engine({}, "a/b/c"), /is not installed/);
	});
});

describe("falls back without a word where the package for the platform", () => {
	beforeEach(() => installed.addPackage());

	test("is not installed, and says how to", () => {
		expectFallback(
			installed.engine(),
			new RegExp(`^The package ${platformPackage} is not installed\\. Install`),
		);
	});

	test("was never made", () => {
		installed.addPackage("node_modules", ["@nodejs-websocket/amiga-m68k"]);
		expectFallback(
			installed.engine(),
			new RegExp(`^There is no prebuilt native addon for ${platform}$`),
		);
	});

	test("has lost its addon", () => {
		rmSync(installed.addPlatform(addon));
		expectFallback(installed.engine(), /is not installed\. Install/);
	});

	test("is not described by its package.json", () => {
		installed.addPlatform(addon);
		installed.write(`node_modules/${platformPackage}/package.json`, "{");
		expectFallback(installed.engine(), /was not loaded: .*JSON/);
	});

	test("is of another version, without loading it", () => {
		installed.addPlatform(Buffer.from("never read"), { version: "2.0.0" });
		expectFallback(
			installed.engine(),
			/is of version 2\.0\.0, but this is nodejs-websocket .*\. Install both in the same version/,
		);
	});

	test.skipIf(!isBuilt)("holds an addon of another version", () => {
		const other = VERSION.replace(/.$/, "x");
		const text = addon.toString("latin1").replaceAll(VERSION, other);
		installed.addPlatform(Buffer.from(text, "latin1"));
		expectFallback(installed.engine(), new RegExp(`is of version ${other}`));
	});

	test.skipIf(!isBuilt || !platform.endsWith("-gnu"))(
		"holds an addon for a newer glibc than this system's",
		() => {
			const newer = addon.toString("latin1").replaceAll("GLIBC_2.", "GLIBC_9.");
			installed.addPlatform(Buffer.from(newer, "latin1"));
			expectFallback(
				installed.engine(),
				/: it needs glibc 9\.[\d.]+, and this system has 2\.\d+ \(/,
			);
		},
	);

	test.each([
		["nothing at all", Buffer.alloc(0)],
		["anything else", Buffer.from("#!/bin/sh\necho no addon\n".repeat(100))],
		["zeros", Buffer.alloc(100_000)],
	])("holds %s", (_name, content) => {
		const path = installed.addPlatform(content);
		const outcome = installed.engine();
		expectFallback(outcome, /was not loaded: the file is damaged/);
		expect(outcome.printed.reason).toContain(path);
	});

	test.skipIf(!isBuilt || !isElf).each([0.1, 0.5, 0.9, 0.999])(
		"holds the first %d of an addon, which the system would die of",
		(share) => {
			installed.addPlatform(addon.subarray(0, addon.length * share));
			expectFallback(
				installed.engine(),
				/was not loaded: the file is damaged\. Install .* again/,
			);
		},
	);

	test.skipIf(!isBuilt || !isElf).each([
		["processor", 0x12, [0xf3, 0x00]],
		["word size", 0x04, [0x01]],
	])("holds an addon for another %s", (_name, offset, bytes) => {
		const other = Buffer.from(addon);
		other.set(bytes, offset);
		installed.addPlatform(other);
		expectFallback(
			installed.engine(),
			/the file is damaged, or made for another machine/,
		);
	});

	test.skipIf(!isBuilt)("may not be loaded: --no-addons", () => {
		installed.addPlatform(addon);
		expectFallback(
			installed.engine({ args: ["--no-addons"] }),
			/this process may not load addons\. Start it without --no-addons/,
		);
	});

	test.skipIf(!isBuilt)("may not be loaded: process permissions", () => {
		installed.addPlatform(addon);
		const flag = process.allowedNodeEnvironmentFlags.has("--permission")
			? "--permission"
			: "--experimental-permission";
		const args = [flag, `--allow-fs-read=${installed.project}/*`];
		const outcome = installed.engine({ args: [...args, "--no-warnings"] });
		expectFallback(outcome, /this process may not load addons/);
	});
});

test("asking for the native engine throws with the reason", () => {
	installed.addPackage();
	const program = installed.write(
		"native.cjs",
		`try {
			require("nodejs-websocket").createServer({ engine: "native" });
		} catch ({ code, message }) {
			process.stdout.write(JSON.stringify({ name: code, reason: message }));
		}`,
	);
	const { printed } = installed.run(program);
	expect(printed.name).toBe("WS_ERR_ENGINE_UNAVAILABLE");
	expect(printed.reason).toContain(`${platformPackage} is not installed`);
});

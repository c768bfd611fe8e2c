/** `nodejs-websocket doctor`. */
import { release } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import { VERSION } from "../../lib/version.js";
import { nativeMissing } from "../support/engines.js";
import {
	builtAddon,
	Installation,
	platform,
	platformPackage,
} from "../support/installation.js";
import { runProgram } from "./program.js";

const facts = {
	version: VERSION,
	platform,
	runtime: {
		name: "Node.js",
		version: process.versions.node,
		napi: process.versions.napi,
	},
	system: `${process.platform} ${release()} ${process.arch}`,
};

/** Of the native engine. */
const transports = {
	transport: process.platform === "linux" ? "native" : "socket",
	nativeTransport:
		process.platform === "linux"
			? { available: true }
			: { available: false, reason: expect.stringContaining("no native") },
};
const needsEngine = {
	available: false,
	reason: "The native transport needs the native engine",
};

async function diagnosis(env: NodeJS.ProcessEnv = {}) {
	const { code, stdout, stderr } = await runProgram(["doctor", "--json"], {
		env,
	});
	expect(stderr).toBe("");
	return { code, ...JSON.parse(stdout) };
}

describe.skipIf(nativeMissing !== null)("where there is an addon", () => {
	const addon = { path: builtAddon, version: VERSION };

	test("says that it serves, and where it is", async () => {
		expect(await diagnosis()).toEqual({
			code: 0,
			engine: "native",
			...transports,
			addon,
			...facts,
		});
	});

	test("says that the environment does not want it", async () => {
		expect(await diagnosis({ NODEJS_WEBSOCKET_ENGINE: "typescript" })).toEqual({
			code: 0,
			engine: "typescript",
			reason: "NODEJS_WEBSOCKET_ENGINE asks for it",
			transport: "socket",
			nativeTransport: needsEngine,
			addon,
			...facts,
		});
	});

	test.runIf(process.platform === "linux")(
		"says which transport the environment wants",
		async () => {
			const wanted = { NODEJS_WEBSOCKET_TRANSPORT: "socket" };
			expect(await diagnosis(wanted)).toMatchObject({
				code: 0,
				transport: "socket",
				nativeTransport: { available: true },
			});
			const { stdout } = await runProgram(["doctor"], { env: wanted });
			expect(stdout).toMatch(
				/^transport {9}socket; NODEJS_WEBSOCKET_TRANSPORT asks for it$/m,
			);
		},
	);

	test("says so in words", async () => {
		const { code, stdout } = await runProgram(["doctor"]);
		expect(code).toBe(0);
		expect(stdout.split("\n").slice(0, 5)).toEqual([
			`nodejs-websocket  ${VERSION}`,
			"engine            native",
			`addon             ${builtAddon}`,
			process.platform === "linux"
				? "transport         native"
				: expect.stringMatching(/^transport {9}socket; the native one cannot/),
			`platform          ${platform}`,
		]);
	});
});

describe("where there is none", () => {
	let installed: Installation | undefined;
	afterEach(() => installed?.remove());

	/** The doctor of an installation without the package for this platform. */
	function doctor(env: NodeJS.ProcessEnv = {}) {
		installed = new Installation();
		installed.addPackage();
		const main = "node_modules/nodejs-websocket/dist/cli/main.js";
		return installed.run(installed.path(main), {
			programArgs: ["doctor", "--json"],
			env,
		});
	}

	test("says what serves instead, why, and what to do", () => {
		const { printed, status } = doctor();
		expect(status).toBe(0);
		expect(printed).toMatchObject({
			engine: "typescript",
			transport: "socket",
			nativeTransport: needsEngine,
			...facts,
		});
		expect(printed).toHaveProperty(
			"reason",
			expect.stringMatching(
				new RegExp(
					`^The package ${platformPackage} is not installed\\. Install`,
				),
			),
		);
	});

	test("fails where the environment asks for it", () => {
		const { printed, status } = doctor({ NODEJS_WEBSOCKET_ENGINE: "native" });
		expect(status).toBe(1);
		expect(printed).toMatchObject({
			engine: null,
			transport: null,
			reason: expect.stringContaining("is not installed"),
		});
	});
});

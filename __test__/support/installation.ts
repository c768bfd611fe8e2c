/**
 * An installed package, made by hand: what a package manager would leave in node_modules, with any addon one likes.
 * For tests of what the loader makes of it.
 */
import { spawnSync } from "node:child_process";
import {
	cpSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	realpathSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { platformName } from "../../lib/engine/native/platform.js";
import { VERSION } from "../../lib/version.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

export const platform = platformName();
export const platformPackage = `@nodejs-websocket/${platform}`;
export const addonName = `nodejs-websocket.${platform}.node`;

/** The addon of the checkout. */
export const builtAddon = join(root, "npm", platform, addonName);

export interface Outcome {
	/** What the program printed, as JSON. */
	readonly printed: { name: string; reason?: string };
	readonly stderr: string;
	readonly status: number | null;
	readonly signal: string | null;
}

export interface RunOptions {
	/** Of Node. */
	args?: string[];
	env?: NodeJS.ProcessEnv;
	/** Of the program. */
	programArgs?: string[];
	/** Default: the project. */
	cwd?: string;
}

export class Installation {
	/** The project's folder: its real path, as process permissions go by. */
	readonly project = realpathSync(
		mkdtempSync(join(tmpdir(), "nodejs-websocket-install-")),
	);

	/** A path in the project. */
	path(...parts: string[]): string {
		return join(this.project, ...parts);
	}

	write(path: string, content: string | Uint8Array): string {
		const file = this.path(path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, content);
		return file;
	}

	/**
	 * Puts the package where a package manager would.
	 *
	 * @param optional the packages that it was published with, for other platforms than this one perhaps
	 */
	addPackage(folder = "node_modules", optional = [platformPackage]): void {
		const own = join(folder, "nodejs-websocket");
		cpSync(join(root, "dist"), this.path(own, "dist"), { recursive: true });
		const optionalDependencies = Object.fromEntries(
			optional.map((name) => [name, VERSION]),
		);
		this.write(
			join(own, "package.json"),
			JSON.stringify({ ...manifest, optionalDependencies }),
		);
	}

	/** Puts a package for this platform beside it. @returns the path of the addon */
	addPlatform(
		addon: Uint8Array,
		{ folder = "node_modules", version = VERSION } = {},
	): string {
		const own = join(folder, platformPackage);
		this.write(
			join(own, "package.json"),
			JSON.stringify({ name: platformPackage, version, main: addonName }),
		);
		return this.write(join(own, addonName), addon);
	}

	/** Runs a program that prints which engine serves, and why, from a folder of the project. */
	engine(options: RunOptions = {}, folder = "."): Outcome {
		const program = this.write(
			join(folder, "engine.cjs"),
			`const { name, reason } = require("nodejs-websocket").engine;
			process.stdout.write(JSON.stringify({ name, reason }));`,
		);
		return this.run(program, options);
	}

	run(
		program: string,
		{ args = [], programArgs = [], env, cwd }: RunOptions = {},
	): Outcome {
		const { stdout, stderr, status, signal } = spawnSync(
			process.execPath,
			[...args, program, ...programArgs],
			{
				cwd: cwd ?? this.project,
				encoding: "utf8",
				// Whatever this test run says in its environment is not the installation's.
				env: {
					...process.env,
					NODE_OPTIONS: "",
					NODEJS_WEBSOCKET_ENGINE: "",
					...env,
				},
			},
		);
		let printed: Outcome["printed"];
		try {
			printed = JSON.parse(stdout);
		} catch {
			printed = { name: `none: ${stdout}${stderr}` };
		}
		return { printed, stderr, status, signal };
	}

	remove(): void {
		rmSync(this.project, { recursive: true, force: true });
	}
}

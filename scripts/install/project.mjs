/** An empty project that the package is installed into, as a user would, and the programs that are run there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "../support/child.mjs";
import { inRoot, packageCommand } from "../support/paths.mjs";
import { StepError } from "../support/step.mjs";
import { client, servers } from "./programs/readme.mjs";
import { programOf } from "./tools.mjs";

/** @typedef {import("./registry.mjs").Registry} Registry */
/** @typedef {{ name: string, reason?: string }} EngineInfo */

const LIMIT_MS = 120_000;

/** What installs: a command, its arguments and a program to run them with. */
const clients = {
	npm: { command: ["npm"], add: ["install"] },
	pnpm: { command: [process.execPath, programOf("pnpm")], add: ["add"] },
	yarn: {
		command: [process.execPath, programOf("yarn")],
		add: ["add", "--non-interactive"],
	},
	bun: { command: [programOf("bun")], add: ["add"] },
};

/** What is tried where Node itself runs: both engines, and the socket transport where it is not what serves anyway. @param {string} os */
export const modesOn = (os) =>
	os === "linux"
		? ["native", "native/socket", "typescript"]
		: ["native", "typescript"];

export class Project {
	/** @param {string} folder @param {Registry} registry */
	constructor(folder, registry) {
		this.folder = folder;
		this.registry = registry;
		mkdirSync(folder, { recursive: true });
		this.write("package.json", '{ "name": "project", "private": true }\n');
		// pnpm and Bun look here only.
		this.write(".npmrc", `registry=${registry.url}\n`);
	}

	/** @param {string} name @param {string} content */
	write(name, content) {
		writeFileSync(join(this.folder, name), content);
	}

	/**
	 * Runs a program in the project, for a bounded time.
	 *
	 * @param {string[]} command
	 * @param {NodeJS.ProcessEnv} [env]
	 * @throws {StepError} where it fails
	 */
	async run(command, env = {}) {
		const [program, ...args] = command;
		const { code, output } = await run(program, args, {
			cwd: this.folder,
			env: { ...this.registry.env, ...env },
			signal: AbortSignal.timeout(LIMIT_MS),
		});
		if (code !== 0)
			throw new StepError(`${command.join(" ")} ended with ${code}`, output);
		return output;
	}

	/** @param {keyof typeof clients} name @param {string[]} [options] */
	async install(name, options = []) {
		const { command, add } = clients[name];
		await this.run([...command, ...add, ...options, "nodejs-websocket"]);
	}

	/**
	 * Runs the README's server in one kind of module, and its client against it.
	 *
	 * @param {keyof typeof servers} kind
	 * @param {string} [node]
	 * @returns {Promise<EngineInfo>} The engine that served.
	 */
	async scream(kind, node = process.execPath) {
		const { name, code } = servers[kind]();
		this.write(name, code);
		if (kind === "TypeScript") await this.#compile(name);
		const server = spawn(node, [name.replace(/\.ts$/, ".js")], {
			cwd: this.folder,
			env: { ...process.env, ...this.registry.env },
			stdio: ["ignore", "pipe", "inherit"],
		});
		const ended = once(server, "close");
		const kill = () => server.kill();
		process.once("exit", kill);
		try {
			const lines = createInterface({ input: server.stdout });
			const [line] = await once(lines, "line", {
				signal: AbortSignal.timeout(LIMIT_MS),
			});
			const { port, ...engine } = JSON.parse(line);
			const program = client(port);
			this.write(program.name, program.code);
			const said = await this.run([node, program.name]);
			if (said.trim() !== "HI!!!")
				throw new StepError(`the server screams ${JSON.stringify(said)}`);
			return engine;
		} finally {
			kill();
			await ended;
			process.off("exit", kill);
		}
	}

	/**
	 * What the package's own command says of the installation.
	 *
	 * @returns {Promise<{ engine: string, addon: { path?: string, reason?: string } }>}
	 */
	async doctor() {
		const command = join("node_modules", ".bin", "nodejs-websocket");
		return JSON.parse(await this.run([command, "doctor", "--json"]));
	}

	/** Strictly, with the types that the package brings and those of Node. @param {string} file */
	async #compile(file) {
		await this.run([
			process.execPath,
			packageCommand("typescript", "tsc"),
			...["--strict", "--module", "nodenext", "--target", "es2022"],
			...["--types", "node", "--typeRoots", inRoot("node_modules", "@types")],
			file,
		]);
	}

	/**
	 * Runs the smoke set.
	 *
	 * @param {string[]} command The program that runs JavaScript, with its options.
	 * @param {string[]} modes Engines, with a transport behind a slash where it is not the default.
	 * @param {NodeJS.ProcessEnv} [env]
	 * @returns {Promise<EngineInfo & { passed: string[] }>} `name` is the engine that serves by default.
	 */
	async smoke(command, modes, env = {}) {
		const program = "smoke.mjs";
		copyFileSync(
			inRoot("scripts", "install", "programs", program),
			join(this.folder, program),
		);
		return lastLine(await this.run([...command, program, ...modes], env));
	}
}

/** The report of the smoke set. @param {string} output */
export function lastLine(output) {
	return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}

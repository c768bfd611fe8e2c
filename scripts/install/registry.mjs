/**
 * A registry on this machine, with nothing in it but what is published to it: it knows no other registry, so that an
 * installation cannot take anything from elsewhere.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { run } from "../support/child.mjs";
import { StepError } from "../support/step.mjs";
import { programOf } from "./tools.mjs";

const START_LIMIT_MS = 120_000;

/** verdaccio wants a newer Node than this project does. */
const VERDACCIO_NODE = "node-22.23.3";

/** What must be installed for it. */
export const registryTools = [VERDACCIO_NODE, "verdaccio"];

/** Everybody on this machine may publish, as long as it runs. */
const configuration = `
storage: ./storage
auth:
  htpasswd:
    file: ./htpasswd
    max_users: -1
uplinks: {}
packages:
  "**":
    access: $all
    publish: $all
log: { type: stdout, format: pretty, level: warn }
`;

async function freePort() {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = /** @type {import("node:net").AddressInfo} */ (
		server.address()
	);
	server.close();
	await once(server, "close");
	return port;
}

/** @param {string} url @param {import("node:child_process").ChildProcess} child */
async function untilUp(url, child) {
	const deadline = Date.now() + START_LIMIT_MS;
	while (child.exitCode === null && Date.now() < deadline) {
		try {
			if ((await fetch(`${url}-/ping`)).ok) return;
		} catch {
			// Not listening yet.
		}
		await delay(200);
	}
	throw new StepError("the registry did not come up");
}

/**
 * @typedef {object} Registry
 * @property {string} url
 * @property {NodeJS.ProcessEnv} env What makes npm, pnpm and yarn use it and nothing else, with folders of its own.
 * @property {(tarball: string) => Promise<void>} publish
 * @property {() => Promise<void>} stop
 */

/**
 * @param {string} folder An empty one, for everything it writes.
 * @returns {Promise<Registry>}
 * @throws {StepError}
 */
export async function startRegistry(folder) {
	const home = join(folder, "home");
	mkdirSync(home, { recursive: true });
	const config = join(folder, "config.yaml");
	writeFileSync(config, configuration);
	const port = await freePort();
	const url = `http://127.0.0.1:${port}/`;
	const log = openSync(join(folder, "registry.log"), "a");
	const child = spawn(
		programOf(VERDACCIO_NODE),
		[programOf("verdaccio"), "--config", config, "--listen", url],
		{
			cwd: folder,
			stdio: ["ignore", log, log],
			env: { PATH: process.env.PATH, HOME: home },
		},
	);
	const ended = once(child, "close");
	const kill = () => child.kill();
	process.once("exit", kill);
	const stop = async () => {
		kill();
		await ended;
		process.off("exit", kill);
	};
	try {
		await untilUp(url, child);
	} catch (error) {
		await stop();
		throw error;
	}
	const npmrc = join(folder, "npmrc");
	// npm publishes only with a token; this registry asks for none.
	writeFileSync(
		npmrc,
		`registry=${url}\n//127.0.0.1:${port}/:_authToken=none\naudit=false\nfund=false\nupdate-notifier=false\n`,
	);
	const env = environment(home, npmrc, url);
	return {
		url,
		env,
		stop,
		async publish(tarball) {
			const { code, output } = await run(
				"npm",
				["publish", tarball, "--tag=latest", "--ignore-scripts"],
				{ cwd: folder, env },
			);
			if (code !== 0)
				throw new StepError("npm publish did not succeed", output);
		},
	};
}

/** @param {string} home @param {string} npmrc @param {string} url @returns {NodeJS.ProcessEnv} */
function environment(home, npmrc, url) {
	// What the surrounding `npm run` says in the environment would win over the file.
	const without = Object.keys(process.env).filter((name) =>
		/^(npm|yarn|pnpm|bun|deno)_|^NODEJS_WEBSOCKET_/i.test(name),
	);
	return {
		...Object.fromEntries(without.map((name) => [name, undefined])),
		HOME: home,
		USERPROFILE: home,
		XDG_CACHE_HOME: join(home, "cache"),
		XDG_DATA_HOME: join(home, "data"),
		XDG_CONFIG_HOME: join(home, "config"),
		npm_config_userconfig: npmrc,
		npm_config_cache: join(home, "npm"),
		npm_config_registry: url,
		YARN_REGISTRY: url,
		NO_UPDATE_NOTIFIER: "1",
		CI: "true",
	};
}

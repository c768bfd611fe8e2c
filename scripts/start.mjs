/** `npm start`: sets up what is missing, then runs the playground until it is stopped. */
import { spawn } from "node:child_process";
import {
	orExit,
	prepareDependencies,
	prepareNative,
	prepareTypescript,
} from "./setup/index.mjs";
import { inRoot, root } from "./support/paths.mjs";

await orExit(async () => {
	await prepareDependencies();
	await prepareTypescript();
	await prepareNative({ strict: process.env.CI === "true" });
});

const playground = spawn(
	process.execPath,
	[inRoot("playground", "server.mjs")],
	{ cwd: root, stdio: "inherit" },
);

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
	process.on(signal, () => {
		// A terminal sends its Ctrl-C to the playground as well; forwarding it would make it two.
		if (signal === "SIGINT" && process.stdin.isTTY) return;
		playground.kill(signal);
	});
}

playground.on("error", (error) => {
	process.stderr.write(`The playground cannot be started: ${error.message}\n`);
	process.exit(1);
});
playground.on("exit", (code, signal) => {
	if (signal) process.removeAllListeners(signal);
	if (signal) process.kill(process.pid, signal);
	else process.exit(code ?? 1);
});

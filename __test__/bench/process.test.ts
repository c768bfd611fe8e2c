/** The programs that benchmarks start: their results, why they failed, and that none of them is left behind. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { Running } from "../../bench/measure/process.mjs";

const node = (code: string, env: NodeJS.ProcessEnv = {}) =>
	new Running({
		name: "the program",
		command: [process.execPath, "-e", code],
		env,
	});

describe("the result of a program", () => {
	test("is the JSON it printed", async () => {
		const program = node("console.log(JSON.stringify({ a: 1 }))");
		expect(await program.result(20)).toEqual({ a: 1 });
	});

	test.each([
		[
			"console.error('what came instead'); process.exit(1)",
			"what came instead",
		],
		["throw new Error('broken')", "Error: broken"],
		["process.exit(3)", "the program ended with code 3"],
		["process.kill(process.pid, 'SIGKILL')", "the program ended with SIGKILL"],
		["console.log('no JSON')", "the program printed no result"],
	])("is a reason where there is none: %s", async (code, reason) => {
		await expect(node(code).result(20)).rejects.toThrow(reason);
	});

	test("is a reason where it cannot be started", async () => {
		const program = new Running({
			name: "the program",
			command: ["no-such-command"],
		});
		await expect(program.result(20)).rejects.toThrow("cannot be started");
		await program.stop();
	});

	test("does not take for ever", async () => {
		const program = node("setInterval(() => {}, 1000)");
		await expect(program.result(0.2)).rejects.toThrow("did not end");
		expect(program.hasEnded).toBe(true);
	});
});

/** A server whose connection tells whether the process that made it is still there. */
async function listen() {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const connected = once(server, "connection");
	return { server, port: (server.address() as AddressInfo).port, connected };
}

const dial = `
	const socket = require("node:net").connect(process.env.PORT, "127.0.0.1");
	socket.on("error", () => {});
	setInterval(() => {}, 1000);
`;

test("a program ends with all that it started", async () => {
	const { server, port, connected } = await listen();
	const program = node(
		`require("node:child_process").spawn(process.execPath, ["-e", process.env.CODE])`,
		{ PORT: `${port}`, CODE: dial },
	);
	const [socket] = await connected;
	const closed = once(socket.on("error", () => {}).resume(), "close");
	await program.stop();
	await closed;
	server.close();
});

test("a program of the benchmarks ends when its parent is gone", async () => {
	const { server, port, connected } = await listen();
	const code = `
		import("./candidates/surroundings.mjs").then(({ endWithParent }) => {
			endWithParent();
			${dial}
		});
	`;
	// The parent is killed at once, without a chance to clean up.
	const parent = node(
		`require("node:child_process")
			.spawn(process.execPath, ["-e", process.env.CODE], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
		process.stdin.on("data", () => {});`,
		{ PORT: `${port}`, CODE: code },
	);
	const [socket] = await connected;
	const closed = once(socket.on("error", () => {}).resume(), "close");
	process.kill(parent.pid, "SIGKILL");
	await closed;
	server.close();
});

/** The command itself: its help, its version, and what it says to wrong arguments. */
import { describe, expect, test } from "vitest";
import { VERSION } from "../../lib/version.js";
import { runProgram } from "./program.js";

const commands = ["doctor", "connect", "listen"];

describe("--help", () => {
	test("names every command, and the exit codes", async () => {
		const { code, stdout } = await runProgram(["--help"]);
		expect(code).toBe(0);
		for (const name of commands) expect(stdout).toContain(`\n  ${name}`);
		expect(stdout).toMatch(/^Exit codes: /m);
	});

	test.each(commands)("of %s says how to use it", async (name) => {
		const { code, stdout, stderr } = await runProgram([name, "--help"]);
		expect(stdout).toMatch(new RegExp(`^Usage: nodejs-websocket ${name} `));
		expect(stdout).toMatch(/^Exit codes: /m);
		expect([code, stderr]).toEqual([0, ""]);
		for (const line of stdout.split("\n"))
			expect(line.length).toBeLessThanOrEqual(100);
	});
});

test("--version is that of the package", async () => {
	expect(await runProgram(["--version"])).toEqual({
		code: 0,
		stdout: `${VERSION}\n`,
		stderr: "",
	});
});

test.each<[string[], RegExp]>([
	[[], /^Usage: nodejs-websocket <command>/],
	[["serve"], /^There is no command serve\.\n\nUsage: /],
	[["toString"], /^There is no command toString/],
	[["doctor", "--xml"], /'--xml'[\s\S]*See nodejs-websocket doctor --help/],
	[["doctor", "me"], /'me'/],
	[["connect"], /^URL is wanted, and nothing else: there are 0 arguments/],
	[["connect", "ws://a", "ws://b"], /there are 2 arguments/],
	[["connect", "http://127.0.0.1"], /^Invalid protocol http:/],
	[["connect", "ws://"], /ws:\/\//],
	[["connect", "ws://127.0.0.1", "--header=x"], /A header is "NAME: VALUE"/],
	[["connect", "ws://127.0.0.1", "--header=a b: c"], /a b/],
	[["connect", "ws://127.0.0.1", "--protocol=a b"], /a b/],
	[["connect", "wss://127.0.0.1", "--ca=/no/such"], /^--ca: ENOENT/],
	[["connect", "ws://127.0.0.1", "--wait=soon"], /it is soon/],
	[["connect", "ws://127.0.0.1", "--wait="], /it is \./],
	[["listen"], /^PORT is wanted/],
	[["listen", "65536"], /^PORT should be from 0 to 65535, it is 65536/],
	[["listen", "0x50"], /it is 0x50/],
	[["listen", "0", "--mode=shout"], /echo, scream, log, it is shout/],
])("%j are the wrong arguments: exit code 2", async (args, message) => {
	const { code, stdout, stderr } = await runProgram(args);
	expect(stderr).toMatch(message);
	expect([code, stdout]).toEqual([2, ""]);
});

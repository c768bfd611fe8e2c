/** `nodejs-websocket listen`. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { library } from "../support/library.js";
import { endPrograms, Program, runProgram } from "./program.js";

afterEach(endPrograms);

async function listen(...args: string[]) {
	const program = new Program(["listen", "0", ...args]);
	const [, url] = await program.printed(/^listening on (ws:\S+),/m);
	return { program, url };
}

/** What comes back for each message, in order. */
async function answers(url: string, messages: (string | Buffer)[]) {
	const conn = library.connect(url);
	const got: (string | Buffer)[] = [];
	await once(conn, "connect");
	for (const message of messages) conn.send(message);
	for await (const message of conn) {
		got.push(message);
		if (got.length === messages.length) conn.close(1000, "done");
	}
	await conn.closed;
	return got;
}

describe("in its mode", () => {
	const messages = ["hi", Buffer.from([1, 2, 255]), "straße", ""];
	test.each([
		["echo", messages],
		["scream", ["HI!!!", messages[1], "STRASSE!!!", "!!!"]],
	])("%s it answers", async (mode, expected) => {
		const { url } = await listen(`--mode=${mode}`);
		expect(await answers(url, messages)).toEqual(expected);
	});

	test("log it prints messages in a form that cannot drive a terminal", async () => {
		const { program, url } = await listen("--mode", "log");
		const conn = library.connect(`${url}/path?query`);
		await once(conn, "connect");
		conn.sendText("\x1b[2Jhi\n");
		conn.sendBinary(Buffer.from([1, 2, 255]));
		conn.close(1000, "\x07bye");
		await conn.closed;
		await program.printed(/closed: .*\n/);
		expect(program.lines.slice(1)).toEqual([
			expect.stringMatching(/^1 open: 127\.0\.0\.1 port \d+, \/path\?query$/),
			"1 < \\x1b[2Jhi\\n",
			"1 << 3 bytes: 01 02 ff",
			"1 closed: 1000 \\x07bye",
		]);
	});
});

test("a peer that does not read is not read either, and gets everything in the end", async () => {
	const { url } = await listen();
	const messages = Array.from({ length: 200 }, () => Buffer.alloc(1 << 20, 7));
	const conn = library.connect(url, { maxBufferedBytes: Infinity });
	await once(conn, "connect");
	conn.pause();
	for (const message of messages) conn.sendBinary(message);
	let bytes = 0;
	const all = new Promise<void>((resolve) =>
		conn.on("message", (data) => {
			bytes += data.length;
			if (bytes === messages.length << 20) resolve();
		}),
	);
	conn.resume();
	await all;
	conn.close();
	expect(await conn.closed).toMatchObject({ wasClean: true });
});

describe.skipIf(process.platform === "win32")("ends", () => {
	test.each(["SIGINT", "SIGTERM"] as const)(
		"with exit code 0 at %s, and tells its peers",
		async (signal) => {
			const { program, url } = await listen();
			const conn = library.connect(url);
			await once(conn, "connect");
			program.child.kill(signal);
			expect(await conn.closed).toMatchObject({ code: 1001, wasClean: true });
			expect(await program.ended).toBe(0);
		},
	);
});

test("a port that is taken: exit code 1, and one line", async () => {
	const other = createServer().listen(0, "127.0.0.1");
	await once(other, "listening");
	const { port } = other.address() as AddressInfo;
	const { code, stderr } = await runProgram(["listen", String(port)]);
	other.close();
	expect(code).toBe(1);
	expect(stderr).toMatch(/^.*EADDRINUSE.*\n$/);
});

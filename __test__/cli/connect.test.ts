/** `nodejs-websocket connect` at the end of a pipe. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection, Server, ServerOptions } from "nodejs-websocket";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { certificate } from "../support/certificate.js";
import { library } from "../support/library.js";
import { endPrograms, Program, runProgram } from "./program.js";

let server: Server | undefined;
afterEach(async () => {
	await endPrograms();
	for (const conn of [...(server?.connections ?? [])]) conn.terminate();
	server?.socket.close();
	server = undefined;
});

/** The URL of a server that deals with its connections so. */
async function serve(
	onConnection: (conn: Connection) => void,
	options: ServerOptions = {},
): Promise<string> {
	server = library.createServer(options, onConnection);
	server.listen(0, "127.0.0.1");
	await once(server.socket, "listening");
	const { port } = server.socket.address() as AddressInfo;
	return `ws${options.secure ? "s" : ""}://127.0.0.1:${port}`;
}

const echo = (conn: Connection): void => {
	conn.on("message", (data) => conn.send(data));
	conn.on("error", () => {});
};

describe("sends the lines of its input, and prints", () => {
	test("the answers, though the input has ended", async () => {
		const url = await serve(echo);
		const input = "hi\n/close\n//\n\nlast";
		const { code, stdout, stderr } = await runProgram(["connect", url], {
			input,
		});
		expect(stdout).toBe(`${input}\n`);
		expect(stderr).toBe("* connected\n* closed: 1000\n");
		expect(code).toBe(0);
	});

	test("all of very many, in order", async () => {
		const url = await serve(echo);
		const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i}\n`);
		const input = lines.join("");
		const { code, stdout } = await runProgram(["connect", url], { input });
		expect(stdout === input).toBe(true);
		expect(code).toBe(0);
	});

	test("what comes later, while it waits", async () => {
		const url = await serve((conn) => {
			conn.on("pong", () => {});
			conn.on("text", () =>
				// Behind everything that is there already, the answer to a ping among it.
				setTimeout(() => {
					conn.sendText("later");
					conn.close(1000);
				}, 100),
			);
		});
		const args = ["connect", url, "--wait=60"];
		const { code, stdout } = await runProgram(args, { input: "hi\n" });
		expect([stdout, code]).toEqual(["later\n", 0]);
	});

	test("nothing that could drive a terminal, from wherever it comes", async () => {
		const url = await serve((conn) => {
			conn.sendText("\x1b]0;title\x07\r\n\u202e");
			conn.sendBinary(Buffer.from("1b5b324a", "hex"));
			conn.sendPing("\x1b[5i");
			conn.close(1000, "\x9b2Jbye");
		});
		const { stdout, stderr } = await runProgram(["connect", url]);
		expect(stdout).toBe(
			"\\x1b]0;title\\x07\\r\\n\\u202e\n<< 4 bytes: 1b 5b 32 4a\n",
		);
		expect(stderr).toBe(
			"* connected\n* ping \\x1b[5i\n* closed: 1000 \\x9b2Jbye\n",
		);
	});
});

describe("asks for", () => {
	test("the headers and subprotocols it is told to", async () => {
		let seen: unknown;
		const url = await serve(
			(conn) => {
				const { headers, protocols } = conn;
				seen = [headers["x-one"], headers["x-two"], protocols];
				echo(conn);
			},
			{ validProtocols: ["b"] },
		);
		const { code, stderr } = await runProgram([
			...["connect", url, "--header", "X-One: a:b", "--header=x-two:1"],
			...["--header=x-two: 2", "--protocol", "a", "--protocol", "b"],
		]);
		expect(seen).toEqual(["a:b", "1, 2", ["a", "b"]]);
		expect(stderr).toContain("* connected, b\n");
		expect(code).toBe(0);
	});
});

describe("with TLS", () => {
	const folder = mkdtempSync(join(tmpdir(), "nodejs-websocket-cli-"));
	afterAll(() => rmSync(folder, { recursive: true }));
	const made = certificate("elsewhere.example", "DNS:elsewhere.example");
	const missing = "reason" in made;

	async function serveTls(): Promise<string> {
		if (missing) throw new Error(made.reason);
		return serve(echo, { secure: true, key: made.key, cert: made.cert });
	}
	function caFile(): string {
		const file = join(folder, "ca.pem");
		if (!missing) writeFileSync(file, made.cert);
		return file;
	}

	test.skipIf(missing).each([
		["trusts no stranger", [], 1, /self[- ]signed/],
		["trusts a file of certificates", ["--ca", "FILE"], 1, /altnames|IP:/i],
		[
			"expects the name it is told to",
			["--ca", "FILE", "--servername", "elsewhere.example"],
			0,
			/connected/,
		],
		["takes anybody where it is told to", ["--insecure"], 0, /connected/],
	])("%s", async (_title, options, code, said) => {
		const url = await serveTls();
		const args = options.map((word) => (word === "FILE" ? caFile() : word));
		const outcome = await runProgram(["connect", url, ...args], {
			input: "hi\n",
		});
		expect(outcome.stderr).toMatch(said);
		expect(outcome.code).toBe(code);
		expect(outcome.stdout).toBe(code === 0 ? "hi\n" : "");
	});
});

describe("exit code 1", () => {
	test("where nobody listens", async () => {
		const url = await serve(echo);
		server?.socket.close();
		const { code, stderr } = await runProgram(["connect", url]);
		expect(stderr).toMatch(/^\* .*ECONNREFUSED.*\n$/);
		expect(code).toBe(1);
	});

	test("where the opening handshake is refused", async () => {
		const url = await serve(echo, { authorize: () => false });
		const { code, stderr } = await runProgram(["connect", url]);
		expect(stderr).toContain("403");
		expect(code).toBe(1);
	});

	test.each<[string, (conn: Connection) => void, RegExp]>([
		["is lost", (conn) => conn.terminate(), /\* .*\n$/],
		["is closed for a fault", (conn) => conn.close(1011, "no"), /1011 no/],
	])(
		"where the connection %s, though the input goes on",
		async (_t, end, said) => {
			const url = await serve((conn) => {
				conn.on("text", () => end(conn));
			});
			const program = new Program(["connect", url]);
			program.child.stdin.write("go\n");
			expect(await program.ended).toBe(1);
			expect(program.stderr).toMatch(said);
		},
	);
});

test("ends with the input's reader gone: nobody reads what it prints", async () => {
	const url = await serve(echo);
	const program = new Program(["connect", url]);
	program.child.stdin.write("one\n");
	await program.printed(/one\n/);
	program.child.stdout.destroy();
	program.child.stdin.write("two\n");
	expect(await program.ended).toBe(0);
	expect(program.stderr).toBe("* connected\n");
});

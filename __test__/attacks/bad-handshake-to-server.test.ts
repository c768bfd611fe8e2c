/** What a server answers to requests that are no opening handshake: the right status, whole, once, and then the end. */
import { describe, expect } from "vitest";
import type { Bench } from "../support/compat-bench.js";
import { record, turns, until, within } from "../support/compat-wait.js";
import { frame, request } from "../support/compat-wire.js";
import { onEachEngine } from "../support/peer-engines.js";
import { readAnswer } from "./answer.js";

interface BadRequest {
	name: string;
	status: number;
	text: string | Buffer;
}

const KEY = "Sec-WebSocket-Key";
const VERSION = "Sec-WebSocket-Version";

/** The usual request with `line` put in as a further header line. */
const withLine = (line: string) =>
	request().replace("\r\n\r\n", `\r\n${line}\r\n\r\n`);

const manyHeaders = Array.from({ length: 101 }, (_, i) => `X-${i}: y`);

const badRequests: BadRequest[] = [
	{ name: "no key", status: 400, text: request({ [KEY]: null }) },
	{ name: "an empty key", status: 400, text: request({ [KEY]: "" }) },
	{
		name: "a key of 15 bytes",
		status: 400,
		text: request({ [KEY]: "AAAAAAAAAAAAAAAAAAAA" }),
	},
	{
		name: "a key that is not base64",
		status: 400,
		text: request({ [KEY]: "!!!!!!!!!!!!!!!!!!!!!A==" }),
	},
	{
		name: "two keys",
		status: 400,
		text: withLine(`${KEY}: AAAAAAAAAAAAAAAAAAAAAA==`),
	},
	{ name: "no version", status: 400, text: request({ [VERSION]: null }) },
	{ name: "two versions", status: 400, text: withLine(`${VERSION}: 13`) },
	{ name: "the version 8", status: 426, text: request({ [VERSION]: "8" }) },
	{ name: "the version 013", status: 426, text: request({ [VERSION]: "013" }) },
	{ name: "no host", status: 400, text: request({ Host: null }) },
	{ name: "two hosts", status: 400, text: withLine("Host: other") },
	{
		name: "two Upgrade headers",
		status: 400,
		text: withLine("Upgrade: websocket"),
	},
	{ name: "no Upgrade header", status: 426, text: request({ Upgrade: null }) },
	{ name: "an upgrade to h2c", status: 426, text: request({ Upgrade: "h2c" }) },
	{
		name: "a Connection header without upgrade",
		status: 426,
		text: request({ Connection: "keep-alive" }),
	},
	{
		name: "no Connection header",
		status: 426,
		text: request({ Connection: null }),
	},
	{
		name: "a plain GET",
		status: 426,
		text: "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
	},
	{ name: "a NUL in a header", status: 400, text: withLine("X: a\0b") },
	{
		name: "a NUL in the path",
		status: 400,
		text: request({}, "GET /\0 HTTP/1.1"),
	},
	{
		name: "a folded header",
		status: 400,
		text: withLine("X: a\r\n b"),
	},
	{
		name: "lines that end in LF alone",
		status: 400,
		text: request().replaceAll("\r\n", "\n"),
	},
	{ name: "a space before the colon", status: 400, text: withLine("X : a") },
	{
		name: "garbage",
		status: 400,
		text: Buffer.from(
			"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
			"latin1",
		),
	},
	{ name: "no HTTP at all", status: 400, text: "hello\r\n\r\n" },
	{
		name: "a method in lower case",
		status: 400,
		text: request({}, "get / HTTP/1.1"),
	},
	{
		name: "a bad list of subprotocols",
		status: 400,
		text: request({ "Sec-WebSocket-Protocol": "a,,b" }),
	},
	{
		name: "a subprotocol twice",
		status: 400,
		text: request({ "Sec-WebSocket-Protocol": "a, b, a" }),
	},
	{
		name: "a subprotocol with 10,000 spaces inside",
		status: 400,
		text: request({ "Sec-WebSocket-Protocol": `b${" ".repeat(10_000)}x` }),
	},
	{
		name: "a body",
		status: 400,
		text: `${request({ "Content-Length": "4" })}body`,
	},
	{
		name: "a chunked body",
		status: 400,
		text: `${request({ "Transfer-Encoding": "chunked" })}0\r\n\r\n`,
	},
	{
		name: "a body of two lengths",
		status: 400,
		text: withLine("Content-Length: 1\r\nContent-Length: 2"),
	},
	{
		name: "POST",
		status: 405,
		text: request({ "Content-Length": "0" }, "POST / HTTP/1.1"),
	},
	{
		name: "POST with a body",
		status: 405,
		text: `${request({ "Content-Length": "4" }, "POST / HTTP/1.1")}body`,
	},
	{ name: "OPTIONS", status: 405, text: request({}, "OPTIONS * HTTP/1.1") },
	{
		name: "CONNECT",
		status: 405,
		text: request({}, "CONNECT other:443 HTTP/1.1"),
	},
	{ name: "HTTP/1.0", status: 505, text: request({}, "GET / HTTP/1.0") },
	{
		name: "Expect: 100-continue on a plain GET",
		status: 426,
		text: request({ Upgrade: null, Expect: "100-continue" }),
	},
	{
		name: "an unknown expectation on a plain GET",
		status: 426,
		text: request({ Upgrade: null, Expect: "the worst" }),
	},
	{
		name: "101 further headers",
		status: 431,
		text: withLine(manyHeaders.join("\r\n")),
	},
	{
		name: "3,000 further headers",
		status: 431,
		text: withLine(Array(3000).fill("a:b").join("\r\n")),
	},
	{
		name: "a header of 17 KiB",
		status: 431,
		text: withLine(`X: ${"a".repeat(17 * 1024)}`),
	},
	{
		name: "a path of 17 KiB",
		status: 431,
		text: request({}, `GET /${"a".repeat(17 * 1024)} HTTP/1.1`),
	},
];

async function expectServed(bench: Bench, port: number): Promise<void> {
	const wire = await bench.dial(port);
	wire.write(request());
	expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
}

describe("a server that is asked with", () => {
	for (const { name, status, text } of badRequests) {
		onEachEngine(`${name} answers ${status}`, async (bench) => {
			const { server, port } = await bench.serve();
			const connections = record(server, "connection");
			const errors = record(server, "handshakeError");
			const wire = await bench.dial(port);
			wire.write(text);
			const answer = await readAnswer(wire);
			expect(answer.status).toBe(status);
			if (status === 426) {
				expect(answer.head).toMatch(/^sec-websocket-version: 13\r$/im);
				expect(answer.head).toMatch(/^upgrade: websocket\r$/im);
			}
			if (status === 405) expect(answer.head).toMatch(/^allow: GET\r$/im);
			wire.socket.end();
			// FIN, not RST: the answer was not cut off.
			expect(await within("the end", wire.gone)).toBeUndefined();
			expect(connections).toEqual([]);
			expect(errors).toHaveLength(1);
			expect(errors[0][0]).toMatchObject({
				code: "WS_ERR_HANDSHAKE_REFUSED",
				statusCode: status,
			});
			await expectServed(bench, port);
		});
	}
});

describe("a server", () => {
	onEachEngine("answers 408 to a head that does not end", async (bench) => {
		const { port } = await bench.serve({ handshakeTimeoutMs: 60 });
		for (const start of ["", "GET / HTTP/1.1\r\n", request().slice(0, -2)]) {
			const wire = await bench.dial(port);
			wire.write(start);
			expect((await readAnswer(wire)).status).toBe(408);
		}
		await expectServed(bench, port);
	});

	onEachEngine(
		"does not let single bytes put the time-out off",
		async (bench) => {
			const { port } = await bench.serve({ handshakeTimeoutMs: 100 });
			const wire = await bench.dial(port);
			const bytes = request({ "X-Long": "y".repeat(5000) });
			let at = 0;
			const drip = setInterval(() => wire.socket.write(bytes[at++]), 10);
			try {
				expect((await readAnswer(wire)).status).toBe(408);
			} finally {
				clearInterval(drip);
			}
		},
	);

	onEachEngine(
		"serves an absolute-form target as its own path",
		async (bench) => {
			const { port, accepted } = await bench.serve();
			const connection = accepted();
			const wire = await bench.dial(port);
			wire.write(request({}, "GET http://internal.example/admin HTTP/1.1"));
			expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
			// It is told as it came: nothing is asked of the host that it names.
			expect((await connection).path).toBe("http://internal.example/admin");
		},
	);

	onEachEngine(
		"accepts an upgrade that expects 100-continue, with one answer",
		async (bench) => {
			const { port } = await bench.serve();
			const wire = await bench.dial(port);
			wire.write(request({ Expect: "100-continue" }));
			expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
			await turns();
			expect(wire.pending.toString("latin1")).not.toMatch(/HTTP/);
		},
	);

	onEachEngine(
		"answers the first of two bad requests and nothing else",
		async (bench) => {
			const { port } = await bench.serve();
			const wire = await bench.dial(port);
			const bad = request({ [KEY]: null });
			wire.write(bad, bad, request());
			expect((await readAnswer(wire)).status).toBe(400);
		},
	);

	onEachEngine(
		"does not take frames behind a refused request for accepted ones",
		async (bench) => {
			const { server, port } = await bench.serve();
			const connections = record(server, "connection");
			const wire = await bench.dial(port);
			wire.write(
				request({ [VERSION]: "8" }),
				frame(1, "hello", { mask: true }),
			);
			expect((await readAnswer(wire)).status).toBe(426);
			expect(connections).toEqual([]);
		},
	);

	onEachEngine(
		"delivers frames that come right behind the request",
		async (bench) => {
			const texts: string[] = [];
			const { port } = await bench.serve({}, (connection) => {
				connection.on("text", (text: string) => texts.push(text));
			});
			const wire = await bench.dial(port);
			wire.write(
				request(),
				frame(1, "first", { mask: true }),
				frame(1, "second", { mask: true }),
				frame(9, "", { mask: true }),
			);
			await wire.head();
			expect((await wire.frame()).opcode).toBe(10);
			expect(texts).toEqual(["first", "second"]);
		},
	);

	onEachEngine(
		"still sends its answer to a peer that has sent megabytes",
		async (bench) => {
			const { port } = await bench.serve();
			const wire = await bench.dial(port);
			wire.socket.write("x".repeat(4 * 1024 * 1024));
			expect((await readAnswer(wire)).status).toBeGreaterThanOrEqual(400);
			wire.socket.end();
			expect(await within("the end", wire.gone)).toBeUndefined();
		},
	);

	onEachEngine(
		"survives a reset in any phase of the handshake",
		async (bench) => {
			const { server, port } = await bench.serve({ handshakeTimeoutMs: 1000 });
			const good = request();
			for (const text of [
				"",
				"GET",
				good.slice(0, 60),
				good.slice(0, -1),
				good,
				request({ [KEY]: null }),
				"\0\0",
			]) {
				const wire = await bench.dial(port);
				if (text !== "") wire.write(text);
				wire.reset();
				await wire.gone;
				const second = await bench.dial(port);
				if (text !== "") second.write(text);
				await turns();
				second.reset();
				await second.gone;
			}
			await until("the end of all", () => server.connections.length === 0);
			await expectServed(bench, port);
		},
	);

	onEachEngine(
		"answers 500 where selectProtocol throws, and says why",
		async (bench) => {
			const { server, port } = await bench.serve({
				selectProtocol() {
					throw new Error("no such table");
				},
			});
			const errors = record(server, "handshakeError");
			const wire = await bench.dial(port);
			wire.write(request({ "Sec-WebSocket-Protocol": "chat" }));
			const { status, head } = await readAnswer(wire);
			expect(status).toBe(500);
			expect(head).not.toContain("no such table");
			expect(errors).toHaveLength(1);
			expect(errors[0][0]).toMatchObject({
				code: "WS_ERR_HANDSHAKE_CALLBACK",
				statusCode: 500,
				cause: { message: "no such table" },
			});
			await expectServed(bench, port);
		},
	);

	onEachEngine(
		"answers 500 where selectProtocol chooses what was not offered",
		async (bench) => {
			for (const chosen of ["other", "chat\r\nX: y", 7, {}]) {
				const { server, port } = await bench.serve({
					selectProtocol: () => chosen,
				});
				const errors = record(server, "handshakeError");
				const wire = await bench.dial(port);
				wire.write(request({ "Sec-WebSocket-Protocol": "chat" }));
				expect((await readAnswer(wire)).status).toBe(500);
				expect(errors).toHaveLength(1);
			}
		},
	);

	onEachEngine("takes subprotocols for names only", async (bench) => {
		const { port } = await bench.serve({ validProtocols: ["chat"] });
		const wire = await bench.dial(port);
		wire.write(
			request({ "Sec-WebSocket-Protocol": "__proto__, constructor, toString" }),
		);
		const head = await wire.head();
		expect(head).toMatch(/^HTTP\/1\.1 101 /);
		expect(head).not.toMatch(/sec-websocket-protocol/i);
	});
});

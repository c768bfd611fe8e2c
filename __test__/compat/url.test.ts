import { join } from "node:path";
import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import type { Bench } from "../support/compat-bench.js";
import { deferred, next, within } from "../support/compat-wait.js";
import type { Wire } from "../support/compat-wire.js";

/** The head of the request that `connect(url)` makes; `url` gets the port. */
async function requestOf(
	bench: Bench,
	url: (port: number) => string,
): Promise<string> {
	const { promise, resolve } = deferred<Wire>();
	const port = await bench.listenRaw(resolve);
	bench.connect(url(port));
	return (await within("the TCP connection", promise)).head();
}

const targetOf = (head: string) => head.split("\r\n")[0];
const hostOf = (head: string) => /^Host: (.*)\r$/m.exec(head)?.[1];

describe("the URL of connect", () => {
	kept("throws at once for a protocol other than ws and wss", ({ ws }) => {
		expect(() => ws.connect("http://localhost/")).toThrow(
			/^Invalid protocol http:\. It must be ws or wss$/,
		);
		expect(() => ws.connect("localhost:80")).toThrow(
			/^Invalid protocol localhost:\. It must be ws or wss$/,
		);
	});

	kept("throws a TypeError with a code when it is no string", (bench) => {
		const { ws, implementation } = bench;
		for (const url of [undefined, null, 8_000, {}]) {
			expect(() => ws.connect(url)).toThrow(
				expect.objectContaining({
					name: "TypeError",
					code:
						implementation.version === 1
							? "ERR_INVALID_ARG_TYPE"
							: "WS_ERR_OPTION",
				}),
			);
		}
	});

	kept("gives ws: port 80 and wss: port 443, as numbers", async (bench) => {
		const nowhere = join(bench.folder(), "nobody.sock");
		for (const [url, port] of [
			["ws://localhost/", 80],
			["wss://localhost/", 443],
		] as const) {
			const options: { path: string; port?: unknown } = { path: nowhere };
			const connection = bench.connect(url, options);
			const failed = next(connection, "error");
			expect(options.port).toBe(port);
			await failed;
		}
	});

	kept("asks for / where the URL has no path", async (bench) => {
		const head = await requestOf(bench, (port) => `ws://127.0.0.1:${port}`);
		expect(targetOf(head)).toBe("GET / HTTP/1.1");
	});

	kept("asks for path and query, without the fragment", async (bench) => {
		const head = await requestOf(
			bench,
			(port) => `ws://127.0.0.1:${port}/a/b?c=d&e#f`,
		);
		expect(targetOf(head)).toBe("GET /a/b?c=d&e HTTP/1.1");
	});

	kept("keeps dot segments and percent signs as they are", async (bench) => {
		const head = await requestOf(
			bench,
			(port) => `ws://127.0.0.1:${port}/a%20b/../c/./d?e=%zz`,
		);
		expect(targetOf(head)).toBe("GET /a%20b/../c/./d?e=%zz HTTP/1.1");
	});

	kept("asks for /?query where the path is missing", async (bench) => {
		const head = await requestOf(
			bench,
			(port) => `ws://127.0.0.1:${port}?token=1`,
		);
		expect(targetOf(head)).toBe("GET /?token=1 HTTP/1.1");
	});

	kept("ignores user name and password", async (bench) => {
		const head = await requestOf(
			bench,
			(port) => `ws://user:secret@127.0.0.1:${port}/`,
		);
		expect(head).not.toMatch(/authorization/i);
		expect(head).not.toMatch(/secret/);
		expect(hostOf(head)).toMatch(/^127\.0\.0\.1/);
	});

	kept("is ws: when it has no protocol", async (bench) => {
		const path = join(bench.folder(), "ws.sock");
		const server = bench.track(bench.ws.createServer({}));
		const listening = next(server, "listening");
		server.listen(path);
		await listening;
		const accepted = next(server, "connection");
		const connection = bench.connect("/chat?x", { path });
		await next(connection, "connect");
		await accepted;
		expect(server.connections[0].path).toBe("/chat?x");
	});

	kept("loses the brackets of an IPv6 address in conn.host", async (bench) => {
		const server = bench.track(bench.ws.createServer({}));
		const ready = Promise.race([
			next(server, "listening").then(() => true),
			next(server, "error").then(() => false),
		]);
		server.listen(0, "::1");
		if (!(await ready)) return bench.skip("there is no IPv6 here");
		const { port } = server.socket.address() as { port: number };
		const accepted = next(server, "connection");
		const connection = bench.connect(`ws://[::1]:${port}/`);
		await next(connection, "connect");
		await accepted;
		expect(connection.host).toBe("::1");
		const host = server.connections[0].headers.host;
		expect(host).toBe(
			bench.implementation.version === 1 ? "::1" : `[::1]:${port}`,
		);
	});

	fixed("puts the port into the Host header", async (bench) => {
		let seen = 0;
		const head = await requestOf(bench, (port) => {
			seen = port;
			return `ws://127.0.0.1:${port}/`;
		});
		expect(hostOf(head)).toBe(`127.0.0.1:${seen}`);
	});

	formerly("the Host header had no port", async (bench) => {
		const head = await requestOf(bench, (port) => `ws://127.0.0.1:${port}/`);
		expect(hostOf(head)).toBe("127.0.0.1");
	});

	fixed("leaves a default port out of the Host header", async (bench) => {
		const path = join(bench.folder(), "ws.sock");
		const server = bench.track(bench.ws.createServer({}));
		const listening = next(server, "listening");
		server.listen(path);
		await listening;
		const accepted = next(server, "connection");
		const connection = bench.connect("ws://example.test/", { path });
		await next(connection, "connect");
		await accepted;
		expect(server.connections[0].headers.host).toBe("example.test");
	});
});

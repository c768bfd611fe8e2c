import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import type { Bench } from "../support/compat-bench.js";
import { next, record, turns, until } from "../support/compat-wait.js";
import {
	frame,
	RFC_ACCEPT,
	request,
	type Wire,
} from "../support/compat-wire.js";

const masked = { mask: true };

/** What a fresh server answers to `bytes`, until it ends the connection. */
async function answerTo(
	bench: Bench,
	bytes: string,
	options: Record<string, unknown> = {},
): Promise<string> {
	const { server, port } = await bench.serve(options);
	const emitted = [record(server, "connection"), record(server, "error")];
	const wire = await bench.dial(port);
	wire.write(bytes);
	const answer = (await wire.rest()).toString("latin1");
	expect(emitted).toEqual([[], []]);
	expect(server.connections).toEqual([]);
	return answer;
}

const statusOf = (answer: string) =>
	Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);

describe("the answer to a good handshake", () => {
	kept("is these bytes", async (bench) => {
		const { answer } = await bench.rawClient();
		expect(answer).toBe(
			"HTTP/1.1 101 Switching Protocols\r\n" +
				"Upgrade: websocket\r\n" +
				"Connection: Upgrade\r\n" +
				`Sec-WebSocket-Accept: ${RFC_ACCEPT}\r\n` +
				"\r\n",
		);
	});

	kept("names the protocol behind the accept key", async (bench) => {
		const { answer } = await bench.rawClient(
			{ validProtocols: ["p"] },
			{ "Sec-WebSocket-Protocol": "p" },
		);
		expect(answer).toBe(
			"HTTP/1.1 101 Switching Protocols\r\n" +
				"Upgrade: websocket\r\n" +
				"Connection: Upgrade\r\n" +
				`Sec-WebSocket-Accept: ${RFC_ACCEPT}\r\n` +
				"Sec-WebSocket-Protocol: p\r\n" +
				"\r\n",
		);
	});

	kept("accepts no extension that is offered", async (bench) => {
		const { answer } = await bench.rawClient(
			{},
			{ "Sec-WebSocket-Extensions": "permessage-deflate" },
		);
		expect(answer).toMatch(/^HTTP\/1\.1 101 /);
		expect(answer).not.toMatch(/extensions/i);
	});

	kept("comes whatever the case of names and values", async (bench) => {
		const { server, port } = await bench.serve();
		const wire = await bench.dial(port);
		wire.write(
			request({
				Upgrade: "WebSocket",
				Connection: "keep-alive, UPGRADE",
			}).replace("Host:", "HOST:"),
		);
		expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
		expect(server.connections).toHaveLength(1);
	});

	kept("comes when the request arrives byte by byte", async (bench) => {
		const { near, port, server } = await bench.rawClient();
		expect(near.readyState).toBe(1);
		const wire = await bench.dial(port);
		wire.socket.setNoDelay();
		for (const byte of request()) {
			wire.write(byte);
			await turns(1);
		}
		expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
		expect(server.connections).toHaveLength(2);
	});

	kept(
		"is followed by the frames that came with the request",
		async (bench) => {
			const { server, port } = await bench.serve();
			const texts: unknown[] = [];
			server.on("connection", (connection) => {
				connection.on("text", (text: string) => {
					texts.push(text);
					connection.sendText(text.toUpperCase());
				});
			});
			const wire = await bench.dial(port);
			wire.write(request(), frame(1, "one", masked), frame(1, "two", masked));
			await wire.head();
			expect((await wire.frame()).payload.toString()).toBe("ONE");
			expect((await wire.frame()).payload.toString()).toBe("TWO");
			expect(texts).toEqual(["one", "two"]);
		},
	);

	kept(
		"comes before what the program sends in its 'connection' listener",
		async (bench) => {
			const { port } = await bench.serve({}, (connection) => {
				connection.sendText("welcome");
			});
			const wire = await bench.dial(port);
			wire.write(request());
			expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
			expect((await wire.frame()).payload.toString()).toBe("welcome");
		},
	);

	kept("comes before a close from the 'connection' listener", async (bench) => {
		const { port } = await bench.serve({}, (connection) => {
			connection.close(1001, "full");
		});
		const wire = await bench.dial(port);
		wire.write(request());
		expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
		expect((await wire.frame()).payload.toString("latin1", 2)).toBe("full");
	});
});

describe("a bad handshake is refused with a 4xx and the end of the connection", () => {
	const bad: Record<string, string> = {
		"no HTTP": "hello there\r\nthis\r\nis\r\nno\r\nHTTP\r\n\r\n",
		"no Host": request({ Host: null }),
		"no Upgrade": request({ Upgrade: null }),
		"no Connection": request({ Connection: null }),
		"no key": request({ "Sec-WebSocket-Key": null }),
		"no version": request({ "Sec-WebSocket-Version": null }),
		"another version": request({ "Sec-WebSocket-Version": "8" }),
		"another upgrade": request({ Upgrade: "h2c" }),
		"a Connection without upgrade": request({ Connection: "keep-alive" }),
		"a POST": request({ "Content-Length": "0" }, "POST / HTTP/1.1"),
		"a plain GET of a browser":
			"GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nUser-Agent: y\r\nCookie: z\r\n\r\n",
	};
	for (const [what, bytes] of Object.entries(bad)) {
		kept(`(${what})`, async (bench) => {
			const status = statusOf(await answerTo(bench, bytes));
			expect(status).toBeGreaterThanOrEqual(400);
			expect(status).toBeLessThan(500);
		});
	}
});

describe("the status of a refusal", () => {
	const cases: Record<string, [number, string]> = {
		"405 for another method": [
			405,
			request({ "Content-Length": "0" }, "POST / HTTP/1.1"),
		],
		"426 for another version": [426, request({ "Sec-WebSocket-Version": "8" })],
		"426 for a plain GET": [426, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
		"400 without a key": [400, request({ "Sec-WebSocket-Key": null })],
		"400 for a key that is not 16 bytes": [
			400,
			request({ "Sec-WebSocket-Key": "c2hvcnQ=" }),
		],
		"400 for two keys": [
			400,
			request().replace(
				"\r\n\r\n",
				"\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n",
			),
		],
		"400 without a Host": [400, request({ Host: null })],
		"505 for HTTP/1.0": [505, request({}, "GET / HTTP/1.0")],
		"400 for what is no HTTP": [400, "hello\r\n\r\n"],
	};
	for (const [what, [status, bytes]] of Object.entries(cases)) {
		fixed(`is ${what}`, async (bench) => {
			expect(statusOf(await answerTo(bench, bytes))).toBe(status);
		});
	}

	fixed("426 names the version to use", async (bench) => {
		const answer = await answerTo(
			bench,
			request({ "Sec-WebSocket-Version": "8" }),
		);
		expect(answer).toMatch(/\r\nSec-WebSocket-Version: 13\r\n/i);
	});

	fixed("is 431 for a head that is too long", async (bench) => {
		const long = request({ "X-Long": "x".repeat(70_000) });
		expect(statusOf(await answerTo(bench, long))).toBe(431);
	});

	fixed("is 408 for a head that never ends", async (bench) => {
		const answer = await answerTo(bench, "GET / HTTP/1.1\r\nHost: x\r\n", {
			handshakeTimeoutMs: 30,
		});
		expect(statusOf(answer)).toBe(408);
	});

	formerly("it was always a bare 400", async (bench) => {
		for (const bytes of [
			request({ "Sec-WebSocket-Version": "8" }),
			request({}, "POST / HTTP/1.1"),
		]) {
			expect(await answerTo(bench, bytes)).toBe(
				"HTTP/1.1 400 Bad Request\r\n\r\n",
			);
		}
	});

	formerly("HTTP/1.0 and any key were accepted", async (bench) => {
		const { port } = await bench.serve();
		const wire = await bench.dial(port);
		wire.write(request({ "Sec-WebSocket-Key": "any" }, "GET / HTTP/1.0"));
		expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
	});
});

describe("a handshake that breaks off", () => {
	const breaks: Record<string, (wire: Wire) => void> = {
		FIN: (wire) => wire.socket.end(),
		RST: (wire) => wire.reset(),
	};
	for (const [how, end] of Object.entries(breaks)) {
		kept(
			`by ${how} emits nothing and leaves the server well`,
			async (bench) => {
				const { server, port, url } = await bench.serve();
				const emitted = [record(server, "connection"), record(server, "error")];
				const accepted = next(server.socket, "connection");
				const wire = await bench.dial(port);
				const [socket] = (await accepted) as [import("node:net").Socket];
				wire.write("GET / HTTP/1.1\r\nHost: x\r\n");
				await until("the bytes", () => socket.bytesRead > 0);
				end(wire);
				if (how === "FIN") wire.socket.destroy();
				await until("the end", () => socket.destroyed || socket.readableEnded);
				expect(emitted).toEqual([[], []]);
				await next(bench.connect(url), "connect");
			},
		);
	}
});

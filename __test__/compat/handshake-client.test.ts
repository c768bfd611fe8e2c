import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import { keyOf } from "../support/compat-bench.js";
import { deferred, next, record, within } from "../support/compat-wait.js";
import { frame, response, type Wire } from "../support/compat-wire.js";

describe("the request of a client", () => {
	kept("has these headers in this order", async (bench) => {
		const { head } = await bench.rawServer();
		const lines = head.split("\r\n");
		expect(lines[0]).toBe("GET / HTTP/1.1");
		expect(lines.slice(1).map((line) => line.split(": ")[0])).toEqual([
			"Host",
			"Upgrade",
			"Connection",
			"Sec-WebSocket-Key",
			"Sec-WebSocket-Version",
			"",
			"",
		]);
		expect(head).toContain(
			`\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${keyOf(head)}\r\nSec-WebSocket-Version: 13\r\n`,
		);
	});

	kept(
		"offers the protocols behind them, joined by a comma and a space",
		async (bench) => {
			const { head } = await bench.rawServer(
				{ protocols: ["a", "b"] },
				{ "Sec-WebSocket-Protocol": "a" },
			);
			expect(head).toContain(
				"\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a, b\r\n\r\n",
			);
		},
	);

	kept("has the extraHeaders at its end, with their case", async (bench) => {
		const { head } = await bench.rawServer({
			extraHeaders: { "X-First": "1", authorization: "Bearer x" },
		});
		expect(head).toMatch(/\r\nX-First: 1\r\nauthorization: Bearer x\r\n\r\n$/);
	});

	for (const value of ["caf\u00e9", "5 \u20ac"]) {
		kept(`carries ${value} in extraHeaders from end to end`, async (bench) => {
			const { near } = await bench.pair(
				{},
				{ extraHeaders: { "X-Name": value } },
			);
			expect(near.headers["x-name"]).toBe(value);
		});
	}

	kept("lets extraHeaders take the place of its own", async (bench) => {
		const { head } = await bench.rawServer({
			extraHeaders: { Host: "example.test:81" },
		});
		expect(head.split("\r\n").filter((line) => /^host:/i.test(line))).toEqual([
			"Host: example.test:81",
		]);
	});

	kept("has neither User-Agent nor Origin", async (bench) => {
		const { head } = await bench.rawServer();
		expect(head).not.toMatch(/^(user-agent|origin):/im);
	});

	kept("has a key of its own each time", async (bench) => {
		const keys = new Set<string>();
		for (let i = 0; i < 4; i++) {
			keys.add(keyOf((await bench.rawServer()).head));
		}
		expect(keys.size).toBe(4);
	});

	fixed(
		"refuses CR and LF in extraHeaders and protocols before it connects",
		(bench) => {
			for (const [options, code] of [
				[{ extraHeaders: { "X-A": "1\r\nX-B: 2" } }, "WS_ERR_INVALID_HEADER"],
				[{ extraHeaders: { "X-A\r\nX-B": "1" } }, "WS_ERR_INVALID_HEADER"],
				[{ protocols: ["a\r\nX-B: 2"] }, "WS_ERR_OPTION"],
			] as const) {
				expect(() => bench.ws.connect("ws://127.0.0.1:9/", options)).toThrow(
					expect.objectContaining({ name: "TypeError", code }),
				);
			}
		},
	);

	formerly("a CR LF in extraHeaders made another header", async (bench) => {
		const { head } = await bench.rawServer({
			extraHeaders: { "X-A": "1\r\nX-B: 2" },
		});
		expect(head).toContain("\r\nX-B: 2\r\n");
	});
});

describe("the answer a client accepts", () => {
	kept("may be followed by frames in the same chunk", async (bench) => {
		const { far } = await bench.answered((key) =>
			Buffer.concat([Buffer.from(response(key)), frame(1, "first")]),
		);
		const text = next(far, "text");
		await next(far, "connect");
		expect(await text).toEqual(["first"]);
	});

	kept(
		"has its first frames told to listeners added in the connect callback",
		async (bench) => {
			const { promise, resolve } = deferred<unknown>();
			const port = await bench.listenRaw((wire) => {
				wire.head().then((head) => {
					wire.write(response(keyOf(head)), frame(1, "early"));
				});
			});
			const far = bench.own(
				bench.ws.connect(`ws://127.0.0.1:${port}/`, {}, () => {
					far.on("text", resolve);
				}),
			);
			expect(await within("the text", promise)).toBe("early");
		},
	);

	kept("needs no reason phrase", async (bench) => {
		for (const line of ["HTTP/1.1 101", "HTTP/1.1 101 ", "HTTP/1.1 101 Ok"]) {
			const { far } = await bench.answered((key) => response(key, {}, line));
			await next(far, "connect");
			expect(far.readyState).toBe(1);
		}
	});

	kept("may have other headers, and values of any case", async (bench) => {
		const { far } = await bench.answered((key) =>
			response(key, {
				Upgrade: "WebSocket",
				Connection: "keep-alive, upgrade",
				Server: "x",
				Date: "today",
			}),
		);
		await next(far, "connect");
		expect(far.headers.server).toBe("x");
	});

	kept("may come byte by byte", async (bench) => {
		const { far } = await bench.answered(() => "");
		far.on("error", () => {});
		const port = await bench.listenRaw((wire) => {
			wire.head().then(async (head) => {
				wire.socket.setNoDelay();
				for (const byte of response(keyOf(head))) {
					wire.write(byte);
					await new Promise((resolve) => setImmediate(resolve));
				}
			});
		});
		const slow = bench.connect(`ws://127.0.0.1:${port}/`);
		await next(slow, "connect");
		expect(slow.readyState).toBe(1);
	});
});

describe("the answer a client refuses is 'error' with this text, then 'close' 1006", () => {
	const refusals: Record<string, (key: string) => string> = {
		"Invalid handshake: too short": () =>
			"HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"Invalid handshake: invalid first line format": (key) =>
			response(key, {}, "HTTP/1.1 200 OK"),
		"Invalid handshake: missing required headers": (key) =>
			response(key, { "Sec-WebSocket-Accept": null, Server: "x" }),
		"Invalid handshake: invalid Upgrade or Connection header": (key) =>
			response(key, { Upgrade: "h2c" }),
		"Invalid handshake: no protocol negotiation was expected": (key) =>
			response(key, { "Sec-WebSocket-Protocol": "a" }),
		"Invalid handshake: hash mismatch": (key) =>
			response(key, { "Sec-WebSocket-Accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }),
	};
	for (const [text, answer] of Object.entries(refusals)) {
		kept(`(${text})`, async (bench) => {
			const { far } = await bench.answered(answer);
			const order: unknown[] = [];
			far.on("error", (error: Error) => order.push(error.message));
			far.on("connect", () => order.push("connect"));
			far.on("close", (...args) => order.push(args));
			await next(far, "close");
			expect(order).toEqual([text, [1006, ""]]);
		});
	}

	const protocols: Record<string, Record<string, string>> = {
		"none chosen": {},
		"another chosen": { "Sec-WebSocket-Protocol": "z" },
	};
	for (const [what, headers] of Object.entries(protocols)) {
		kept(
			`(Invalid handshake: no protocol was negotiated; ${what})`,
			async (bench) => {
				const { far } = await bench.answered((key) => response(key, headers), {
					protocols: ["a", "b"],
				});
				const order: unknown[] = [];
				far.on("error", (error: Error) => order.push(error.message));
				far.on("close", (...args) => order.push(args));
				await next(far, "close");
				expect(order).toEqual([
					"Invalid handshake: no protocol was negotiated",
					[1006, ""],
				]);
			},
		);
	}

	kept("(Handshake is too big)", async (bench) => {
		const { module } = bench.implementation;
		bench.afterwards(() => module.setMaxBufferLength(2_097_152));
		module.setMaxBufferLength(10_000);
		const { far } = await bench.answered((key) =>
			response(key, { "X-Long": "x".repeat(200_000) }),
		);
		const errors = record(far, "error");
		expect(await next(far, "close")).toEqual([1006, ""]);
		expect(errors[0]).toMatchObject([{ message: "Handshake is too big" }]);
	});

	kept("(the connection ends before the answer) is 1006", async (bench) => {
		const port = await bench.listenRaw((wire) => {
			wire.head().then(() => wire.socket.end());
		});
		const far = bench.connect(`ws://127.0.0.1:${port}/`);
		far.on("error", () => {});
		expect(await next(far, "close")).toEqual([1006, ""]);
	});

	kept("and the client ends the TCP connection", async (bench) => {
		const { far, wire } = await bench.answered((key) =>
			response(key, {}, "HTTP/1.1 404 Not Found"),
		);
		far.on("error", () => {});
		expect(await (await wire).rest()).toEqual(Buffer.alloc(0));
	});

	kept("and throws where nobody listens for 'error'", async (bench) => {
		const { far } = await bench.pair();
		expect(() => far.emit("error", new Error("seen"))).toThrow("seen");
	});

	fixed("with a typed error that carries the status", async (bench) => {
		const { far } = await bench.answered(
			() => "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
		);
		const failed = next(far, "error");
		expect((await failed)[0]).toMatchObject({
			code: "WS_ERR_HANDSHAKE_STATUS",
			initiator: "remote",
			statusCode: 403,
		});
	});

	fixed("an extension that was not offered, too", async (bench) => {
		const { far } = await bench.answered((key) =>
			response(key, { "Sec-WebSocket-Extensions": "permessage-deflate" }),
		);
		const failed = next(far, "error");
		expect((await failed)[0]).toMatchObject({
			code: "WS_ERR_HANDSHAKE_EXTENSION",
		});
	});

	fixed(
		"a silent server is given up after handshakeTimeoutMs",
		async (bench) => {
			const { promise, resolve } = deferred<Wire>();
			const port = await bench.listenRaw(resolve);
			const far = bench.connect(`ws://127.0.0.1:${port}/`, {
				handshakeTimeoutMs: 30,
			});
			const errors = record(far, "error");
			expect(await next(far, "close")).toEqual([1006, ""]);
			expect(errors).toMatchObject([[{ code: "WS_ERR_HANDSHAKE_TIMEOUT" }]]);
			await within("the end", (await promise).ended);
		},
	);
});

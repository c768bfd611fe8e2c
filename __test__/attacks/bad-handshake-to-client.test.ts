/** What a client does with answers that are no opening handshake: a typed error to who listens, 'close' 1006, no crash. */
import { describe, expect } from "vitest";
import type { Bench } from "../support/compat-bench.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { next, record, turns, within } from "../support/compat-wait.js";
import { frame, response, type Wire } from "../support/compat-wire.js";
import { onEachEngine } from "../support/peer-engines.js";

interface BadAnswer {
	name: string;
	code: string;
	statusCode?: number;
	options?: Record<string, unknown>;
	text(key: string): string | Buffer;
}

const status = (line: string, rest = "Content-Length: 0\r\n\r\n") =>
	`HTTP/1.1 ${line}\r\n${rest}`;

const badAnswers: BadAnswer[] = [
	...[
		[200, "200 OK"],
		[204, "204 No Content"],
		[301, "301 Moved Permanently"],
		[401, "401 Unauthorized"],
		[404, "404 Not Found"],
		[426, "426 Upgrade Required"],
		[500, "500 Internal Server Error"],
		[503, "503"],
	].map(([statusCode, line]) => ({
		name: `the status ${statusCode}`,
		code: "WS_ERR_HANDSHAKE_STATUS",
		statusCode: statusCode as number,
		text: () =>
			status(
				String(line),
				"Location: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
			),
	})),
	{
		name: "a status with all the headers of an upgrade",
		code: "WS_ERR_HANDSHAKE_STATUS",
		statusCode: 200,
		text: (key) => response(key, {}, "HTTP/1.1 200 OK"),
	},
	{
		name: "an endless body",
		code: "WS_ERR_HANDSHAKE_STATUS",
		statusCode: 404,
		text: () =>
			status(
				"404 Not Found",
				`Content-Length: 99999999\r\n\r\n${"x".repeat(300_000)}`,
			),
	},
	{
		name: "101 without headers",
		code: "WS_ERR_HANDSHAKE_TOO_SHORT",
		statusCode: 101,
		text: () => "HTTP/1.1 101 Switching Protocols\r\n\r\n",
	},
	{
		name: "101 without Upgrade",
		code: "WS_ERR_HANDSHAKE_HEADERS",
		statusCode: 101,
		text: (key) => response(key, { Upgrade: null }),
	},
	{
		name: "101 without Connection",
		code: "WS_ERR_HANDSHAKE_HEADERS",
		statusCode: 101,
		text: (key) => response(key, { Connection: null }),
	},
	{
		name: "101 without Sec-WebSocket-Accept",
		code: "WS_ERR_HANDSHAKE_HEADERS",
		statusCode: 101,
		text: (key) => response(key, { "Sec-WebSocket-Accept": null }),
	},
	{
		name: "101 to another protocol",
		code: "WS_ERR_HANDSHAKE_UPGRADE",
		statusCode: 101,
		text: (key) => response(key, { Upgrade: "h2c" }),
	},
	{
		name: "101 with Connection: close",
		code: "WS_ERR_HANDSHAKE_UPGRADE",
		statusCode: 101,
		text: (key) => response(key, { Connection: "close" }),
	},
	{
		name: "an accept value of another key",
		code: "WS_ERR_HANDSHAKE_HASH",
		statusCode: 101,
		text: () => response("AAAAAAAAAAAAAAAAAAAAAA=="),
	},
	{
		name: "the key itself as accept value",
		code: "WS_ERR_HANDSHAKE_HASH",
		statusCode: 101,
		text: (key) => response(key, { "Sec-WebSocket-Accept": key }),
	},
	{
		name: "a subprotocol nobody offered",
		code: "WS_ERR_HANDSHAKE_PROTOCOL",
		statusCode: 101,
		text: (key) => response(key, { "Sec-WebSocket-Protocol": "chat" }),
	},
	{
		name: "another subprotocol than those offered",
		code: "WS_ERR_HANDSHAKE_NO_PROTOCOL",
		statusCode: 101,
		options: { protocols: ["a", "b"] },
		text: (key) => response(key, { "Sec-WebSocket-Protocol": "c" }),
	},
	{
		name: "two of the subprotocols offered",
		code: "WS_ERR_HANDSHAKE_NO_PROTOCOL",
		statusCode: 101,
		options: { protocols: ["a", "b"] },
		text: (key) => response(key, { "Sec-WebSocket-Protocol": "a, b" }),
	},
	{
		name: "no subprotocol where some were offered",
		code: "WS_ERR_HANDSHAKE_NO_PROTOCOL",
		statusCode: 101,
		options: { protocols: ["a"] },
		text: (key) => response(key),
	},
	...[
		"permessage-deflate",
		'x; a="\\a\\a\\a',
		"permessage-deflate; server_max_window_bits=99",
	].map((extension) => ({
		name: `the extension ${extension}, which was not offered`,
		code: "WS_ERR_HANDSHAKE_EXTENSION",
		statusCode: 101,
		text: (key: string) =>
			response(key, { "Sec-WebSocket-Extensions": extension }),
	})),
	{
		name: "a head of 17 KiB",
		code: "WS_ERR_HANDSHAKE_TOO_BIG",
		text: (key) => response(key, { X: "a".repeat(17 * 1024) }),
	},
	{
		name: "headers that do not end",
		code: "WS_ERR_HANDSHAKE_TOO_BIG",
		text: () =>
			`HTTP/1.1 101 Switching Protocols\r\n${"X: y\r\n".repeat(10_000)}`,
	},
	{
		name: "interim responses without end",
		code: "WS_ERR_HANDSHAKE_TOO_BIG",
		text: () => "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".repeat(1000),
	},
	...(
		[
			["garbage", Buffer.from([0, 1, 2, 3, 255, 254, 13, 10, 13, 10])],
			["another protocol", "220 mail.example ESMTP\r\n"],
			[
				"a NUL in a header",
				"HTTP/1.1 101 Switching Protocols\r\nX: a\0b\r\n\r\n",
			],
			["a status of four digits", "HTTP/1.1 1010 Switching\r\n\r\n"],
			[
				"a body of two lengths",
				"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
			],
		] as const
	).map(([name, text]) => ({
		name,
		code: "WS_ERR_HANDSHAKE_STATUS",
		text: () => text,
	})),
];

/** Everything that a failed opening handshake has to show, once. */
async function expectFailure(
	far: ConnectionLike,
	wire: Promise<Wire>,
): Promise<Error> {
	const errors = record(far, "error");
	const closes = record(far, "close");
	const connects = record(far, "connect");
	expect(await within("the end", far.closed)).toEqual({
		code: 1006,
		reason: "",
		wasClean: false,
	});
	// The server sees it, too.
	await within("the end of the socket", (await wire).ended);
	await turns();
	expect(far.readyState).toBe(3);
	expect(connects).toEqual([]);
	expect(closes).toEqual([[1006, ""]]);
	expect(errors).toHaveLength(1);
	return errors[0][0] as Error;
}

describe("a client that is answered with", () => {
	for (const { name, code, statusCode, options, text } of badAnswers) {
		onEachEngine(`${name} fails with ${code}`, async (bench) => {
			const { far, wire } = await bench.answered(text, options);
			wire.then(({ socket }) => socket.end()).catch(() => {});
			const error = await expectFailure(far, wire);
			expect(error).toMatchObject({ code, name: "WebSocketError" });
			expect((error as { statusCode?: number }).statusCode).toBe(statusCode);
		});
	}
});

/** A client whose raw server does `act` once the request is there. */
async function servedBy(
	bench: Bench,
	act: (wire: Wire) => void,
	options: Record<string, unknown> = {},
): Promise<{ far: ConnectionLike; wire: Promise<Wire> }> {
	let found: (wire: Wire) => void = () => {};
	const wire = new Promise<Wire>((resolve) => {
		found = resolve;
	});
	const port = await bench.listenRaw((each) => {
		found(each);
		each.head().then(
			() => act(each),
			() => {},
		);
	});
	return { far: bench.connect(`ws://127.0.0.1:${port}/`, options), wire };
}

describe("a client", () => {
	onEachEngine(
		"gives a silent server up after handshakeTimeoutMs",
		async (bench) => {
			const { far, wire } = await servedBy(bench, () => {}, {
				handshakeTimeoutMs: 50,
			});
			expect(await expectFailure(far, wire)).toMatchObject({
				code: "WS_ERR_HANDSHAKE_TIMEOUT",
			});
		},
	);

	onEachEngine(
		"is not kept waiting by a header line now and then",
		async (bench) => {
			let drip: NodeJS.Timeout | undefined;
			const { far, wire } = await servedBy(
				bench,
				({ socket }) => {
					socket.write("HTTP/1.1 101 Switching Protocols\r\n");
					drip = setInterval(() => socket.write("X: y\r\n"), 10);
				},
				{ handshakeTimeoutMs: 100 },
			);
			bench.afterwards(() => clearInterval(drip));
			expect(await expectFailure(far, wire)).toMatchObject({
				code: "WS_ERR_HANDSHAKE_TIMEOUT",
			});
		},
	);

	onEachEngine(
		"fails where the server ends without an answer",
		async (bench) => {
			for (const start of [
				"",
				"HTTP/1.1 101 Swit",
				"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n",
			]) {
				const { far, wire } = await servedBy(bench, ({ socket }) =>
					socket.end(start),
				);
				expect(await expectFailure(far, wire), start).toMatchObject({
					code: "WS_ERR_CONNECTION_LOST",
				});
			}
		},
	);

	onEachEngine(
		"hands on the operating system's error where the server resets",
		async (bench) => {
			const { far, wire } = await servedBy(bench, (each) => each.reset());
			expect(await expectFailure(far, wire)).toMatchObject({
				code: "ECONNRESET",
			});
		},
	);

	onEachEngine(
		"hands on the operating system's error where nobody listens",
		async (bench) => {
			const port = await bench.listenRaw(() => {});
			const { server } = await bench.serve();
			const free = (server.socket.address() as { port: number }).port;
			server.close();
			await next(server, "close");
			expect(port).not.toBe(free);
			const far = bench.connect(`ws://127.0.0.1:${free}/`);
			const closes = record(far, "close");
			const [error] = await next(far, "error");
			expect(error).toMatchObject({ code: "ECONNREFUSED" });
			await within("the end", far.closed);
			expect(closes).toEqual([[1006, ""]]);
		},
	);

	onEachEngine(
		"does not crash where nobody listens for 'error'",
		async (bench) => {
			const acts: ((wire: Wire) => void)[] = [
				(wire) => wire.write("garbage\r\n\r\n"),
				(wire) => wire.write(status("404 Not Found")),
				(wire) => wire.reset(),
				(wire) => wire.socket.end(),
			];
			for (const act of acts) {
				const { far } = await servedBy(bench, act);
				expect(await next(far, "close")).toEqual([1006, ""]);
				await within("the end", far.closed);
			}
		},
	);

	onEachEngine(
		"delivers frames that come right behind the answer",
		async (bench) => {
			const { far } = await bench.answered((key) =>
				Buffer.concat([
					Buffer.from(response(key)),
					frame(1, "first"),
					frame(1, "second"),
					frame(8, Buffer.from([3, 232])),
				]),
			);
			const texts = record(far, "text");
			expect(await next(far, "close")).toEqual([1000, ""]);
			expect(texts).toEqual([["first"], ["second"]]);
		},
	);

	onEachEngine(
		"reads an answer that comes byte by byte, behind a few interim ones",
		async (bench) => {
			const { far, wire } = await bench.answered(() => "");
			const connected = next(far, "connect");
			const { socket } = await wire;
			const text = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${response(far.key as string)}`;
			socket.setNoDelay(true);
			for (const byte of Buffer.from(text)) {
				socket.write(Buffer.of(byte));
				await new Promise(setImmediate);
			}
			await connected;
			expect(far.readyState).toBe(1);
		},
	);

	onEachEngine(
		"gives up on an abort and says who asked for it",
		async (bench) => {
			const controller = new AbortController();
			const { far, wire } = await servedBy(
				bench,
				() => controller.abort(new Error("changed my mind")),
				{ signal: controller.signal },
			);
			expect(await expectFailure(far, wire)).toMatchObject({
				code: "WS_ERR_ABORTED",
				cause: { message: "changed my mind" },
			});
		},
	);
});

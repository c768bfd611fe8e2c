/** Answers that accept no opening handshake, with the error that each has to become. */
import { response } from "../../support/compat-wire.js";

export interface BadAnswer {
	name: string;
	code: string;
	statusCode?: number;
	options?: Record<string, unknown>;
	text(key: string): string | Buffer;
}

export const status = (line: string, rest = "Content-Length: 0\r\n\r\n") =>
	`HTTP/1.1 ${line}\r\n${rest}`;

export const badAnswers: BadAnswer[] = [
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
		name: "two accept values, the first of which is right",
		code: "WS_ERR_HANDSHAKE_HASH",
		statusCode: 101,
		text: (key) =>
			response(key).replace(
				"\r\n\r\n",
				"\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
			),
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
		name: "one of the subprotocols offered in two headers",
		code: "WS_ERR_HANDSHAKE_NO_PROTOCOL",
		statusCode: 101,
		options: { protocols: ["a", "b"] },
		text: (key) =>
			response(key, {
				"Sec-WebSocket-Protocol": "a\r\nSec-WebSocket-Protocol: a",
			}),
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
		"permessage-deflate, permessage-deflate",
		"permessage-deflate; server_max_window_bits",
		...["0", "7", "16", "99", "abc", '""'].map(
			(bits) => `permessage-deflate; server_max_window_bits=${bits}`,
		),
		"permessage-deflate; server_max_window_bits=8; server_max_window_bits=9",
		"__proto__",
	].map((extension) => ({
		name: `the extension ${extension}, which was not offered`,
		code: "WS_ERR_HANDSHAKE_EXTENSION",
		statusCode: 101,
		text: (key: string) =>
			response(key, { "Sec-WebSocket-Extensions": extension }),
	})),
	...[
		"x",
		"permessage-deflate, permessage-deflate",
		"permessage-deflate; x",
		...["0", "7", "16", "abc", '""'].map(
			(bits) =>
				`permessage-deflate; server_no_context_takeover; server_max_window_bits=${bits}`,
		),
		"permessage-deflate; server_no_context_takeover; server_max_window_bits=9; server_max_window_bits=9",
		"permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits",
		'permessage-deflate; server_max_window_bits="',
	].map((extension) => ({
		name: `the extension ${extension}, which was offered on other terms`,
		code: "WS_ERR_HANDSHAKE_EXTENSION",
		statusCode: 101,
		options: { perMessageDeflate: true },
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

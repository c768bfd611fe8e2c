/** Requests that are no opening handshake, with the status that each has to be answered with. */
import { request } from "../../support/compat-wire.js";

export interface BadRequest {
	name: string;
	status: number;
	text: string | Buffer;
}

export const KEY = "Sec-WebSocket-Key";
export const VERSION = "Sec-WebSocket-Version";

/** The usual request with `line` put in as a further header line. */
export const withLine = (line: string) =>
	request().replace("\r\n\r\n", `\r\n${line}\r\n\r\n`);

const manyHeaders = Array.from({ length: 101 }, (_, i) => `X-${i}: y`);

export const badRequests: BadRequest[] = [
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
		name: "a key of 17 bytes",
		status: 400,
		text: request({ [KEY]: "AAAAAAAAAAAAAAAAAAAAAAA=" }),
	},
	{
		name: "a key with bits set behind its last byte",
		status: 400,
		text: request({ [KEY]: "AAAAAAAAAAAAAAAAAAAAAB==" }),
	},
	{
		name: "two keys in one header",
		status: 400,
		text: request({
			[KEY]: "AAAAAAAAAAAAAAAAAAAAAA==, AAAAAAAAAAAAAAAAAAAAAA==",
		}),
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
	{ name: "a CR inside a header", status: 400, text: withLine("X: a\rY: b") },
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
	{
		name: "the preface of HTTP/2",
		status: 400,
		text: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	},
	{ name: "HTTP/1.2", status: 400, text: request({}, "GET / HTTP/1.2") },
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
		name: "3,000 headers before the usual ones",
		status: 431,
		text: request(
			{},
			`GET / HTTP/1.1\r\n${Array(3000).fill("a:b").join("\r\n")}`,
		),
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

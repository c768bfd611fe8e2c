/**
 * The rules of the opening handshake (RFC 6455 section 4), without I/O: what a request and a response must say.
 */
import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { ErrorCode } from "../errors.js";
import { acceptKey, isValidKey } from "../rfc6455/accept-key.js";
import {
	checkDeflateAnswer,
	type DeflateWishes,
} from "./permessage-deflate.js";

/** More header fields than this are refused: Node's parser cuts silently at a higher number. */
export const MAX_HEADERS = 100;

/** Largest head of a request or response, in bytes. */
export const MAX_HEAD_BYTES = 16 * 1024;

/** What is needed of an HTTP request, shaped as node:http has it. */
export interface RequestHead {
	method?: string;
	httpVersion: string;
	/** Names and values in turn, as received. */
	rawHeaders: string[];
}

/** A refusal: HTTP status, the headers that explain it, and a sentence for the body. */
export interface Refusal {
	statusCode: number;
	headers: Record<string, string>;
	message: string;
	/** What went wrong on this side; for the program, not for the peer. */
	cause?: unknown;
}

export interface AcceptedRequest {
	key: string;
	/** The subprotocols the client offers, in its order of preference. */
	protocols: string[];
	/** The extensions it offers, as they stand in Sec-WebSocket-Extensions; "" for none. */
	extensions: string;
	/** The value of Sec-WebSocket-Accept that answers the key, where it was made already. */
	answer?: string;
}

/** Makes a Refusal. */
export function refuse(
	statusCode: number,
	message: string,
	headers: Record<string, string> = {},
): Refusal {
	return { statusCode, headers, message };
}

const upgradeRequired = (message: string) =>
	refuse(426, message, { Upgrade: "websocket", "Sec-WebSocket-Version": "13" });

/** The values of every field called `name` (lower case). */
export function fieldValues(rawHeaders: string[], name: string): string[] {
	const values: string[] = [];
	for (let i = 0; i < rawHeaders.length; i += 2) {
		if (
			rawHeaders[i].length === name.length &&
			rawHeaders[i].toLowerCase() === name
		)
			values.push(rawHeaders[i + 1]);
	}
	return values;
}

/** Checks a client's opening handshake (section 4.2.1). */
export function checkRequest(request: RequestHead): AcceptedRequest | Refusal {
	const { rawHeaders } = request;
	if (rawHeaders.length > 2 * MAX_HEADERS)
		return refuse(431, `More than ${MAX_HEADERS} header fields`);
	// "The method of the request MUST be GET, and the HTTP version MUST be at least 1.1."
	if (request.method !== "GET")
		return refuse(405, "The method should be GET", { Allow: "GET" });
	if (request.httpVersion !== "1.1")
		return refuse(505, "The HTTP version should be 1.1");
	const upgrade = fieldValues(rawHeaders, "upgrade");
	const connection = fieldValues(rawHeaders, "connection").join(",");
	if (upgrade.length === 0 || !hasToken(connection, "upgrade")) {
		return upgradeRequired(
			"This is a WebSocket server: the request should ask for an upgrade to websocket",
		);
	}
	if (upgrade.length > 1) return refuse(400, "Upgrade should be there once");
	if (upgrade[0].toLowerCase() !== "websocket")
		return upgradeRequired("Upgrade should be websocket");
	if (fieldValues(rawHeaders, "host").length !== 1)
		return refuse(400, "Host should be there once");
	if (fieldValues(rawHeaders, "transfer-encoding").length > 0)
		return refuse(400, "There should be no body");
	if (
		fieldValues(rawHeaders, "content-length").some((value) => value !== "0")
	) {
		return refuse(400, "There should be no body");
	}
	const versions = fieldValues(rawHeaders, "sec-websocket-version");
	if (versions.length !== 1)
		return refuse(400, "Sec-WebSocket-Version should be there once");
	// "If this version does not match a version understood by the server, the server MUST abort the WebSocket handshake
	// and instead send an appropriate HTTP error code (such as 426 Upgrade Required)" (4.2.2)
	if (versions[0] !== "13")
		return upgradeRequired("Sec-WebSocket-Version should be 13");
	const keys = fieldValues(rawHeaders, "sec-websocket-key");
	if (keys.length !== 1 || !isValidKey(keys[0])) {
		return refuse(
			400,
			"Sec-WebSocket-Key should be there once, with 16 bytes in base64",
		);
	}
	const offers = fieldValues(rawHeaders, "sec-websocket-protocol");
	const protocols = offers.length === 0 ? [] : parseProtocols(offers.join(","));
	if (protocols === null)
		return refuse(
			400,
			"Sec-WebSocket-Protocol should be a list of different tokens",
		);
	const extensions = fieldValues(rawHeaders, "sec-websocket-extensions").join(
		",",
	);
	return { key: keys[0], protocols, extensions };
}

/**
 * The fields of a request head that is perfect (crate/src/request.rs), as node:http has them: each is there once, on one line.
 *
 * @param head the request line, the fields and the empty line, a character for each byte
 */
export function fieldsOf(head: string): IncomingHttpHeaders {
	const fields: IncomingHttpHeaders = {};
	const raw = rawFieldsOf(head);
	for (let i = 0; i < raw.length; i += 2)
		fields[raw[i].toLowerCase()] = raw[i + 1];
	return fields;
}

/** The fields of such a head as they came: names and values in turn. */
export function rawFieldsOf(head: string): string[] {
	const fields: string[] = [];
	const lines = head.split("\r\n");
	for (let i = 1; i < lines.length; i++) {
		const line = lines[i];
		const colon = line.indexOf(":");
		if (colon === -1) continue;
		const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
		fields.push(line.slice(0, colon), value);
	}
	return fields;
}

/** The head of the response that accepts a handshake (section 4.2.2). */
export function acceptResponse(
	{ key, answer }: AcceptedRequest,
	protocol: string | undefined,
	extension: string | undefined,
): string {
	return (
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		`Sec-WebSocket-Accept: ${answer ?? acceptKey(key)}\r\n` +
		(protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`) +
		(extension === undefined
			? "\r\n"
			: `Sec-WebSocket-Extensions: ${extension}\r\n\r\n`)
	);
}

/** What is needed of an HTTP response, shaped as node:http has it: joined fields under lower-case names. */
export interface ResponseHead {
	statusCode?: number;
	headers: Record<string, string | string[] | undefined>;
}

/** What the client asked for. */
export interface OpeningRequest {
	key: string;
	protocols: readonly string[];
	/** How permessage-deflate was offered; null where it was not. */
	deflate: DeflateWishes | null;
}

/** Checks a server's answer (section 4.1), in the order of 1.7. Returns what is wrong, or null. */
export function checkResponse(
	response: ResponseHead,
	asked: OpeningRequest,
): ErrorCode | null {
	const { headers } = response;
	if (Object.keys(headers).length === 0) return "WS_ERR_HANDSHAKE_TOO_SHORT";
	if (response.statusCode !== 101) return "WS_ERR_HANDSHAKE_STATUS";
	const upgrade = headers.upgrade;
	const connection = headers.connection;
	const accept = headers["sec-websocket-accept"];
	if (
		typeof upgrade !== "string" ||
		typeof connection !== "string" ||
		typeof accept !== "string"
	) {
		return "WS_ERR_HANDSHAKE_HEADERS";
	}
	if (upgrade.toLowerCase() !== "websocket" || !hasToken(connection, "upgrade"))
		return "WS_ERR_HANDSHAKE_UPGRADE";
	const protocol = headers["sec-websocket-protocol"];
	if (asked.protocols.length > 0) {
		// Compatibility: 1.7 insists on an agreement where it offered something.
		if (typeof protocol !== "string" || !asked.protocols.includes(protocol))
			return "WS_ERR_HANDSHAKE_NO_PROTOCOL";
	} else if (protocol !== undefined) {
		return "WS_ERR_HANDSHAKE_PROTOCOL";
	}
	// "If the response includes a Sec-WebSocket-Extensions header field and this header field indicates the use of an
	// extension that was not present in the client's handshake, the client MUST _Fail the WebSocket Connection_."
	const extensions = headers["sec-websocket-extensions"];
	if (
		extensions !== undefined &&
		checkDeflateAnswer(String(extensions), asked.deflate) === null
	)
		return "WS_ERR_HANDSHAKE_EXTENSION";
	if (accept !== acceptKey(asked.key)) return "WS_ERR_HANDSHAKE_HASH";
	return null;
}

/** Whether the comma-separated `list` has `token` (lower case), whatever the case. */
function hasToken(list: string, token: string): boolean {
	return list
		.split(",")
		.some((element) => element.trim().toLowerCase() === token);
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether `value` is a token of RFC 9110, as subprotocols must be. */
export function isToken(value: string): boolean {
	return TOKEN.test(value);
}

/** The tokens of a list of subprotocols, or null where one is not a token or comes twice. Linear in the length. */
export function parseProtocols(list: string): string[] | null {
	const seen = new Set<string>();
	for (const element of list.split(",")) {
		const protocol = element.trim();
		if (!isToken(protocol) || seen.has(protocol)) return null;
		seen.add(protocol);
	}
	return [...seen];
}

/**
 * A header value as node:http wants it: a character per byte of its UTF-8. Compatibility: 1.7 sent and read UTF-8, where
 * HTTP knows only bytes.
 */
export function encodeFieldValue(value: unknown): string {
	return Buffer.from(String(value), "utf8").toString("latin1");
}

/** Headers as node:http has them, with the values that are UTF-8 beyond ASCII decoded. */
export function decodeHeaders(
	headers: IncomingHttpHeaders,
): IncomingHttpHeaders {
	for (const name in headers) {
		const value = headers[name];
		if (typeof value !== "string" || !/[\x80-\xff]/.test(value)) continue;
		const bytes = Buffer.from(value, "latin1");
		if (isUtf8(bytes)) headers[name] = bytes.toString("utf8");
	}
	return headers;
}

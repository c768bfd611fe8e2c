/** Opens client connections. */
import { validateHeaderName, validateHeaderValue } from "node:http";
import * as net from "node:net";
import * as tls from "node:tls";
import { Connection } from "../connection/connection.js";
import {
	resolveSettings,
	type WebSocketOptions,
} from "../connection/settings.js";
import { createError, WebSocketError } from "../errors.js";
import { encodeFieldValue, isToken } from "../protocol/handshake.js";
import { NO_TLS, refuseNative } from "../transport/select.js";

/**
 * Options of a client. All of them are handed to `net.connect`, or `tls.connect` for wss:; `host` and `port` are read from
 * the URL.
 */
export interface ConnectOptions
	extends WebSocketOptions,
		Omit<tls.ConnectionOptions, "host" | "port" | "path" | "timeout"> {
	host?: string;
	port?: number | string;
	/** A unix socket (or Windows pipe) to connect to, instead of host and port. */
	path?: string;
	/** Whether small messages leave at once instead of waiting for an acknowledgement (TCP_NODELAY); true unless it is false. */
	noDelay?: boolean;
	/** Headers added to the handshake request. */
	extraHeaders?: Record<string, unknown>;
	/** Subprotocols to offer, in order of preference. */
	protocols?: string[] | string;
	/** Aborts the attempt to connect: 'error' with `WS_ERR_ABORTED`. Has no effect once the connection is open. */
	signal?: AbortSignal;
	[option: string]: unknown;
}

interface Target {
	isSecure: boolean;
	/** Without brackets; undefined where the URL has none. */
	host: string | undefined;
	port: number | string;
	/** Path and query. */
	path: string;
	/** Value of the Host header. */
	hostHeader: string;
}

/**
 * Opens a connection to `url` and returns it at once, connecting.
 *
 * @param url ws://host:port/path or wss://…
 * @param options see ConnectOptions; `host` and `port` are set in it
 * @param callback listener for 'connect', called once
 * @throws Error `WS_ERR_INVALID_URL`, TypeError `WS_ERR_INVALID_HEADER`, `WS_ERR_OPTION`, …: for what can be seen at once
 */
export function connect(
	url: string | URL,
	options?: ConnectOptions | (() => void) | null,
	callback?: () => void,
): Connection {
	const listener = typeof options === "function" ? options : callback;
	let given: ConnectOptions =
		(typeof options === "function" ? undefined : options) ?? {};
	const target = parseUrl(url);
	const protocols = checkProtocols(given.protocols);
	checkHeaders(given.extraHeaders);
	checkSignal(given.signal);
	if (target.isSecure) refuseNative(given.transport, NO_TLS);
	// The Connection does so again: here it is before there is a socket that would be left behind.
	resolveSettings(given, Connection.maxBufferLength);
	// Compatibility: 1.7 sets them in the caller's object.
	if (!Object.isExtensible(given)) given = { ...given };
	given.port = target.port;
	given.host = target.host;
	// A signal is for the attempt only: net would destroy the open connection with it.
	const socketOptions =
		given.signal == null ? given : { ...given, signal: undefined };
	const socket = target.isSecure
		? tls.connect(socketOptions as tls.ConnectionOptions)
		: net.connect(socketOptions as net.NetConnectOpts);
	// Not as an option: tls.connect ignores it.
	socket.setNoDelay(given.noDelay !== false);
	const { path, hostHeader, host } = target;
	return new Connection(
		socket,
		{
			...given,
			path,
			host: host ?? "localhost",
			hostHeader,
			protocols,
		},
		listener,
	);
}

function parseUrl(input: string | URL): Target {
	if (typeof input !== "string" && !(input instanceof URL)) {
		throw createError("WS_ERR_OPTION", {
			detail: "the URL should be a string",
		});
	}
	const text = String(input);
	// Compatibility: without a scheme 1.7 takes ws:, and without a host the local one.
	const hasScheme = /^[a-z][a-z0-9+.-]*:/i.test(text);
	const hasHost = hasScheme || text.startsWith("//");
	let url: URL;
	try {
		url = hasScheme
			? new URL(text)
			: new URL(text, hasHost ? "ws:" : "ws://localhost");
	} catch (cause) {
		throw createError("WS_ERR_INVALID_URL", {
			detail: JSON.stringify(text),
			cause,
		});
	}
	if (url.protocol !== "ws:" && url.protocol !== "wss:") {
		// The text of 1.7.
		throw new WebSocketError(
			"WS_ERR_INVALID_URL",
			`Invalid protocol ${url.protocol}. It must be ws or wss`,
		);
	}
	const isSecure = url.protocol === "wss:";
	return {
		isSecure,
		host: hasHost ? url.hostname.replace(/^\[(.*)\]$/, "$1") : undefined,
		port: url.port === "" ? (isSecure ? 443 : 80) : url.port,
		path: requestTarget(text, hasHost),
		hostHeader: url.host,
	};
}

/**
 * Path and query of the URL `text`. Compatibility: as in 1.7 dot segments and percent signs stay as they are; only what may
 * not stand in a request is escaped.
 */
function requestTarget(text: string, hasHost: boolean): string {
	const target = text
		.trim()
		.replace(/#.*$/s, "")
		.replace(hasHost ? /^(?:[a-z][a-z0-9+.-]*:)?[/\\]*[^/\\?]*/i : /^/, "")
		.replace(/[^\x21-\x7e]|["'<>\\^`{|}]/gu, escapeCharacter);
	return target.startsWith("/") ? target : `/${target}`;
}

function escapeCharacter(character: string): string {
	let escaped = "";
	for (const byte of Buffer.from(character)) {
		escaped += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
	}
	return escaped;
}

function checkProtocols(given: string[] | string | undefined): string[] {
	const protocols = typeof given === "string" ? [given] : (given ?? []);
	if (!Array.isArray(protocols))
		throw createError("WS_ERR_OPTION", {
			detail: "protocols should be an array of strings",
		});
	protocols.forEach((protocol, index) => {
		if (typeof protocol !== "string" || !isToken(protocol)) {
			throw createError("WS_ERR_OPTION", {
				detail: `${JSON.stringify(protocol)} cannot be a subprotocol`,
			});
		}
		if (protocols.indexOf(protocol) !== index) {
			throw createError("WS_ERR_OPTION", {
				detail: `the subprotocol ${protocol} is there twice`,
			});
		}
	});
	return protocols;
}

function checkSignal(signal: unknown): void {
	const isSignal = (value: object) =>
		"aborted" in value && "addEventListener" in value;
	if (signal === undefined || signal === null) return;
	if (typeof signal !== "object" || !isSignal(signal))
		throw createError("WS_ERR_OPTION", {
			detail: "signal should be an AbortSignal",
		});
}

function checkHeaders(extraHeaders: Record<string, unknown> | undefined): void {
	if (extraHeaders != null && typeof extraHeaders !== "object") {
		throw createError("WS_ERR_OPTION", {
			detail: "extraHeaders should be an object",
		});
	}
	for (const name in extraHeaders) {
		try {
			validateHeaderName(name);
			validateHeaderValue(name, encodeFieldValue(extraHeaders[name]));
		} catch (error) {
			throw createError("WS_ERR_INVALID_HEADER", {
				detail: (error as Error).message,
			});
		}
	}
}

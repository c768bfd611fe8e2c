/** The options of a server, checked and with their defaults. */
import type * as net from "node:net";
import type * as tls from "node:tls";
import type { Connection } from "../connection/connection.js";
import { numberOption } from "../connection/options.js";
import type { WebSocketOptions } from "../connection/settings.js";
import { createError } from "../errors.js";
import { hostName, normalizeOrigin } from "../protocol/origin.js";
import type { AdmissionLimits } from "./admission.js";
import type { Authorize } from "./authorization.js";

/** Chooses a subprotocol among those a client offers; undefined, null or "" for none. */
export type SelectProtocol = (
	connection: Connection,
	protocols: string[],
) => string | null | undefined;

/** Options of a server. All of them are handed to `net.createServer` or `tls.createServer`, too. */
export interface ServerOptions
	extends WebSocketOptions,
		net.ServerOpts,
		tls.TlsOptions {
	/** Use TLS; `key` and `cert` are then needed. Default: false. */
	secure?: boolean;
	/** Chooses the subprotocol; called only where the client offers some. Wins over `validProtocols`. */
	selectProtocol?: SelectProtocol;
	/** The subprotocols this server speaks: the first of the client's that is among them is chosen. */
	validProtocols?: string[];
	/**
	 * Decides who is let in, by the request; may be async. False is answered with 403, an object with its status, a throw
	 * with 500. What the peer sends meanwhile waits. Default: everybody.
	 */
	authorize?: Authorize;
	/**
	 * The origins whose pages may connect, as "https://example.com"; others are refused with 403. Programs that are no
	 * browsers send no Origin: `null` in the list lets them in. Default: all, and none at all.
	 */
	origins?: readonly (string | null)[];
	/** The host names this server answers under, without port; others are refused with 421. Default: all. */
	hosts?: readonly string[];
	/** How many connections may be open, those in their opening handshake included; then 503. Default: 100,000. */
	maxConnections?: number;
	/** How many of them may come from one IPv4 address or IPv6 /64 network; then 503. Default: no limit. */
	maxConnectionsPerAddress?: number;
	/** How many connections may be in their opening handshake, that of TLS included; then 503. Default: 4096. */
	maxPendingHandshakes?: number;
}

export interface ServerSettings {
	selectProtocol: SelectProtocol | null;
	authorize: Authorize | null;
	/** Null lets all in. */
	origins: ReadonlySet<string | null> | null;
	/** Null lets all in. */
	hosts: ReadonlySet<string> | null;
	admission: AdmissionLimits;
}

/** More than the descriptors that systems give a process by default: it bounds what was raised without thought. */
const DEFAULT_MAX_CONNECTIONS = 100_000;

/** With heads of 16 KiB at most, 64 MiB; a handshake that is not held up takes some milliseconds. */
const DEFAULT_MAX_PENDING_HANDSHAKES = 4096;

/**
 * Checks what only servers have.
 *
 * @throws WS_ERR_OPTION, WS_ERR_OPTION_RANGE
 */
export function resolveServerSettings(options: ServerOptions): ServerSettings {
	const { validProtocols, origins, hosts } = options;
	checkList("validProtocols", validProtocols, isString);
	checkList("origins", origins, (item) => item === null || isString(item));
	checkList("hosts", hosts, isString);
	return {
		selectProtocol:
			functionOption(options, "selectProtocol") ?? firstOf(validProtocols),
		authorize: functionOption(options, "authorize"),
		origins: origins ? new Set(origins.map(toOrigin)) : null,
		hosts: hosts ? new Set(hosts.map(toHost)) : null,
		admission: {
			maxConnections: numberOption(options, "maxConnections", {
				standard: DEFAULT_MAX_CONNECTIONS,
			}),
			maxConnectionsPerAddress: numberOption(
				options,
				"maxConnectionsPerAddress",
				{ standard: Number.POSITIVE_INFINITY, least: 1 },
			),
			maxPendingHandshakes: numberOption(options, "maxPendingHandshakes", {
				standard: DEFAULT_MAX_PENDING_HANDSHAKES,
				least: 1,
			}),
		},
	};
}

function firstOf(validProtocols: string[] | undefined): SelectProtocol | null {
	if (!validProtocols) return null;
	return (_connection, protocols) =>
		protocols.find((protocol) => validProtocols.includes(protocol));
}

const isString = (item: unknown) => typeof item === "string";

function functionOption<Name extends "selectProtocol" | "authorize">(
	options: ServerOptions,
	name: Name,
): NonNullable<ServerOptions[Name]> | null {
	const value = options[name];
	if (!value) return null;
	if (typeof value !== "function")
		throw createError("WS_ERR_OPTION", {
			detail: `${name} should be a function`,
		});
	return value;
}

function checkList(
	name: string,
	list: unknown,
	isItem: (item: unknown) => boolean,
): void {
	if (!list || (Array.isArray(list) && list.every(isItem))) return;
	throw createError("WS_ERR_OPTION", {
		detail: `${name} should be an array of strings`,
	});
}

function toOrigin(given: string | null): string | null {
	if (given === null) return null;
	const origin = normalizeOrigin(given);
	if (origin !== null) return origin;
	throw createError("WS_ERR_OPTION", {
		detail: `${JSON.stringify(given)} is no origin; one is written "https://example.com", without path`,
	});
}

function toHost(given: string): string {
	const host = hostName(given);
	if (host !== null) return host;
	throw createError("WS_ERR_OPTION", {
		detail: `${JSON.stringify(given)} is no host name`,
	});
}

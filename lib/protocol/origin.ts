/**
 * Which web pages, and under which names, may open connections (RFC 6455 section 10.2): the checks of the header fields
 * Origin and Host. Without I/O.
 *
 * A browser lets every page connect to every server, with the user's cookies; only the server can tell the page by its
 * Origin. A page can also give its own host name this server's address (DNS rebinding); then the Host is the page's.
 */
import {
	fieldValues,
	type Refusal,
	type RequestHead,
	refuse,
} from "./handshake.js";

/** Scheme, host, and port unless it is the scheme's own: an origin as browsers write it. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@]+$/;

/**
 * An origin in the form browsers send, or null where it is none: with a path, say.
 *
 * @param origin "https://example.com", "null"
 */
export function normalizeOrigin(origin: string): string | null {
	if (origin === "null") return origin;
	const text = origin.toLowerCase();
	if (!ORIGIN.test(text)) return null;
	let serialized: string;
	try {
		serialized = new URL(text).origin;
	} catch {
		return null;
	}
	// Schemes that URL knows no origin for, as chrome-extension:, are sent as they are.
	return serialized === "null" ? text : serialized;
}

/** A host in lower case and without the port; null where it is none. */
export function hostName(authority: string): string | null {
	const match = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]]+)(?::\d*)?$/i.exec(authority);
	return match === null ? null : match[1].toLowerCase();
}

/**
 * Whether the request comes from one of `origins`.
 *
 * @param origins as `normalizeOrigin` returns them; null stands for a request without Origin, as programs send it
 */
export function checkOrigin(
	request: RequestHead,
	origins: ReadonlySet<string | null>,
): Refusal | null {
	const values = fieldValues(request.rawHeaders, "origin");
	if (values.length > 1) return refuse(400, "Origin should be there once");
	const origin = values.length === 0 ? null : values[0].toLowerCase();
	return origins.has(origin)
		? null
		: refuse(403, "Connections from this origin are not allowed");
}

/**
 * Whether the request is for one of `hosts`.
 *
 * @param hosts as `hostName` returns them
 */
export function checkHost(
	request: RequestHead & { url?: string },
	hosts: ReadonlySet<string>,
): Refusal | null {
	// "When an origin server receives a request with an absolute-form of request-target, the origin server MUST ignore the
	// received Host header field (if any) and instead use the host information of the request-target." (RFC 9112, 3.2.2)
	const absolute = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(request.url ?? "");
	const authority = absolute
		? absolute[1]
		: fieldValues(request.rawHeaders, "host")[0];
	const host = hostName(authority ?? "");
	return host !== null && hosts.has(host)
		? null
		: refuse(421, "This server does not answer under this host name");
}

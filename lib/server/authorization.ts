/** The program's own word on a request: the option `authorize`, and what it may answer. */
import {
	type IncomingMessage,
	validateHeaderName,
	validateHeaderValue,
} from "node:http";
import type { Connection } from "../connection/connection.js";
import { type Refusal, refuse } from "../protocol/handshake.js";

/** A refusal in the program's own words. */
export interface Unauthorized {
	/** 300 to 599. */
	statusCode: number;
	/** Header fields of the answer, `WWW-Authenticate` for one. */
	headers?: Record<string, string>;
	/** Body of the answer, in one line. Default: the reason phrase of the status. */
	message?: string;
}

/** True lets the peer in, false refuses it with 403. */
export type AuthorizeResult = boolean | Unauthorized;

/**
 * Decides about a request that is a valid opening handshake, before it is answered.
 *
 * @param request what the peer asks; for reading only
 * @param connection not open yet; what is stored on it is there in 'connection'
 */
export type Authorize = (
	request: IncomingMessage,
	connection: Connection,
) => AuthorizeResult | PromiseLike<AuthorizeResult>;

/** The fields that frame the answer are written by this library. */
const OWN_FIELDS = new Set([
	"connection",
	"content-length",
	"transfer-encoding",
	"upgrade",
]);

/** The client learns no more than that it is not its fault. */
export function callbackFailed(message: string, cause?: unknown): Refusal {
	return {
		...refuse(500, "Internal server error"),
		cause: cause ?? new Error(message),
	};
}

/** Asks `authorize`. Never throws or rejects: where the hook does, that is a Refusal with 500. */
export function askAuthorization(
	authorize: Authorize,
	request: IncomingMessage,
	connection: Connection,
): Refusal | null | Promise<Refusal | null> {
	const threw = (error: unknown) => callbackFailed("authorize threw", error);
	try {
		const result = authorize(request, connection);
		return typeof (result as PromiseLike<unknown> | undefined)?.then ===
			"function"
			? Promise.resolve(result).then(toRefusal).catch(threw)
			: toRefusal(result as AuthorizeResult);
	} catch (error) {
		return threw(error);
	}
}

function toRefusal(result: AuthorizeResult): Refusal | null {
	if (result === true) return null;
	if (result === false) return refuse(403, "Forbidden");
	const problem = problemOf(result);
	if (problem !== null) return callbackFailed(`authorize ${problem}`);
	const { statusCode, headers = {}, message = "Not authorized" } = result;
	return refuse(statusCode, message, { ...headers });
}

/** What is wrong with an answer that is not a boolean, or null. */
function problemOf(result: Unauthorized | null | undefined): string | null {
	if (typeof result !== "object" || result === null)
		return `returned ${String(result)}; it should be true, false or an object with statusCode`;
	const { statusCode, headers = {}, message = "" } = result;
	if (!Number.isInteger(statusCode) || statusCode < 300 || statusCode > 599)
		return `answered with the status ${String(statusCode)}; it should be 300 to 599`;
	if (typeof message !== "string")
		return "answered with a message that is not a string";
	if (typeof headers !== "object" || headers === null)
		return "answered with headers that are no object";
	for (const [name, value] of Object.entries(headers)) {
		try {
			validateHeaderName(name);
			validateHeaderValue(name, value);
		} catch (error) {
			return `answered with a bad header: ${(error as Error).message}`;
		}
		if (OWN_FIELDS.has(name.toLowerCase()))
			return `answered with the header ${name}, which it may not set`;
	}
	return null;
}

/** What the two ends agree on about permessage-deflate (RFC 7692 section 7.1), without I/O. */
import type { Role } from "../engine/engine.js";
import { type Extension, parseExtensions } from "./extensions.js";

const NAME = "permessage-deflate";

/** zlib cannot write raw streams that keep to a window of 2^8 bytes. */
export const MIN_DEFLATE_WINDOW_BITS = 9;

export const MAX_WINDOW_BITS = 15;

/** What this endpoint wants. */
export interface DeflateWishes {
	/** Neither end's matches are to reach back more than 2^windowBits bytes; 9 to 15. */
	windowBits: number;
	/** Messages may refer to those before them. */
	contextTakeover: boolean;
}

/** One direction. */
export interface DeflateDirection {
	/** Matches reach back at most 2^windowBits bytes. */
	windowBits: number;
	contextTakeover: boolean;
}

export interface DeflateAgreement {
	/** As it stands in the server's answer. */
	extension: string;
	/** How this endpoint compresses; null where it must not: with a window that it cannot keep to. */
	send: DeflateDirection | null;
	/** How the peer does. */
	receive: DeflateDirection;
}

interface Parameters {
	serverNoContextTakeover: boolean;
	clientNoContextTakeover: boolean;
	/** Undefined where it is not there. */
	serverMaxWindowBits: number | undefined;
	/** Likewise; true where it has no value. */
	clientMaxWindowBits: number | true | undefined;
}

/**
 * A client's offers, for its Sec-WebSocket-Extensions. Where it wishes for small windows, a second one leaves the server's to
 * the server: some do not support the first, and there are those that then refuse the connection.
 */
export function offerDeflate(wishes: DeflateWishes): string {
	const { windowBits, contextTakeover } = wishes;
	const offer: Parameters = {
		serverNoContextTakeover: !contextTakeover,
		clientNoContextTakeover: !contextTakeover,
		serverMaxWindowBits: undefined,
		clientMaxWindowBits: true,
	};
	const plain = serialize(offer);
	if (windowBits === MAX_WINDOW_BITS) return plain;
	const limited = {
		serverMaxWindowBits: windowBits,
		clientMaxWindowBits: windowBits,
	};
	return `${serialize({ ...offer, ...limited })}, ${plain}`;
}

/**
 * The server's side: what it answers to a client's Sec-WebSocket-Extensions.
 *
 * @returns the first of its offers that can be met; null where none can, or none is made; "invalid" for what breaks the
 *   grammar
 */
export function acceptDeflate(
	offers: string,
	wishes: DeflateWishes,
): DeflateAgreement | null | "invalid" {
	const extensions = parseExtensions(offers);
	if (extensions === null) return "invalid";
	for (const extension of extensions) {
		// "A server MUST decline an extension negotiation offer" with what is unknown, wrong, or there twice (7.1).
		const offer = readParameters(extension);
		const agreement = offer && acceptOffer(offer, wishes);
		if (agreement) return agreement;
	}
	return null;
}

function acceptOffer(
	offer: Parameters,
	{ windowBits, contextTakeover }: DeflateWishes,
): DeflateAgreement | null {
	const offered = offer.serverMaxWindowBits;
	const serverBits = Math.min(windowBits, offered ?? MAX_WINDOW_BITS);
	if (serverBits < MIN_DEFLATE_WINDOW_BITS) return null;
	// "The client_max_window_bits" must not be in the answer where it was not in the offer (7.1.2.2).
	const clientOffered = offer.clientMaxWindowBits;
	const clientBits =
		clientOffered === undefined
			? MAX_WINDOW_BITS
			: Math.min(
					windowBits,
					clientOffered === true ? MAX_WINDOW_BITS : clientOffered,
				);
	const answer: Parameters = {
		serverNoContextTakeover: !contextTakeover || offer.serverNoContextTakeover,
		clientNoContextTakeover: !contextTakeover || offer.clientNoContextTakeover,
		serverMaxWindowBits:
			offered !== undefined || serverBits < MAX_WINDOW_BITS
				? serverBits
				: undefined,
		clientMaxWindowBits: clientBits < MAX_WINDOW_BITS ? clientBits : undefined,
	};
	return agreementOf(answer, "server", serialize(answer));
}

/**
 * The client's side: what the server's Sec-WebSocket-Extensions says to the offer that `offerDeflate` made of `wishes`.
 *
 * @param wishes null where nothing was offered
 * @returns null where the connection has to fail: another extension than the one offered, or on other terms
 */
export function checkDeflateAnswer(
	answer: string,
	wishes: DeflateWishes | null,
): DeflateAgreement | null {
	const extensions = parseExtensions(answer);
	if (wishes === null || extensions?.length !== 1) return null;
	const parameters = readParameters(extensions[0]);
	if (parameters === null) return null;
	const { windowBits, contextTakeover } = wishes;
	const { clientMaxWindowBits } = parameters;
	// "This parameter has no value" only in an offer.
	if (clientMaxWindowBits === true) return null;
	// What the offer asks of the server is granted by repeating it. Its window is left to it by the second offer.
	if (!contextTakeover && !parameters.serverNoContextTakeover) return null;
	return agreementOf(
		{
			...parameters,
			clientNoContextTakeover:
				parameters.clientNoContextTakeover || !contextTakeover,
			// To refer back less far than one may is always allowed.
			clientMaxWindowBits: Math.min(
				clientMaxWindowBits ?? MAX_WINDOW_BITS,
				windowBits,
			),
		},
		"client",
		serialize(parameters),
	);
}

/** What the server's answer means to the end with this role. */
function agreementOf(
	answer: Parameters,
	role: Role,
	extension: string,
): DeflateAgreement {
	const { clientMaxWindowBits } = answer;
	const server = {
		windowBits: answer.serverMaxWindowBits ?? MAX_WINDOW_BITS,
		contextTakeover: !answer.serverNoContextTakeover,
	};
	const client = {
		windowBits:
			typeof clientMaxWindowBits === "number"
				? clientMaxWindowBits
				: MAX_WINDOW_BITS,
		contextTakeover: !answer.clientNoContextTakeover,
	};
	const [send, receive] =
		role === "server" ? [server, client] : [client, server];
	return {
		extension,
		send: send.windowBits < MIN_DEFLATE_WINDOW_BITS ? null : send,
		receive,
	};
}

/** The parameters of `extension`; null where it is another extension, or one of them is unknown, wrong or there twice. */
function readParameters(extension: Extension): Parameters | null {
	if (extension.name !== NAME) return null;
	const found = new Map<string, string | null>();
	for (const [name, value] of extension.parameters) {
		if (found.has(name)) return null;
		found.set(name, value);
	}
	const parameters: Parameters = {
		serverNoContextTakeover: false,
		clientNoContextTakeover: false,
		serverMaxWindowBits: undefined,
		clientMaxWindowBits: undefined,
	};
	for (const [name, value] of found) {
		if (name === "server_no_context_takeover" && value === null) {
			parameters.serverNoContextTakeover = true;
		} else if (name === "client_no_context_takeover" && value === null) {
			parameters.clientNoContextTakeover = true;
		} else if (name === "server_max_window_bits" && isWindowBits(value)) {
			parameters.serverMaxWindowBits = Number(value);
		} else if (name === "client_max_window_bits" && value === null) {
			parameters.clientMaxWindowBits = true;
		} else if (name === "client_max_window_bits" && isWindowBits(value)) {
			parameters.clientMaxWindowBits = Number(value);
		} else return null;
	}
	return parameters;
}

/** "a decimal integer value without leading zeroes between 8 to 15, inclusive" (7.1.2). */
function isWindowBits(value: string | null): value is string {
	return value !== null && /^(?:[89]|1[0-5])$/.test(value);
}

function serialize(parameters: Parameters): string {
	const { serverMaxWindowBits, clientMaxWindowBits } = parameters;
	let text = NAME;
	if (parameters.serverNoContextTakeover)
		text += "; server_no_context_takeover";
	if (parameters.clientNoContextTakeover)
		text += "; client_no_context_takeover";
	if (serverMaxWindowBits !== undefined)
		text += `; server_max_window_bits=${serverMaxWindowBits}`;
	if (clientMaxWindowBits === true) text += "; client_max_window_bits";
	else if (clientMaxWindowBits !== undefined)
		text += `; client_max_window_bits=${clientMaxWindowBits}`;
	return text;
}

/**
 * The client's side of the opening handshake over a socket that is connecting: one HTTP request by node:http, and the
 * judgement of what comes back.
 */
import {
	type ClientRequest,
	request as httpRequest,
	type IncomingHttpHeaders,
	type IncomingMessage,
} from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { createError } from "../../errors.js";
import {
	checkResponse,
	decodeHeaders,
	encodeFieldValue,
	MAX_HEAD_BYTES,
} from "../../protocol/handshake.js";
import {
	checkDeflateAnswer,
	type DeflateAgreement,
	type DeflateWishes,
	offerDeflate,
} from "../../protocol/permessage-deflate.js";
import { generateKey } from "../../rfc6455/accept-key.js";

export interface ClientOpeningOptions {
	/** Value of the Host header. */
	host: string;
	/** Path and query. */
	path: string;
	/** Subprotocols to offer. */
	protocols: readonly string[];
	/** How permessage-deflate is offered; null where it is not. */
	deflate: DeflateWishes | null;
	extraHeaders: Record<string, unknown> | null | undefined;
	/** Time from now to the server's answer, in milliseconds. */
	timeoutMs: number;
	signal?: AbortSignal;
}

export interface ClientOpeningHandler {
	/** The socket is connected; the request goes out with this Sec-WebSocket-Key. */
	started(key: string): void;
	accepted(
		headers: IncomingHttpHeaders,
		protocol: string | undefined,
		deflate: DeflateAgreement | null,
		head: Buffer,
	): void;
	/** It did not come to a WebSocket connection. The socket is being destroyed. Comes once, or never after `cancel`. */
	failed(error: Error): void;
}

/** Interim responses (1xx) that are tolerated before the answer. */
const MAX_INTERIM_RESPONSES = 10;

export class ClientOpening {
	readonly #socket: Socket;
	readonly #options: ClientOpeningOptions;
	readonly #handler: ClientOpeningHandler;
	readonly #deadline: NodeJS.Timeout;
	#request: ClientRequest | null = null;
	#key = "";
	#interim = 0;
	#isDone = false;

	constructor(
		socket: Socket,
		options: ClientOpeningOptions,
		handler: ClientOpeningHandler,
	) {
		this.#socket = socket;
		this.#options = options;
		this.#handler = handler;
		this.#deadline = setTimeout(
			() => this.#fail(createError("WS_ERR_HANDSHAKE_TIMEOUT")),
			options.timeoutMs,
		);
		socket.on("error", this.#onError);
		socket.on("close", this.#onClose);
		options.signal?.addEventListener("abort", this.#onAbort);
		if (options.signal?.aborted) process.nextTick(this.#onAbort);
		const isTls = socket instanceof TLSSocket;
		// A deep-required Connection may be handed a socket that is connected already.
		if (isTls ? isSecuring(socket) : socket.connecting)
			socket.once(isTls ? "secureConnect" : "connect", this.#onConnect);
		else process.nextTick(this.#onConnect);
	}

	/** Gives up; nothing is reported any more. */
	cancel(): void {
		if (this.#isDone) return;
		this.#finish();
		this.#socket.destroy();
	}

	readonly #onConnect = (): void => {
		if (this.#isDone) return;
		const { path } = this.#options;
		this.#key = generateKey();
		this.#handler.started(this.#key);
		try {
			this.#request = httpRequest({
				method: "GET",
				path,
				setHost: false,
				headers: this.#headers() as never,
				maxHeaderSize: MAX_HEAD_BYTES,
				insecureHTTPParser: false,
				createConnection: () => this.#socket,
			});
		} catch (error) {
			this.#fail(error as Error);
			return;
		}
		this.#request
			.on("error", this.#onError)
			.on("information", (response) =>
				this.#interimResponse(response as unknown as IncomingMessage),
			)
			.on("response", (response) => this.#refused(response))
			.on("upgrade", (response, _socket, head) =>
				this.#upgraded(response, head),
			)
			.end();
	};

	/** Names and values in turn, in the order of 1.7; an extra header replaces one of the same name. */
	#headers(): string[] {
		const { host, protocols, deflate, extraHeaders } = this.#options;
		const headers: [string, string][] = [
			["Host", host],
			["Upgrade", "websocket"],
			["Connection", "Upgrade"],
			["Sec-WebSocket-Key", this.#key],
			["Sec-WebSocket-Version", "13"],
		];
		if (protocols.length > 0)
			headers.push(["Sec-WebSocket-Protocol", protocols.join(", ")]);
		if (deflate !== null)
			headers.push(["Sec-WebSocket-Extensions", offerDeflate(deflate)]);
		for (const name in extraHeaders) {
			const field: [string, string] = [
				name,
				encodeFieldValue(extraHeaders[name]),
			];
			const index = headers.findIndex(
				([known]) => known.toLowerCase() === name.toLowerCase(),
			);
			if (index === -1) headers.push(field);
			else headers[index] = field;
		}
		return headers.flat();
	}

	#interimResponse(response: IncomingMessage): void {
		// A 101 without the headers of an upgrade comes here, too.
		if (response.statusCode === 101) this.#judge(response, null);
		else if (++this.#interim > MAX_INTERIM_RESPONSES) {
			this.#fail(
				createError("WS_ERR_HANDSHAKE_TOO_BIG", {
					detail: "too many interim responses",
				}),
			);
		}
	}

	#refused(response: IncomingMessage): void {
		// A listener, so that an error of the body that is cut off here does not become an uncaught one.
		response.on("error", ignore);
		this.#judge(response, null);
	}

	#upgraded(response: IncomingMessage, head: Buffer): void {
		this.#judge(response, head);
	}

	#judge(response: IncomingMessage, head: Buffer | null): void {
		if (this.#isDone) return;
		const { statusCode, headers } = response;
		const failure = checkResponse(
			{ statusCode, headers },
			{
				key: this.#key,
				protocols: this.#options.protocols,
				deflate: this.#options.deflate,
			},
		);
		if (failure !== null || head === null) {
			this.#fail(
				createError(failure ?? "WS_ERR_HANDSHAKE_UPGRADE", { statusCode }),
			);
			return;
		}
		this.#finish();
		const protocol = headers["sec-websocket-protocol"];
		const extensions = headers["sec-websocket-extensions"];
		const deflate =
			extensions === undefined
				? null
				: checkDeflateAnswer(String(extensions), this.#options.deflate);
		this.#handler.accepted(decodeHeaders(headers), protocol, deflate, head);
	}

	readonly #onError = (error: Error & { code?: string }): void => {
		if (error.code === "HPE_HEADER_OVERFLOW")
			this.#fail(createError("WS_ERR_HANDSHAKE_TOO_BIG", { cause: error }));
		else if (error.code?.startsWith("HPE_"))
			this.#fail(createError("WS_ERR_HANDSHAKE_STATUS", { cause: error }));
		// node:http's own word for a server that closed without an answer; the operating system's errors carry `syscall`.
		else if (error.code === "ECONNRESET" && !("syscall" in error))
			this.#onClose();
		else this.#fail(error);
	};

	readonly #onClose = (): void => {
		this.#fail(createError("WS_ERR_CONNECTION_LOST"));
	};

	readonly #onAbort = (): void => {
		this.#fail(
			createError("WS_ERR_ABORTED", { cause: this.#options.signal?.reason }),
		);
	};

	#fail(error: Error): void {
		if (this.#isDone) return;
		this.#finish();
		this.#socket.destroy();
		this.#handler.failed(error);
	}

	#finish(): void {
		this.#isDone = true;
		clearTimeout(this.#deadline);
		this.#options.signal?.removeEventListener("abort", this.#onAbort);
		this.#socket.off("close", this.#onClose);
		this.#socket.off("connect", this.#onConnect);
		this.#socket.off("secureConnect", this.#onConnect);
		// Errors that come after the end are nobody's: the listener stays until a link has its own.
		this.#socket.on("error", ignore);
		this.#socket.off("error", this.#onError);
	}
}

function ignore(): void {}

/** Whether the TLS handshake is not done; node's types lack the property. */
function isSecuring(socket: TLSSocket): boolean {
	return (socket as TLSSocket & { secureConnecting: boolean }).secureConnecting;
}

/**
 * The server's side of the opening handshake over a socket, read by Node's own HTTP parser: an http.Server that never
 * listens is handed each accepted socket. Every refusal, whatever its cause, is answered here.
 */
import {
	createServer,
	type IncomingMessage,
	type Server,
	STATUS_CODES,
} from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
	type AcceptedRequest,
	checkRequest,
	MAX_HEAD_BYTES,
	type Refusal,
} from "../../protocol/handshake.js";

/** What becomes of one socket. `accepted` or `refused` comes at most once; neither where the peer goes away first. */
export interface OpeningHandler {
	/** A valid request. The answer is the handler's to send; with a Refusal returned it is sent here. */
	accepted(
		request: IncomingMessage,
		offer: AcceptedRequest,
		head: Buffer,
	): Refusal | undefined;
	/** The socket has been answered with `refusal` and is being closed. */
	refused(refusal: Refusal): void;
}

interface Opening {
	handler: OpeningHandler;
	deadline: NodeJS.Timeout;
	isAnswered: boolean;
}

/** How long a refused peer may take to read the answer, in milliseconds. */
const LINGER_MS = 2000;

const tooSlow: Refusal = {
	statusCode: 408,
	headers: {},
	message: "The opening handshake took too long",
};

const notAnUpgrade: Refusal = {
	statusCode: 400,
	headers: {},
	message: "Bad request",
};

export class ServerOpening {
	readonly #timeoutMs: number;
	readonly #http: Server;
	/** The sockets whose handshake is not done. */
	readonly #openings = new Map<Duplex, Opening>();

	/** @param timeoutMs time for the whole request head, from when the socket was accepted */
	constructor(timeoutMs: number) {
		this.#timeoutMs = timeoutMs;
		// checkRequest judges the Host header, and the deadline of each socket its time.
		this.#http = createServer({
			maxHeaderSize: MAX_HEAD_BYTES,
			requireHostHeader: false,
			insecureHTTPParser: false,
			connectionsCheckingInterval: 2 ** 31 - 1,
		});
		this.#http.on("upgrade", (request, socket, head) =>
			this.#request(request, socket, head),
		);
		this.#http.on("request", (request) =>
			this.#request(request, request.socket, null),
		);
		// Without a listener Node would answer "Expect: 100-continue" with 100, and drop the socket of a CONNECT.
		this.#http.on("checkContinue", (request) =>
			this.#request(request, request.socket, null),
		);
		this.#http.on("checkExpectation", (request) =>
			this.#request(request, request.socket, null),
		);
		this.#http.on("connect", (request, socket) =>
			this.#request(request, socket, null),
		);
		this.#http.on("clientError", (error, socket) =>
			this.#invalid(error, socket),
		);
	}

	/** How many sockets are in their opening handshake. */
	get pending(): number {
		return this.#openings.size;
	}

	/** Reads the handshake of `socket`. */
	read(socket: Socket, handler: OpeningHandler): void {
		const deadline = setTimeout(
			() => this.#refuse(socket, tooSlow),
			this.#timeoutMs,
		);
		this.#openings.set(socket, { handler, deadline, isAnswered: false });
		socket.once("close", () => this.#forget(socket));
		// Until a link listens, an error of the socket is nobody's but the peer's.
		socket.on("error", ignore);
		this.#http.emit("connection", socket);
		// With the server option pauseOnConnect the socket arrives paused.
		if (socket.isPaused()) socket.resume();
	}

	#request(
		request: IncomingMessage,
		socket: Duplex,
		head: Buffer | null,
	): void {
		const opening = this.#openings.get(socket);
		if (opening === undefined || opening.isAnswered) return;
		const offer = checkRequest(request);
		let refusal: Refusal | undefined = notAnUpgrade;
		if ("statusCode" in offer) {
			refusal = offer;
		} else if (head !== null) {
			refusal = undefined;
			try {
				refusal = opening.handler.accepted(request, offer, head);
			} finally {
				if (refusal === undefined) this.#forget(socket);
			}
		}
		if (refusal !== undefined) this.#refuse(socket, refusal);
	}

	#invalid(error: Error & { code?: string }, socket: Duplex): void {
		const isTooBig = error.code === "HPE_HEADER_OVERFLOW";
		this.#refuse(socket, {
			statusCode: isTooBig ? 431 : 400,
			headers: {},
			message: isTooBig
				? `The request head is longer than ${MAX_HEAD_BYTES} bytes`
				: "This is not an HTTP request",
		});
	}

	#refuse(socket: Duplex, refusal: Refusal): void {
		const opening = this.#openings.get(socket);
		if (opening === undefined || opening.isAnswered) return;
		opening.isAnswered = true;
		clearTimeout(opening.deadline);
		if (socket.writable) {
			// What the peer still sends is read and dropped: unread bytes would turn our FIN into a reset, and the answer
			// would be lost on its way.
			socket.on("error", ignore);
			socket.resume();
			socket.end(response(refusal));
			opening.deadline = setTimeout(() => socket.destroy(), LINGER_MS);
		} else {
			socket.destroy();
		}
		opening.handler.refused(refusal);
	}

	#forget(socket: Duplex): void {
		const opening = this.#openings.get(socket);
		if (opening === undefined) return;
		clearTimeout(opening.deadline);
		this.#openings.delete(socket);
	}
}

function response({ statusCode, headers, message }: Refusal): string {
	const body = `${message}\n`;
	// "A sender of Upgrade MUST also send an 'Upgrade' connection option" (RFC 9110, section 7.8).
	const connection = "Upgrade" in headers ? "Upgrade, close" : "close";
	let head = `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\nConnection: ${connection}\r\n`;
	for (const [name, value] of Object.entries(headers))
		head += `${name}: ${value}\r\n`;
	return `${head}Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function ignore(): void {}

/**
 * The server's side of the opening handshake over a socket, read by Node's own HTTP parser: an http.Server that never
 * listens is handed each accepted socket. Every refusal, whatever its cause, is answered here.
 */
import {
	createServer,
	IncomingMessage,
	type Server,
	STATUS_CODES,
} from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Engine } from "../../engine/engine.js";
import {
	type AcceptedRequest,
	checkRequest,
	MAX_HEAD_BYTES,
	type Refusal,
} from "../../protocol/handshake.js";
import {
	type AcceptedJudge,
	AcceptedSocket,
} from "../native/accepted-socket.js";
import {
	type HeadJudge,
	HeadReader,
	type ParsedHead,
	type PlainRequest,
} from "../native/head-reader.js";
import type { NativeListener } from "../native/listener.js";

/**
 * What becomes of one socket. After `authorize`, `accepted` or `refused` comes at most once; neither where the peer goes away
 * first. Unless it was accepted, `gone` is the last.
 */
export interface OpeningHandler {
	/**
	 * A valid request: whether it is let in. Never throws or rejects. What the peer sends until a promise settles waits in
	 * the socket, up to its high-water mark.
	 */
	authorize(
		request: IncomingMessage | PlainRequest,
		offer: AcceptedRequest,
	): Decision;
	/** A valid request that was let in. The answer is the handler's to send; with a Refusal returned it is sent here. */
	accepted(offer: AcceptedRequest, head: Buffer): Refusal | undefined;
	/** The socket has been answered with `refusal` and is being closed. */
	refused(refusal: Refusal): void;
	/** The socket has closed. */
	gone(): void;
}

/**
 * "done" also where the peer, or the program, has ended it meanwhile. "decide" where it is to be let in or refused as the
 * decision will be, or, where that is here already, because the program has asked for the net.Socket meanwhile.
 */
export type AcceptedOutcome =
	| "done"
	| "give back"
	| { handler: OpeningHandler; refusal: Refusal }
	| { handler: OpeningHandler; decision: Decision };

/** Whether a request is let in: why not, or null. */
export type Decision = Refusal | null | Promise<Refusal | null>;

/** What becomes of the sockets for which there is no net.Socket: one for all of them. */
export interface Doorman {
	/** A valid request: lets it in, or says why not. It is given back where Node's parser is to read it again and refuse it. */
	decide(accepted: AcceptedSocket, parsed: ParsedHead): AcceptedOutcome;
	/** Node is to read `accepted`, or it is refused. */
	handlerFor(accepted: AcceptedSocket): OpeningHandler;
}

interface Opening {
	/** Null for a socket that was turned away unread. */
	handler: OpeningHandler | null;
	deadline: NodeJS.Timeout;
	/** The request has been read, and its authorization is awaited. */
	isWaiting: boolean;
	isAnswered: boolean;
}

const NOTHING = Buffer.alloc(0);

/** How long a refused peer may take to read the answer, in milliseconds. */
const LINGER_MS = 2000;

const tooSlow: Refusal = {
	statusCode: 408,
	headers: {},
	message: "The opening handshake took too long",
};

const notDecided: Refusal = {
	statusCode: 503,
	headers: {},
	message: "The server took too long to decide about the request",
};

/**
 * A request that ends with its head. Node's parser stops there for an upgrade, and hands the socket over; this has it do so
 * whatever is asked. Else it would read what follows a refused request as its body, or as more requests, and keep an object
 * of kilobytes for each sixteen bytes of them.
 */
class RequestHead extends IncomingMessage {
	get upgrade(): boolean {
		return true;
	}

	set upgrade(_isUpgrade: boolean) {}
}

export class ServerOpening implements HeadJudge, AcceptedJudge {
	readonly #timeoutMs: number;
	readonly #http: Server;
	/** The sockets whose handshake is not done, and those that were refused and are not gone. */
	readonly #openings = new Map<Duplex, Opening>();
	/** How many of them were refused. */
	#refused = 0;
	/** Listener for 'close': one for all sockets, so that an open connection does not carry a closure of its handshake's. */
	readonly #onClose: (this: Socket) => void;

	/** Reads what is perfect; null leaves all to Node's parser. */
	readonly #headReader: HeadReader | null;
	readonly #doorman: Doorman;
	/** The sockets without a net.Socket whose handshake is not done, in the order in which they came. */
	readonly #awaited = new Set<AcceptedSocket>();
	/** Those of them that a decision is awaited about. */
	readonly #deciding = new Map<AcceptedSocket, OpeningHandler>();
	/** Runs for the first of them; it is left to run where that one is done, for it costs more to set than to let be. */
	#deadline: NodeJS.Timeout | null = null;

	/**
	 * @param timeoutMs time for the whole request head, from when the socket was accepted
	 * @param engine where the sockets that come by `read` arrive paused, and no handler wants the IncomingMessage, so that heads
	 *   may be read natively; else null
	 * @param doorman decides about those that come by `await`
	 */
	constructor(timeoutMs: number, engine: Engine | null, doorman: Doorman) {
		this.#doorman = doorman;
		this.#timeoutMs = timeoutMs;
		this.#headReader = engine && HeadReader.create(engine, this);
		const gone = (socket: Socket) => this.#gone(socket);
		this.#onClose = function () {
			gone(this);
		};
		// checkRequest judges the Host header, and the deadline of each socket its time.
		this.#http = createServer({
			IncomingMessage: RequestHead,
			maxHeaderSize: MAX_HEAD_BYTES,
			requireHostHeader: false,
			insecureHTTPParser: false,
			connectionsCheckingInterval: 2 ** 31 - 1,
		});
		this.#http.on("upgrade", (request, _socket, head) =>
			this.#request(request, head),
		);
		// Without a listener Node would drop the socket.
		this.#http.on("connect", (request, _socket, head) =>
			this.#request(request, head),
		);
		this.#http.on("clientError", (error, socket) =>
			this.#invalid(error, socket),
		);
	}

	/** How many sockets are in their opening handshake. */
	get pending(): number {
		return this.#openings.size - this.#refused + this.#awaited.size;
	}

	/** Awaits the head of a request on the socket that `listener` has accepted in `slot`, from `network`. */
	await(
		listener: NativeListener,
		slot: number,
		network: string | undefined,
	): void {
		const accepted = new AcceptedSocket(
			listener,
			slot,
			network,
			this,
			performance.now(),
		);
		listener.reactor.handOver(slot, accepted);
		this.#awaited.add(accepted);
		if (this.#deadline === null) this.#setDeadline(this.#timeoutMs);
	}

	#setDeadline(delayMs: number): void {
		this.#deadline = setTimeout(() => this.#expireAwaited(), delayMs);
		// The sockets keep the loop alive.
		this.#deadline.unref();
	}

	judgeAccepted(accepted: AcceptedSocket, parsed: ParsedHead): boolean {
		let outcome: AcceptedOutcome = "done";
		try {
			outcome = this.#doorman.decide(accepted, parsed);
		} finally {
			if (outcome === "done") this.#awaited.delete(accepted);
		}
		if (outcome === "done") return true;
		if (outcome === "give back") return false;
		const { handler } = outcome;
		if ("refusal" in outcome)
			this.#refuse(this.#take(accepted, handler), outcome.refusal);
		else this.#awaitDecision(accepted, outcome, parsed);
		return true;
	}

	/** Waits for the decision about `accepted`, without a net.Socket as long as that is possible. */
	#awaitDecision(
		accepted: AcceptedSocket,
		{ handler, decision }: { handler: OpeningHandler; decision: Decision },
		{ offer, head }: ParsedHead,
	): void {
		this.#deciding.set(accepted, handler);
		accepted.wait(head, (socket) => {
			this.#deciding.delete(accepted);
			this.#take(accepted, handler);
			this.#await(socket, decision, () => handler.accepted(offer, NOTHING));
		});
		if (!(decision instanceof Promise)) return;
		const decide = (refusal: Refusal | null) => {
			// There is a net.Socket, which is decided about by itself, or it has been refused because it took too long.
			if (!this.#deciding.delete(accepted)) return;
			const kept = accepted.endWait() ?? NOTHING;
			let reason = refusal ?? undefined;
			try {
				reason ??= handler.accepted(offer, kept);
			} finally {
				if (reason === undefined) this.#awaited.delete(accepted);
			}
			if (reason !== undefined)
				this.#refuse(this.#take(accepted, handler), reason);
		};
		decision.then((value) => process.nextTick(decide, value));
	}

	acceptedGivenBack(accepted: AcceptedSocket, bytes: Buffer | null): void {
		const handler = this.#doorman.handlerFor(accepted);
		this.givenBack(this.#take(accepted, handler), bytes);
	}

	/** From here on `accepted` is a socket like any other; the time that is left to it is that of its own. */
	#take(accepted: AcceptedSocket, handler: OpeningHandler): Socket {
		const { socket } = accepted;
		this.#awaited.delete(accepted);
		this.#add(socket, handler, performance.now() - accepted.since);
		return socket;
	}

	#expireAwaited(): void {
		this.#deadline = null;
		const now = performance.now();
		for (const accepted of this.#awaited) {
			const leftMs = this.#timeoutMs - (now - accepted.since);
			if (leftMs > 0) {
				// In the order in which they came.
				this.#setDeadline(leftMs);
				return;
			}
			const isWaiting = this.#deciding.has(accepted);
			this.#refuseAwaited(accepted, isWaiting ? notDecided : tooSlow);
		}
	}

	#refuseAwaited(accepted: AcceptedSocket, refusal: Refusal): void {
		const handler = this.#deciding.get(accepted);
		this.#deciding.delete(accepted);
		accepted.endWait();
		const known = handler ?? this.#doorman.handlerFor(accepted);
		this.#refuse(this.#take(accepted, known), refusal);
	}

	/** Refuses all whose handshake is not done. Not within one: what it leads to is being done. */
	refuseAll(refusal: Refusal): void {
		for (const accepted of [...this.#awaited])
			this.#refuseAwaited(accepted, refusal);
		for (const socket of [...this.#openings.keys()])
			this.#refuse(socket, refusal);
	}

	/** Reads the handshake of `socket`. */
	read(socket: Socket, handler: OpeningHandler): void {
		this.#add(socket, handler);
		if (!this.#headReader?.read(socket)) this.givenBack(socket, null);
	}

	/** A request that was read natively. Returns whether nothing has to be said against it. */
	judge(socket: Socket, { request, offer, head }: ParsedHead): boolean {
		const opening = this.#openings.get(socket);
		const handler = opening?.handler;
		if (!handler || opening.isAnswered) return true;
		if (handler.authorize(request, offer) !== null) return false;
		this.#decide(socket, opening, null, () => handler.accepted(offer, head));
		return true;
	}

	/** Node's parser reads the head, from `bytes` on. */
	givenBack(socket: Socket, bytes: Buffer | null): void {
		if (socket.destroyed) return;
		if (bytes !== null) socket.unshift(bytes);
		this.#http.emit("connection", socket);
		// With the server option pauseOnConnect the socket arrives paused.
		if (socket.isPaused()) socket.resume();
	}

	/** Refuses `socket` unread; without a word where too many are being refused already. */
	turnAway(socket: Socket, refusal: Refusal, limit: number): void {
		if (this.#refused >= limit) {
			socket.destroy();
			return;
		}
		this.#add(socket, null);
		this.#refuse(socket, refusal);
	}

	/** @param usedMs how much of its time is over */
	#add(socket: Socket, handler: OpeningHandler | null, usedMs = 0): void {
		const deadline = setTimeout(
			() => this.#expire(socket),
			this.#timeoutMs - usedMs,
		);
		const opening = { handler, deadline, isWaiting: false, isAnswered: false };
		this.#openings.set(socket, opening);
		socket.on("close", this.#onClose);
		// Until a link listens, an error of the socket is nobody's but the peer's.
		socket.on("error", ignore);
	}

	#expire(socket: Socket): void {
		const isWaiting = this.#openings.get(socket)?.isWaiting;
		this.#refuse(socket, isWaiting ? notDecided : tooSlow);
	}

	#request(request: IncomingMessage, head: Buffer): void {
		const { socket } = request;
		const opening = this.#openings.get(socket);
		const handler = opening?.handler;
		if (!handler || opening.isAnswered || opening.isWaiting) return;
		const offer = checkRequest(request);
		if ("statusCode" in offer) {
			this.#refuse(socket, offer);
			return;
		}
		const decision = handler.authorize(request, offer);
		this.#await(socket, decision, () => handler.accepted(offer, head));
	}

	/** Lets `socket` in or refuses it, now or when it is decided. */
	#await(
		socket: Socket,
		decision: Decision,
		accept: () => Refusal | undefined,
	): void {
		const opening = this.#openings.get(socket);
		if (opening === undefined) return;
		const decide = (decision: Refusal | null) =>
			this.#decide(socket, opening, decision, accept);
		if (!(decision instanceof Promise)) {
			decide(decision);
			return;
		}
		opening.isWaiting = true;
		// What a listener throws is an uncaught exception as ever, and no rejection.
		decision.then((value) => process.nextTick(decide, value));
	}

	#decide(
		socket: Socket,
		opening: Opening,
		decision: Refusal | null,
		accept: () => Refusal | undefined,
	): void {
		// The peer may have gone, or have been refused because it took too long.
		if (this.#openings.get(socket) !== opening || opening.isAnswered) return;
		// Ended by the program while it was deciding, or by the peer: it is as good as gone.
		if (socket.destroyed) return;
		let refusal = decision ?? undefined;
		try {
			refusal ??= accept();
		} finally {
			if (refusal === undefined) this.#release(socket);
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
		if (this.#headReader !== null) HeadReader.release(socket as Socket);
		this.#refused++;
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
		opening.handler?.refused(refusal);
	}

	/** The handshake of `socket` is done: it has a link that listens. */
	#release(socket: Duplex): void {
		this.#forget(socket);
		socket.off("close", this.#onClose);
		socket.off("error", ignore);
	}

	#gone(socket: Duplex): void {
		const handler = this.#forget(socket)?.handler;
		handler?.gone();
	}

	#forget(socket: Duplex): Opening | undefined {
		const opening = this.#openings.get(socket);
		if (opening === undefined) return undefined;
		clearTimeout(opening.deadline);
		if (this.#headReader !== null) HeadReader.release(socket as Socket);
		if (opening.isAnswered) this.#refused--;
		this.#openings.delete(socket);
		return opening;
	}
}

function response({ statusCode, headers, message }: Refusal): string {
	const body = `${message}\n`;
	// "A sender of Upgrade MUST also send an 'Upgrade' connection option" (RFC 9110, section 7.8).
	const connection = "Upgrade" in headers ? "Upgrade, close" : "close";
	let head = `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? ""}\r\nConnection: ${connection}\r\n`;
	const fields = Object.entries(headers);
	if (!fields.some(([name]) => name.toLowerCase() === "content-type"))
		fields.push(["Content-Type", "text/plain"]);
	fields.push(["Content-Length", String(Buffer.byteLength(body))]);
	for (const [name, value] of fields) head += `${name}: ${value}\r\n`;
	return `${head}\r\n${body}`;
}

function ignore(): void {}

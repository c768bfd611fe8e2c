/**
 * The link over any Duplex: net and TLS sockets, unix sockets, streams of other libraries.
 *
 * Output is gathered: what is sent while a chunk is being delivered leaves in one write at the end of the chunk, anything
 * else at the end of the tick. Before something that ends or bypasses the outbox (the user's own `socket.write`, `end`,
 * `destroy`, process 'exit') it is flushed, so that the order on the wire is the order of the calls.
 */
import { Buffer } from "node:buffer";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type {
	Decoder,
	Encoder,
	Engine,
	EngineName,
	Role,
} from "../../engine/engine.js";
import { createError } from "../../errors.js";
import type { DecoderLimits } from "../../rfc6455/limits.js";
import type { Link, LinkSink, SendCallback } from "../link.js";
import { bookPendingBytes } from "../pending-bytes.js";
import { arena, Outbox } from "./outbox.js";
import { guard, linkOf, type RawMethods } from "./socket-guard.js";

/** From this payload length on a server sends by reference, in bytes: below it a copy is cheaper than a second segment. */
const REFERENCE_BYTES = 32 * 1024;

/** Gathered output that leaves at once, in bytes: more would only delay the peer. */
const GATHER_BYTES = 64 * 1024;

/** Links with output that waits for the end of the tick. */
let dirty: SocketLink[] = [];
let hasExitHook = false;

function flushDirty(): void {
	const links = dirty;
	dirty = [];
	let flushed = 0;
	try {
		while (flushed < links.length) links[flushed++].flush();
	} finally {
		// A stream of the user's own whose write throws does not take the others with it.
		for (; flushed < links.length; flushed++) flushLater(links[flushed]);
	}
}

/** Has `link.flush` run at the end of this tick; should the process exit before that, on 'exit'. */
function flushLater(link: SocketLink): void {
	if (dirty.push(link) > 1) return;
	process.nextTick(flushDirty);
	if (!hasExitHook) {
		hasExitHook = true;
		process.on("exit", flushDirty);
	}
}

export class SocketLink implements Link {
	readonly transport = "socket";
	readonly engine: EngineName;
	/** The unguarded methods of the socket; for the guard. */
	readonly raw: RawMethods;
	readonly #socket: Duplex;
	readonly #engine: Engine;
	readonly #role: Role;
	readonly #limits: DecoderLimits;
	readonly #encoder: Encoder;
	readonly #outbox = new Outbox();
	/**
	 * Whether chunks are ours, to be unmasked in place, and come from the event loop. Those of a foreign Duplex may have
	 * other readers, and may come while another connection is writing: they are copied, and delivered on the next tick.
	 */
	readonly #isSocket: boolean;
	#sink: LinkSink | null = null;
	#decoder: Decoder | null = null;
	/** Chunks that came at a moment when they could not be delivered. */
	#late: Uint8Array[] | null = null;
	/** What the decoder holds of incomplete messages, as booked. */
	#pendingBytes = 0;
	/** The user, or a reader that is full, wants no more. */
	#isPaused = false;
	#isSocketPaused = false;
	/** The decoder holds bytes it has not delivered. */
	#hasRest = false;
	/** A turn to deliver the rest is on its way. */
	#isTurnDue = false;
	/** A chunk is being delivered: output waits for its end. */
	#isDelivering = false;
	/** `flush` is due at the end of the tick. */
	#isFlushDue = false;
	/** A send returned false. */
	#needsDrain = false;
	/** The peer's end, and the socket's, came while bytes before them were held back: they wait for those. */
	#isEndDue = false;
	#isCloseDue = false;
	#isClosed = false;

	/** Takes over `socket`, which has done its opening handshake. Nothing is read before `open`. */
	constructor(
		socket: Duplex,
		engine: Engine,
		role: Role,
		limits: DecoderLimits,
	) {
		this.#socket = socket;
		this.#engine = engine;
		this.#role = role;
		this.#limits = limits;
		this.engine = engine.name;
		this.#encoder = engine.createEncoder(role);
		this.#isSocket = socket instanceof Socket;
		this.raw = guard(socket, this);
		socket.on("error", onError);
		socket.on("close", onClose);
	}

	get bufferedAmount(): number {
		return this.#outbox.byteLength + this.#socket.writableLength;
	}

	hasBuffered(bytes: number): boolean {
		return this.bufferedAmount >= bytes;
	}

	open(sink: LinkSink, head: Uint8Array): void {
		const socket = this.#socket;
		this.#sink = sink;
		// The peer may end its side while messages of its last chunk wait for their turn: the replies still go out, and the
		// session answers FIN with FIN.
		socket.allowHalfOpen = true;
		socket.on("data", onData);
		socket.on("drain", onDrain);
		socket.on("end", onEnd);
		if (socket.closed || this.#isClosed) {
			// It was lost between the handshake and now.
			this.#isClosed = false;
			process.nextTick(onCloseOf, this);
			return;
		}
		if (this.#isPaused) this.#pauseSocket();
		else socket.resume();
		if (head.byteLength > 0)
			this.receive(this.#isSocket ? head : Buffer.from(head));
	}

	sendText(first: number, text: string, callback?: SendCallback): boolean {
		this.#outbox.appendFromArena(this.#encoder.text(arena, first, text));
		return this.#sent(callback);
	}

	sendBytes(
		first: number,
		payload: Uint8Array,
		callback?: SendCallback,
	): boolean {
		const length = payload.byteLength;
		// By reference only while the operating system keeps up: it then takes the bytes within this call, and the caller's
		// buffer is free again when the call returns, as it was with 1.7, which always copied.
		if (
			length >= REFERENCE_BYTES &&
			this.#role === "server" &&
			this.#socket.writableLength === 0
		) {
			this.#outbox.appendFromArena(this.#encoder.header(arena, first, length));
			this.#outbox.appendReference(payload);
			if (callback !== undefined) this.#outbox.addCallback(callback);
			this.flush();
			return this.#hasRoom();
		}
		this.#outbox.appendFromArena(this.#encoder.binary(arena, first, payload));
		return this.#sent(callback);
	}

	/** Sends `bytes` as they are: the answer to an opening handshake, which leaves with the first messages. */
	sendRaw(bytes: Buffer): void {
		this.#outbox.appendReference(bytes);
		this.#sent(undefined);
	}

	flush(): void {
		this.#isFlushDue = false;
		if (this.#outbox.byteLength === 0) return;
		const socket = this.#socket;
		const { segments, callbacks } = this.#outbox.take();
		if (!socket.writable) {
			if (callbacks !== null) {
				process.nextTick(
					settle,
					callbacks,
					createError("WS_ERR_CONNECTION_CLOSED"),
				);
			}
			return;
		}
		const done =
			callbacks === null && !this.#needsDrain
				? undefined
				: (error?: Error | null) => {
						// The socket itself is silent where it was not over its mark when this was handed over.
						try {
							this.drained();
						} finally {
							if (callbacks !== null) settle(callbacks, error ?? null);
						}
					};
		const last = segments.length - 1;
		if (last === 0) {
			this.raw.write.call(socket, segments[0], done);
		} else {
			socket.cork();
			for (let i = 0; i < last; i++) this.raw.write.call(socket, segments[i]);
			this.raw.write.call(socket, segments[last], done);
			socket.uncork();
		}
	}

	pause(): void {
		this.#isPaused = true;
		this.#decoder?.suspend();
		this.#pauseSocket();
	}

	resume(): void {
		if (!this.#isPaused) return;
		this.#isPaused = false;
		this.#decoder?.unsuspend();
		// While a chunk is being delivered its end sees to the rest.
		if (this.#isDelivering) return;
		if (this.#hasRest) this.#takeTurn(false);
		else this.#resumeSocket();
	}

	shutdown(): void {
		this.flush();
		this.raw.end.call(this.#socket);
	}

	destroy(): void {
		this.flush();
		this.raw.destroy.call(this.#socket);
		this.#isEndDue = false;
		// The socket has told of its end already.
		if (this.#isCloseDue) process.nextTick(onCloseOf, this);
	}

	// The socket's events.

	receive(chunk: Uint8Array): void {
		if (this.#isDelivering || this.#late !== null || !this.#isSocket) {
			if (this.#late === null) {
				this.#late = [];
				process.nextTick(deliverLate, this);
			}
			this.#late.push(this.#isSocket ? chunk : Buffer.from(chunk));
			return;
		}
		this.#deliver(chunk);
	}

	deliverLate(): void {
		const late = this.#late;
		if (late === null) return;
		try {
			// The decoder queues what follows a chunk it has not delivered whole.
			for (let chunk = late.shift(); chunk !== undefined; chunk = late.shift())
				this.#deliver(chunk);
		} finally {
			// A handler that throws takes nothing but its own event with it.
			if (late.length > 0) process.nextTick(deliverLate, this);
			else this.#late = null;
		}
		this.#endIfDue();
	}

	turn(): void {
		this.#isTurnDue = false;
		if (this.#hasRest && !this.#isPaused) this.#deliver(null);
	}

	drained(): void {
		if (!this.#needsDrain || this.#socket.destroyed) return;
		if (this.bufferedAmount > 0) return;
		this.#needsDrain = false;
		this.#sink?.drain();
	}

	ended(): void {
		// A socket that is paused in its last chunk ends all the same.
		if (this.#hasRest || this.#late !== null) this.#isEndDue = true;
		else this.#sink?.ended();
	}

	failed(error: Error): void {
		this.#sink?.failed(error);
	}

	closed(): void {
		if (this.#isClosed) return;
		if (this.#isEndDue) {
			this.#isCloseDue = true;
			return;
		}
		this.#isClosed = true;
		this.flush();
		this.#decoder?.destroy();
		bookPendingBytes(-this.#pendingBytes);
		this.#pendingBytes = 0;
		this.#hasRest = false;
		this.#sink?.closed();
	}

	/** Feeds `chunk`, or with null goes on with the rest. A handler that throws loses nothing of what follows it. */
	#deliver(chunk: Uint8Array | null): void {
		const sink = this.#sink;
		if (sink === null || this.#isClosed) return;
		const decoder = this.#decoder ?? this.#makeDecoder(sink);
		this.#isDelivering = true;
		let isDone = false;
		try {
			if (chunk !== null) sink.received(chunk.byteLength);
			isDone = chunk === null ? decoder.resume() : decoder.feed(chunk);
		} finally {
			this.#isDelivering = false;
			this.#hasRest = !isDone;
			this.#book(decoder);
			this.flush();
			if (!isDone) {
				this.#pauseSocket();
				if (!this.#isPaused) this.#takeTurn(true);
			} else {
				if (this.#isSocketPaused && !this.#isPaused) this.#resumeSocket();
				this.#endIfDue();
			}
		}
	}

	/** Made for the first bytes: a connection that only listens to this side has none. */
	#makeDecoder(sink: LinkSink): Decoder {
		const options = { role: this.#role, limits: this.#limits };
		const decoder = this.#engine.createDecoder(options, sink);
		if (this.#isPaused) decoder.suspend();
		this.#decoder = decoder;
		return decoder;
	}

	/** Tells of an end that came early, once what came before it has been delivered. */
	#endIfDue(): void {
		if (!this.#isEndDue || this.#hasRest || this.#late !== null) return;
		this.#isEndDue = false;
		try {
			this.#sink?.ended();
		} finally {
			if (this.#isCloseDue) this.closed();
		}
	}

	/** Goes on with the rest: after the event loop has served others, or at the end of this tick. */
	#takeTurn(isYielding: boolean): void {
		if (this.#isTurnDue) return;
		this.#isTurnDue = true;
		if (isYielding) setImmediate(turnOf, this);
		else process.nextTick(turnOf, this);
	}

	#book(decoder: Decoder): void {
		const change = decoder.pendingBytes - this.#pendingBytes;
		if (change === 0 || this.#isClosed) return;
		this.#pendingBytes += change;
		if (bookPendingBytes(change)) return;
		decoder.destroy();
		bookPendingBytes(-this.#pendingBytes);
		this.#pendingBytes = 0;
		this.#sink?.failure("WS_ERR_PENDING_BYTES");
	}

	#sent(callback: SendCallback | undefined): boolean {
		if (callback !== undefined) this.#outbox.addCallback(callback);
		if (this.#outbox.byteLength >= GATHER_BYTES) {
			this.flush();
		} else if (!this.#isDelivering && !this.#isFlushDue) {
			this.#isFlushDue = true;
			flushLater(this);
		}
		return this.#hasRoom();
	}

	/**
	 * The back-pressure boolean. False only where the socket itself has said so: programs written for 1.7 then wait for the
	 * socket's own 'drain'.
	 */
	#hasRoom(): boolean {
		const socket = this.#socket;
		const waiting = socket.writableLength;
		if (
			waiting > 0 &&
			waiting + this.#outbox.byteLength >= socket.writableHighWaterMark
		) {
			this.flush();
		}
		if (!socket.writableNeedDrain) return true;
		this.#needsDrain = true;
		return false;
	}

	#pauseSocket(): void {
		if (this.#isSocketPaused || this.#sink === null) return;
		this.#isSocketPaused = true;
		this.#socket.pause();
	}

	#resumeSocket(): void {
		if (!this.#isSocketPaused) return;
		this.#isSocketPaused = false;
		this.#socket.resume();
	}
}

function settle(callbacks: SendCallback[], error: Error | null): void {
	let i = 0;
	try {
		while (i < callbacks.length) callbacks[i++](error);
	} finally {
		// One that threw does not take the others with it.
		if (i < callbacks.length)
			process.nextTick(settle, callbacks.slice(i), error);
	}
}

function onData(this: Duplex, chunk: Uint8Array): void {
	linkOf(this).receive(chunk);
}

function onDrain(this: Duplex): void {
	linkOf(this).drained();
}

function onEnd(this: Duplex): void {
	linkOf(this).ended();
}

function onError(this: Duplex, error: Error): void {
	linkOf(this).failed(error);
}

function onClose(this: Duplex): void {
	linkOf(this).closed();
}

function onCloseOf(link: SocketLink): void {
	link.closed();
}

function turnOf(link: SocketLink): void {
	link.turn();
}

function deliverLate(link: SocketLink): void {
	link.deliverLate();
}

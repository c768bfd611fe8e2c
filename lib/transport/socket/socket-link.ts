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
import type { Encoder, Engine, Role } from "../../engine/engine.js";
import { createError } from "../../errors.js";
import type { DecoderLimits } from "../../rfc6455/limits.js";
import { BaseLink } from "../base-link.js";
import type { LinkCompression } from "../compression-memory.js";
import type { Link, LinkSink, SendCallback } from "../link.js";
import { GATHER_BYTES, REFERENCE_BYTES, settle } from "../outbox.js";
import { arena, SocketOutbox } from "./outbox.js";
import { guard, linkOf, type RawMethods } from "./socket-guard.js";

/** Links with output that waits for the end of the tick. */
let dirty: SocketLink[] = [];
/** Links that are delivering a chunk, at whose end their output leaves. */
const delivering: SocketLink[] = [];
let hasExitHook = false;

/** The process may exit before that. */
function flushAtExit(): void {
	for (const link of delivering) link.flush();
	flushDirty();
}

function hookExit(): void {
	if (hasExitHook) return;
	hasExitHook = true;
	process.on("exit", flushAtExit);
}

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
	hookExit();
}

export class SocketLink extends BaseLink implements Link {
	readonly transport = "socket";
	/** The unguarded methods of the socket; for the guard. */
	readonly raw: RawMethods;
	readonly #socket: Duplex;
	readonly #encoder: Encoder;
	readonly #outbox = new SocketOutbox();
	/**
	 * Whether chunks are ours, to be unmasked in place, and come from the event loop. Those of a foreign Duplex may have
	 * other readers, and may come while another connection is writing: they are copied, and delivered on the next tick.
	 */
	readonly #isSocket: boolean;
	/** Chunks that came at a moment when they could not be delivered. */
	#late: Uint8Array[] | null = null;
	#isSocketPaused = false;
	/** `flush` is due at the end of the tick. */
	#isFlushDue = false;
	/** A send returned false. */
	#needsDrain = false;

	/** Takes over `socket`, which has done its opening handshake. Nothing is read before `open`. */
	constructor(
		socket: Duplex,
		engine: Engine,
		role: Role,
		limits: DecoderLimits,
		compression: LinkCompression | null = null,
	) {
		super(engine, role, limits, compression);
		this.#socket = socket;
		this.#encoder = engine.createEncoder(role);
		this.#isSocket = socket instanceof Socket;
		this.raw = guard(socket, this);
		socket.on("error", onError);
		socket.on("close", onClose);
	}

	get bufferedAmount(): number {
		return (
			this.compressingBytes +
			this.#outbox.byteLength +
			this.#socket.writableLength
		);
	}

	hasBuffered(bytes: number): boolean {
		return this.bufferedAmount >= bytes;
	}

	isCongested(bytes: number): boolean {
		// A pong may overtake what is being compressed, and does not wait for it.
		const waiting = this.#outbox.byteLength + this.#socket.writableLength;
		if (waiting < bytes) return false;
		this.#needsDrain = true;
		return true;
	}

	open(sink: LinkSink, head: Uint8Array): void {
		const socket = this.#socket;
		this.sink = sink;
		// The peer may end its side while messages of its last chunk wait for their turn: the replies still go out, and the
		// session answers FIN with FIN.
		socket.allowHalfOpen = true;
		socket.on("data", onData);
		socket.on("drain", onDrain);
		socket.on("end", onEnd);
		if (socket.closed || this.isClosed) {
			this.openClosed();
			return;
		}
		if (!this.isPaused) socket.resume();
		this.regulate();
		if (head.byteLength > 0)
			this.receive(this.#isSocket ? head : Buffer.from(head));
	}

	sendText(first: number, text: string, callback?: SendCallback): boolean {
		if (this.compresses(first, text, callback)) return this.#hasRoom();
		this.#outbox.appendFromArena(arena, this.#encoder.text(arena, first, text));
		return this.#sent(callback);
	}

	sendBytes(
		first: number,
		payload: Uint8Array,
		callback?: SendCallback,
	): boolean {
		if (this.compresses(first, payload, callback)) return this.#hasRoom();
		return this.sendFrame(first, payload, callback);
	}

	sendFrame(
		first: number,
		payload: Uint8Array,
		callback: SendCallback | undefined,
	): boolean {
		// Not `byteLength`, which is a call on Node 20.
		const { length } = payload;
		// By reference only while the operating system keeps up: it then takes the bytes within this call, and the caller's
		// buffer is free again when the call returns, as it was with 1.7, which always copied.
		if (
			length >= REFERENCE_BYTES &&
			this.role === "server" &&
			this.#socket.writableLength === 0
		) {
			this.#outbox.appendFromArena(
				arena,
				this.#encoder.header(arena, first, length),
			);
			this.#outbox.appendReference(payload);
			if (callback !== undefined) this.#outbox.addCallback(callback);
			this.flush();
			return this.#hasRoom();
		}
		this.#outbox.appendFromArena(
			arena,
			this.#encoder.binary(arena, first, payload),
		);
		return this.#sent(callback);
	}

	/** Sends the answer to an opening handshake, of Latin-1, which leaves with the first messages. */
	sendRaw(head: string): void {
		this.#outbox.appendReference(Buffer.from(head, "latin1"));
		this.#sent(undefined);
	}

	/** @param isLast what was sent has to be with the socket now: something else follows it */
	flush(isLast = false): void {
		this.#isFlushDue = false;
		if (isLast) this.compressor?.finish();
		if (this.#outbox.byteLength === 0) return;
		const socket = this.#socket;
		// A socket that is full would keep each write as an object of its own, many times as large as a small frame.
		if (socket.writableNeedDrain && socket.writable && !isLast) {
			this.#outbox.hold();
			return;
		}
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
		// Whether the system took all of it within the call.
		let isTaken = false;
		const done =
			callbacks === null && !this.#needsDrain
				? undefined
				: (error?: Error | null) => {
						// The socket itself is silent where it was not over its mark when this was handed over.
						try {
							this.drained();
						} finally {
							if (callbacks !== null)
								settle(callbacks, isTaken ? null : this.#lossOf(error));
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
		isTaken = socket.writableLength === 0 && !socket.destroyed;
	}

	/** What the callbacks of a write are told that was handed to the socket: null where it has left. */
	#lossOf(error: Error | null | undefined): Error | null {
		// Of a write that was under way when it was destroyed, a socket says that it went well.
		if (!error && !this.#socket.destroyed) return null;
		return createError("WS_ERR_CONNECTION_CLOSED", {
			cause: error ?? this.#socket.errored ?? undefined,
		});
	}

	protected end(): void {
		this.flush(true);
		this.raw.end.call(this.#socket);
	}

	/**
	 * Hands over what can leave at once: the socket is being destroyed, perhaps because the peer is gone. What would have to
	 * be compressed first is dropped: for nobody, that could hold the event loop for as long as all that waits takes.
	 */
	flushCompressed(): void {
		this.compressor?.destroy();
		this.flush(true);
	}

	destroy(): void {
		this.flushCompressed();
		this.raw.destroy.call(this.#socket);
		this.forgetEnd();
	}

	// The socket's events.

	receive(chunk: Uint8Array): void {
		if (this.isDelivering || this.#late !== null || !this.#isSocket) {
			if (this.#late === null) {
				this.#late = [];
				process.nextTick(deliverLate, this);
			}
			this.#late.push(this.#isSocket ? chunk : Buffer.from(chunk));
			return;
		}
		this.deliver(chunk);
	}

	deliverLate(): void {
		const late = this.#late;
		if (late === null) return;
		try {
			// The decoder queues what follows a chunk it has not delivered whole.
			for (let chunk = late.shift(); chunk !== undefined; chunk = late.shift())
				this.deliver(chunk);
		} finally {
			// A handler that throws takes nothing but its own event with it.
			if (late.length > 0) process.nextTick(deliverLate, this);
			else this.#late = null;
		}
		this.endIfDue();
	}

	/** The socket is empty, and takes more. */
	roomy(): void {
		this.flush();
		this.drained();
	}

	drained(): void {
		if (!this.#needsDrain || this.#socket.destroyed) return;
		if (this.bufferedAmount > 0) return;
		this.#needsDrain = false;
		this.sink?.drain();
	}

	protected override get holdsBack(): boolean {
		return this.hasRest || this.#late !== null;
	}

	protected regulate(): void {
		if (this.sink === null || this.isReading === !this.#isSocketPaused) return;
		this.#isSocketPaused = !this.isReading;
		if (this.#isSocketPaused) this.#socket.pause();
		else this.#socket.resume();
	}

	protected beginDelivery(): void {
		hookExit();
		delivering.push(this);
	}

	protected endDelivery(): void {
		delivering.pop();
		this.flush();
	}

	protected letGo(): void {
		this.flush(true);
	}

	#sent(callback: SendCallback | undefined): boolean {
		if (callback !== undefined) this.#outbox.addCallback(callback);
		if (this.#outbox.byteLength >= GATHER_BYTES) {
			this.flush();
		} else if (!this.isDelivering && !this.#isFlushDue) {
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
		if (
			!socket.writableNeedDrain &&
			this.compressingBytes < socket.writableHighWaterMark
		)
			return true;
		this.#needsDrain = true;
		return false;
	}
}

function onData(this: Duplex, chunk: Uint8Array): void {
	linkOf(this).receive(chunk);
}

function onDrain(this: Duplex): void {
	linkOf(this).roomy();
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

function deliverLate(link: SocketLink): void {
	link.deliverLate();
}

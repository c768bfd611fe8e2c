/**
 * The link whose socket the addon reads and writes: a reactor on Node's own event loop, without a stream event or a write
 * for each chunk.
 *
 * Where there is a net.Socket it stays beside, with a duplicate of the descriptor, so each must see to the other's end: the
 * socket's destruction closes what is here, and what the reactor sees of the peer's end goes to the socket. A connection that
 * was accepted natively has none before somebody asks for it, and ends by itself until then.
 */
import { AsyncResource } from "node:async_hooks";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { constants } from "node:os";
import { getDefaultHighWaterMark } from "node:stream";
import type { RawBuffer } from "../../engine/buffer.js";
import type { Encoder, Role } from "../../engine/engine.js";
import type { NativeDecoder } from "../../engine/native/decoder.js";
import type { NativeEngine } from "../../engine/native/engine.js";
import { createError } from "../../errors.js";
import type { DecoderLimits } from "../../rfc6455/limits.js";
import { BaseLink } from "../base-link.js";
import type { LinkCompression } from "../compression-memory.js";
import type { Link, LinkSink, SendCallback } from "../link.js";
import { GATHER_BYTES, settle } from "../outbox.js";
import type { AcceptedSocket } from "./accepted-socket.js";
import { HeadReader } from "./head-reader.js";
import type { NativeListener } from "./listener.js";
import { NativeOutbox, type SendParts } from "./outbox.js";
import {
	MAX_SHORT_UNITS,
	READ,
	REFERENCED,
	type Reactor,
	reactorOf,
	SHORT_HEADER_BYTES,
	type SlotOwner,
	WRITE,
} from "./reactor.js";
import { systemError } from "./system-error.js";
import {
	descriptorOf,
	endReading,
	isReferenced,
	refreshTimeout,
	wrap,
	writtenBytes,
} from "./wrapped-socket.js";

/**
 * From this payload length on a server sends by reference, in bytes. Below it a copy that leaves with what else there is for
 * the peer costs less than a call, and a wake-up of the peer, for each.
 */
const REFERENCE_BYTES = 128 * 1024;

/** The call that changes what a socket waits for. */
const WATCHING = process.platform === "linux" ? "epoll_ctl" : "kevent";

/** The outbox of those that have nothing in it. Nobody writes to it. */
const NO_OUTPUT = new NativeOutbox();

const DEFAULT_HIGH_WATER_MARK = getDefaultHighWaterMark(false);

export class NativeLink
	extends BaseLink<NativeDecoder>
	implements Link, SlotOwner
{
	/** For the reactor, which flushes the links that are dirty. */
	outbox = NO_OUTPUT;
	isDirty = false;
	/** What is delivered sees the AsyncLocalStorage of where the link was made, as events of a socket do. */
	readonly resource: AsyncResource;
	/** The number of the socket in the reactor; -1 when it is gone. */
	slot: number;
	/** Bytes that came and went here. */
	bytesRead = 0;
	bytesSent = 0;
	/** The user has written to the socket itself. */
	isSocketWritten = false;
	/** Null until somebody asks for it, where the reactor has accepted the connection. */
	#socket: Socket | null;
	/** What has accepted it there. */
	readonly #listener: NativeListener | null;
	/** And from where. */
	readonly #network: string | undefined;
	readonly #reactor: Reactor;
	readonly #encoder: Encoder;
	/** What the user has written to the socket itself, is here and was not taken by the kernel. */
	#foreignBytes = 0;
	/** Frames that wait in the socket, behind what the user has written there. */
	#behindBytes = 0;
	/** Of short texts that the reactor has not framed yet: as many as they can become. */
	#unframedBytes = 0;
	/** What the reactor waits for. */
	#interest = 0;
	#isReferenced: boolean;
	/** The user has paused the socket itself. */
	#isSocketPaused = false;
	/** The kernel is full. */
	#isWaiting = false;
	/** A send returned false. */
	#needsDrain = false;
	/** Nothing more is sent but what waits. */
	#isShut = false;
	/** Runs when nothing waits any more. */
	#whenSent: (() => void) | null = null;
	/** The peer has ended its side, and that has been told. */
	#hasEnded = false;
	#hasToldEnd = false;
	/** FIN was sent, without a net.Socket. */
	#hasSentEnd = false;
	/** Without a net.Socket: it is being let go. */
	#isLost = false;

	/**
	 * Takes over `socket`, which has done its opening handshake. Nothing is read before `open`.
	 *
	 * @returns null where it cannot be taken over: it is no plain socket, somebody listens to what it reads, or there is no
	 *   descriptor left
	 */
	static create(
		socket: Socket,
		engine: NativeEngine,
		role: Role,
		limits: DecoderLimits,
		compression: LinkCompression | null,
	): NativeLink | null {
		const reactor = reactorOf(engine);
		const fd = descriptorOf(socket);
		if ("reason" in reactor || fd < 0) {
			HeadReader.release(socket);
			return null;
		}
		const link = new NativeLink(
			socket,
			reactor,
			engine,
			role,
			limits,
			compression,
			null,
		);
		const claimed = HeadReader.claim(socket);
		if (claimed === null) link.slot = reactor.attach(fd, link);
		else {
			link.slot = claimed.slot;
			link.bytesRead = claimed.bytesRead;
			link.#interest = READ | REFERENCED;
			reactor.handOver(link.slot, link);
		}
		if (link.slot < 0) {
			// What was booked for it is another's.
			link.closed();
			return null;
		}
		wrap(socket, link);
		return link;
	}

	/** Takes over a socket that was accepted natively, which has done its opening handshake. */
	static adopt(
		accepted: AcceptedSocket,
		engine: NativeEngine,
		limits: DecoderLimits,
		compression: LinkCompression | null,
	): NativeLink {
		const { reactor } = accepted.listener;
		const link = new NativeLink(
			null,
			reactor,
			engine,
			"server",
			limits,
			compression,
			accepted,
		);
		link.slot = accepted.claim();
		link.bytesRead = accepted.bytesRead;
		link.#interest = READ | REFERENCED;
		reactor.handOver(link.slot, link);
		return link;
	}

	private constructor(
		socket: Socket | null,
		reactor: Reactor,
		engine: NativeEngine,
		role: Role,
		limits: DecoderLimits,
		compression: LinkCompression | null,
		accepted: AcceptedSocket | null,
	) {
		super(engine, role, limits, compression);
		this.slot = -1;
		this.resource = accepted?.resource ?? new AsyncResource("NODEJS_WEBSOCKET");
		this.#listener = accepted?.listener ?? null;
		this.#network = accepted?.network;
		this.#socket = socket;
		this.#reactor = reactor;
		this.#encoder = engine.createEncoder(role);
		this.#isReferenced = socket === null || isReferenced(socket);
	}

	/** The net.Socket, made now unless there is one. */
	get socket(): Socket {
		return this.#socket ?? this.#makeSocket(this.#listener as NativeListener);
	}

	#makeSocket(listener: NativeListener): Socket {
		const isGone = this.slot < 0;
		const socket = isGone
			? listener.makeClosedSocket()
			: listener.makeSocket(this.slot, this.#network);
		this.#socket = socket;
		socket.allowHalfOpen = true;
		wrap(socket, this);
		if (isGone) {
			socket.destroy();
			return socket;
		}
		// What it would have seen.
		if (this.#isShut) socket.end();
		if (this.#hasToldEnd) endReading(socket);
		return socket;
	}

	get transport(): "native" {
		return "native";
	}

	get bufferedAmount(): number {
		return this.outboxBytes + this.#behindBytes;
	}

	/** Of these, what does not wait in the socket. */
	get outboxBytes(): number {
		if (this.#unframedBytes > 0) this.#reactor.frameTexts();
		return (
			this.compressingBytes +
			Math.max(0, this.outbox.byteLength - this.#foreignBytes)
		);
	}

	hasBuffered(bytes: number): boolean {
		// The longest form of what is not framed yet is enough to know of most that it is not so.
		const most =
			this.outbox.byteLength +
			this.#unframedBytes +
			this.compressingBytes +
			this.#behindBytes;
		if (most < bytes) return false;
		// What was gathered and is about to leave is not held against the peer.
		if (!this.#isWaiting) this.flush();
		return this.bufferedAmount >= bytes;
	}

	isCongested(bytes: number): boolean {
		// What was gathered and is about to leave waits for nobody.
		if (!this.#isWaiting || this.outbox.byteLength < bytes) return false;
		this.#needsDrain = true;
		return true;
	}

	open(sink: LinkSink, head: Uint8Array): void {
		const socket = this.#socket;
		this.sink = sink;
		if (this.isClosed || socket?.closed) {
			this.openClosed();
			return;
		}
		let chunk = head;
		if (socket !== null) {
			// The session answers FIN with FIN, when the replies to what came before it are on their way.
			socket.allowHalfOpen = true;
			// What Node has read before the socket was taken over.
			const late = socket.read() as Buffer | null;
			if (late !== null) chunk = Buffer.concat([head, late]);
		}
		if (chunk.byteLength > 0) this.deliver(chunk);
		else this.regulate();
	}

	sendText(first: number, text: string, callback?: SendCallback): boolean {
		if (this.#isShut || this.slot < 0) return this.#refuse(callback);
		if (this.compresses(first, text, callback)) return this.#hasRoom();
		if (this.isSocketWritten && this.#isBehindSocket()) {
			const arena = this.#arena();
			return this.#sendBehind(this.#encoder.text(arena, first, text), callback);
		}
		const units = text.length;
		if (
			units <= MAX_SHORT_UNITS &&
			callback === undefined &&
			!this.#isWaiting &&
			this.role === "server"
		) {
			this.#unframedBytes += units * 3 + SHORT_HEADER_BYTES;
			this.#reactor.addText(this, first, text);
			return this.#sent(undefined);
		}
		const arena = this.#arena();
		const bytes = this.#encoder.text(arena, first, text);
		this.#output().appendFromArena(arena, bytes);
		return this.#sent(callback);
	}

	sendBytes(
		first: number,
		payload: Uint8Array,
		callback?: SendCallback,
	): boolean {
		if (this.#isShut || this.slot < 0) return this.#refuse(callback);
		if (this.compresses(first, payload, callback)) return this.#hasRoom();
		return this.sendFrame(first, payload, callback);
	}

	sendFrame(
		first: number,
		payload: Uint8Array,
		callback: SendCallback | undefined,
	): boolean {
		if (this.slot < 0) return this.#refuse(callback);
		const arena = this.#arena();
		if (this.isSocketWritten && this.#isBehindSocket()) {
			const bytes = this.#encoder.binary(arena, first, payload);
			return this.#sendBehind(bytes, callback);
		}
		const outbox = this.#output();
		// Not `byteLength`, which is a call on Node 20.
		const { length } = payload;
		// By reference only while the kernel keeps up: it then takes the bytes within this call, and the caller's buffer is
		// free again when the call returns.
		if (
			length >= REFERENCE_BYTES &&
			this.role === "server" &&
			!this.#isWaiting
		) {
			const bytes = this.#encoder.header(arena, first, length);
			outbox.appendFromArena(arena, bytes);
			outbox.appendReference(payload);
			if (callback !== undefined) outbox.addCallback(callback);
			this.flush();
			return this.#hasRoom();
		}
		const bytes = this.#encoder.binary(arena, first, payload);
		outbox.appendFromArena(arena, bytes);
		return this.#sent(callback);
	}

	/** Sends the answer to an opening handshake, of Latin-1, which leaves with the first messages. */
	sendRaw(head: string): void {
		if (this.slot < 0) return;
		const arena = this.#arena();
		arena.reserve(head.length);
		const { slab, used } = arena;
		arena.used = used + slab.write(head, used, "latin1");
		this.#output().appendFromArena(arena, head.length);
		this.#sent(undefined);
	}

	flush(): void {
		this.#flush(this.#reactor.binding.reactorSend);
	}

	#flush(send: SendParts): void {
		if (this.#unframedBytes > 0) this.#reactor.frameTexts();
		if (this.slot < 0) return;
		const { outbox } = this;
		if (this.#isWaiting) {
			outbox.hold(this.#reactor.arena.slab);
			return;
		}
		const before = outbox.byteLength;
		if (before === 0) return;
		const error = outbox.send(send, this.slot);
		this.bytesSent += before - outbox.byteLength;
		if (error < 0) {
			this.lost(-error, "write");
			return;
		}
		if (outbox.byteLength > 0) outbox.hold(this.#reactor.arena.slab);
		this.#afterSend();
	}

	protected end(): void {
		if (this.#socket !== null) {
			this.flush();
			this.#isShut = true;
			this.#socket.end();
			return;
		}
		// The close frame leaves with FIN, in one packet. That goes behind this tick: once both have sent FIN the system does not
		// know the peer's address any more, which whoever is told of the end may ask for.
		this.#shut(this.#reactor.binding.reactorSendLast, () =>
			process.nextTick(endOf, this),
		);
	}

	/** As `sendEnd`, by the net.Socket where there is one by now. */
	endNow(): void {
		if (this.#socket === null) this.sendEnd();
		else this.#socket.end();
	}

	/** Sends nothing more but what waits, and runs `action` when that has left. */
	#shut(send: SendParts, action: () => void): void {
		this.#flush(send);
		this.#isShut = true;
		if (this.outbox.byteLength === 0) action();
		else this.#whenSent = action;
	}

	/** Sends FIN: the net.Socket that would is not there. */
	sendEnd(): void {
		if (this.slot < 0) return;
		const error = this.#reactor.binding.reactorShutdown(this.slot);
		if (error < 0 && error !== -constants.errno.ENOTCONN) {
			this.lost(-error, "shutdown");
			return;
		}
		this.#hasSentEnd = true;
		if (this.#hasToldEnd) this.#lose(null);
	}

	/** The connection is over: `error` is why, where it was not to be. */
	#lose(error: Error | null): void {
		const socket = this.#socket;
		if (socket !== null) {
			if (error === null) socket.destroy();
			else socket.destroy(error);
			return;
		}
		// Letting go sends what there is, which may fail as well.
		if (this.slot < 0 || this.#isLost) return;
		this.#isLost = true;
		this.detach();
		this.#listener?.left(this.#network);
		process.nextTick(goneOf, this, error);
	}

	/** In place of the events 'error' and 'close' of the net.Socket that there is not. */
	gone(error: Error | null): void {
		try {
			if (error !== null) this.failed(error);
		} finally {
			this.closed();
		}
	}

	destroy(): void {
		// What would have to be compressed first is not waited for.
		this.compressor?.destroy();
		this.flush();
		this.#lose(null);
		this.forgetEnd();
	}

	// What the reactor tells.

	/** Bytes that the addon has parsed: `[start, end, consumed, pending bytes, records, more]` and the records, from `at`. */
	receiveParsed(slab: RawBuffer | null, words: Uint32Array, at: number): void {
		const { decoder, sink } = this;
		if (decoder === null || sink === null) return;
		const byteLength = words[at + 1] - words[at];
		this.bytesRead += byteLength;
		this.#heard();
		let isDone = false;
		this.isDelivering = true;
		try {
			sink.received(byteLength);
		} finally {
			try {
				isDone =
					slab === null
						? decoder.feedPlaced(words, at)
						: decoder.feedParsed(slab, words, at);
			} catch (error) {
				this.threw(decoder, error);
			} finally {
				this.delivered(decoder, isDone);
			}
		}
	}

	/** Bytes for which the addon had no decoder. They are the link's. */
	receive(chunk: Uint8Array): void {
		this.bytesRead += chunk.byteLength;
		this.#heard();
		this.deliver(chunk);
	}

	override ended(): void {
		this.#hasEnded = true;
		this.#heard();
		try {
			super.ended();
		} finally {
			// Mostly that was the end of it, and there is nothing to wait for any more.
			this.regulate();
		}
	}

	/** The connection is lost: `syscall` has failed with the error of that number. */
	lost(errno: number, syscall: string): void {
		this.#lose(systemError(errno, syscall));
	}

	/** The short texts of this link have become so many bytes, the last of the reactor's arena. */
	framed(bytes: number): void {
		this.#unframedBytes = 0;
		if (this.slot >= 0)
			this.#output().appendFromArena(this.#reactor.arena, bytes);
	}

	/** The kernel has room again. */
	writable(): void {
		this.#isWaiting = false;
		this.flush();
	}

	/** The kernel has taken the first `bytes` bytes of the range that the outbox was, of `slab`. */
	sentRange(bytes: number, slab: Buffer): void {
		const { outbox } = this;
		outbox.takenOfRange(bytes);
		this.bytesSent += bytes;
		if (outbox.byteLength > 0) outbox.hold(slab);
		this.#afterSend();
	}

	// What the socket tells.

	/** The user writes to the socket itself: behind what was sent. */
	write(bytes: Uint8Array, done: SendCallback): void {
		if (this.slot < 0) {
			done(createError("WS_ERR_CONNECTION_CLOSED"));
			return;
		}
		const { byteLength } = bytes;
		// From here on it is no more what waits in the socket.
		this.#foreignBytes += byteLength;
		const settled = (error?: Error | null) => {
			this.#foreignBytes -= byteLength;
			done(error);
		};
		this.compressor?.finish();
		this.#reactor.frameTexts();
		if (byteLength === 0 && this.outbox.byteLength === 0) {
			// There is nothing to wait for.
			settled();
			return;
		}
		this.#output().appendReference(bytes);
		this.flush();
		// At once where it is gone: then nothing of what is written next has to wait in the socket, to be overtaken there.
		if (this.slot < 0) settled(createError("WS_ERR_CONNECTION_CLOSED"));
		else if (this.outbox.byteLength === 0) settled();
		else this.outbox.addCallback(settled);
	}

	/** The user ends the socket: what was sent before goes first, and nothing behind it. */
	socketEnds(): void {
		this.#reactor.frameTexts();
		this.#isShut = true;
	}

	/** Whether something was written to the socket that is not here yet: the kernel, or a cork, holds it up. */
	#isBehindSocket(): boolean {
		const socket = this.#socket;
		return socket !== null && writtenBytes(socket) > this.#foreignBytes;
	}

	/** Sends the last `bytes` bytes of the arena behind what was written to the socket. */
	#sendBehind(bytes: number, callback: SendCallback | undefined): boolean {
		const { arena } = this.#reactor;
		const start = arena.used - bytes;
		const frame = Buffer.from(arena.slab.subarray(start, arena.used));
		arena.used = start;
		this.#behindBytes += bytes;
		(this.#socket as Socket).write(frame, (error) => {
			this.#behindBytes -= bytes;
			try {
				callback?.(
					error
						? createError("WS_ERR_CONNECTION_CLOSED", { cause: error })
						: null,
				);
			} finally {
				this.drained();
			}
		});
		return this.#hasRoom();
	}

	/** The socket is to send FIN: `action` does, when nothing waits. */
	whenSent(action: () => void): void {
		this.compressor?.finish();
		this.#shut(this.#reactor.binding.reactorSend, action);
	}

	/** Nothing is received, whoever wants that. */
	get isHeldUp(): boolean {
		return this.isPaused || this.hasRest || this.#isSocketPaused;
	}

	setSocketPaused(isPaused: boolean): void {
		this.#isSocketPaused = isPaused;
		this.regulate();
	}

	setReferenced(isReferenced: boolean): void {
		this.#isReferenced = isReferenced;
		this.regulate();
	}

	/** The connection is being let go: hands over what the kernel takes, and closes the descriptor. */
	detach(): void {
		if (this.slot < 0) return;
		this.flush();
		this.#reactor.detach(this.slot);
		this.slot = -1;
		this.#whenSent = null;
		const callbacks = this.outbox.clear();
		this.#returnOutbox();
		if (callbacks === null) return;
		const error = createError("WS_ERR_CONNECTION_CLOSED");
		process.nextTick(settle, callbacks, error);
	}

	drained(): void {
		if (!this.#needsDrain || this.bufferedAmount > 0) return;
		if (this.slot < 0) return;
		this.#needsDrain = false;
		try {
			this.sink?.drain();
		} finally {
			// Compatibility: programs written for 1.7 wait for the socket's own.
			this.#socket?.emit("drain");
		}
	}

	protected regulate(): void {
		if (this.slot < 0) return;
		const isReading = this.sink !== null && !this.isHeldUp && !this.#hasEnded;
		const interest =
			(isReading ? READ : 0) |
			(this.#isWaiting ? WRITE : 0) |
			(this.#isReferenced ? REFERENCED : 0);
		if (interest === this.#interest) return;
		this.#interest = interest;
		const error = this.#reactor.binding.reactorInterest(this.slot, interest);
		if (error < 0) this.lost(-error, WATCHING);
	}

	protected beginDelivery(): void {
		this.#reactor.beginDelivery();
	}

	protected endDelivery(): void {
		this.#reactor.endDelivery();
	}

	protected letGo(): void {}

	/** From now on the addon parses what comes. */
	protected override madeDecoder(decoder: NativeDecoder): void {
		if (this.slot >= 0)
			this.#reactor.binding.reactorDecoder(this.slot, decoder.slotIndex);
	}

	protected override tellEnd(): void {
		try {
			super.tellEnd();
		} finally {
			this.#hasToldEnd = true;
			if (this.#socket !== null) endReading(this.#socket);
			else if (this.#hasSentEnd) this.#lose(null);
		}
	}

	/** The outbox, for writing. */
	#output(): NativeOutbox {
		if (this.outbox === NO_OUTPUT) this.outbox = this.#reactor.takeOutbox();
		return this.outbox;
	}

	/** The outbox is empty: an idle link has none. */
	#returnOutbox(): void {
		if (this.outbox === NO_OUTPUT) return;
		this.#reactor.returnOutbox(this.outbox);
		this.outbox = NO_OUTPUT;
	}

	/** The memory for the next frame, which goes behind all that was sent. */
	#arena() {
		const reactor = this.#reactor;
		reactor.frameTexts();
		return reactor.arena;
	}

	#refuse(callback: SendCallback | undefined): boolean {
		if (callback !== undefined)
			process.nextTick(callback, createError("WS_ERR_CONNECTION_CLOSED"));
		return true;
	}

	#sent(callback: SendCallback | undefined): boolean {
		if (callback !== undefined) this.outbox.addCallback(callback);
		if (!this.isDirty) {
			this.isDirty = true;
			this.#reactor.addDirty(this);
		}
		if (this.#isWaiting && this.outbox.byteLength >= GATHER_BYTES) this.flush();
		this.#reactor.flushIfFull();
		return this.#hasRoom();
	}

	/** The back-pressure boolean: false where more than the socket's high-water mark waits for the kernel. */
	#hasRoom(): boolean {
		if (!this.#isWaiting && this.compressor === null) return true;
		const mark =
			this.#socket?.writableHighWaterMark ??
			this.#listener?.highWaterMark ??
			DEFAULT_HIGH_WATER_MARK;
		if (
			this.compressingBytes < mark &&
			(!this.#isWaiting || this.outbox.byteLength + this.#behindBytes < mark)
		)
			return true;
		this.#needsDrain = true;
		return false;
	}

	/** Bytes came or went. */
	#heard(): void {
		if (this.#socket !== null) refreshTimeout(this.#socket);
	}

	#afterSend(): void {
		this.#heard();
		const { outbox } = this;
		const callbacks = outbox.takeCallbacks();
		if (callbacks !== null) process.nextTick(settle, callbacks, null);
		if (outbox.byteLength > 0) {
			this.#isWaiting = true;
			this.regulate();
			return;
		}
		this.#returnOutbox();
		// Nothing was waited for where everything left at once.
		if (this.#interest & WRITE) this.regulate();
		if (this.#needsDrain) process.nextTick(drainedOf, this);
		const action = this.#whenSent;
		this.#whenSent = null;
		action?.();
	}
}

function endOf(link: NativeLink): void {
	link.endNow();
}

function goneOf(link: NativeLink, error: Error | null): void {
	link.gone(error);
}

function drainedOf(link: NativeLink): void {
	link.drained();
}

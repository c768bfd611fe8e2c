/**
 * Drives one session: brings it together with a link, a clock, and the user's listeners, streams and iterators.
 *
 * Owns what is on its way to the user (the InStream being received, the iterators) and everything that pauses reading.
 */
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import type { Role } from "../engine/engine.js";
import { createError, type WebSocketErrorFields } from "../errors.js";
import {
	type CloseResult,
	Session,
	type SessionDriver,
} from "../protocol/session.js";
import { FIN } from "../rfc6455/opcode.js";
import type { Link } from "../transport/link.js";
import { IN_STREAM_HIGH_WATER_MARK, InStream } from "./in-stream.js";
import { MessageIterator } from "./message-iterator.js";
import type { OutStream } from "./out-stream.js";
import {
	hasStandingLimits,
	type LimitedConnection,
	PeerLimits,
} from "./peer-limits.js";
import type { ConnectionSettings } from "./settings.js";

/** Output that makes automatic pongs wait and be coalesced, in bytes. */
const CONGESTED_BYTES = 64 * 1024;

/** Who wants reading to stop; it goes on when nobody does. */
const PAUSED_BY_USER = 1;
const PAUSED_BY_STREAM = 2;
const PAUSED_BY_ITERATOR = 4;
const PAUSED_BY_RATE = 8;

/** The binary message being received in pieces. */
const NO_MESSAGE = 0;
const MESSAGE_BEGUN = 1;
const MESSAGE_STREAMED = 2;
const MESSAGE_DISCARDED = 3;

export const leaveServer = Symbol("leaveServer");

/** The connection as its driver sees it. */
export interface DrivenConnection extends EventEmitter {
	outStream: OutStream | null;
	readonly socket: Duplex;
	/** The end has begun: housekeeping, before the user's listeners and out of reach of `removeAllListeners`. */
	[leaveServer](): void;
}

export class Driver implements SessionDriver, LimitedConnection {
	readonly session: Session;
	readonly #connection: DrivenConnection;
	readonly #settings: ConnectionSettings;
	#link: Link | null = null;
	/** Gives up an opening handshake that is under way. */
	#cancelOpening: (() => void) | null = null;
	#deadline: NodeJS.Timeout | null = null;
	/** Made when the connection opens, or where nothing has to be watched from then on, for its first ping or pong. */
	#peerLimits: PeerLimits | null = null;
	#pauses = 0;
	#messageState = NO_MESSAGE;
	#inStream: InStream | null = null;
	#iterators: Set<MessageIterator> | null = null;
	#fullIterators: Set<MessageIterator> | null = null;
	/** Why the connection ended; null after a normal end, undefined before any. */
	#endError: (() => Error) | null | undefined;
	#result: CloseResult | null = null;
	#closed: {
		promise: Promise<CloseResult>;
		resolve(result: CloseResult): void;
	} | null = null;

	constructor(
		connection: DrivenConnection,
		role: Role,
		settings: ConnectionSettings,
	) {
		this.session = new Session(role, this);
		this.#connection = connection;
		this.#settings = settings;
	}

	get link(): Link | null {
		return this.#link;
	}

	get settings(): ConnectionSettings {
		return this.#settings;
	}

	/** Settles when the transport is gone. */
	get closed(): Promise<CloseResult> {
		if (this.#closed === null) {
			let resolve: (result: CloseResult) => void = () => {};
			const promise = new Promise<CloseResult>((settle) => {
				resolve = settle;
			});
			this.#closed = { promise, resolve };
			if (this.#result !== null) resolve(this.#result);
		}
		return this.#closed.promise;
	}

	onOpening(cancel: () => void): void {
		this.#cancelOpening = cancel;
	}

	/** The opening handshake is done: announces the connection, then reads. */
	open(link: Link, head: Uint8Array, announce: () => void): void {
		this.#cancelOpening = null;
		this.session.opened();
		this.#link = link;
		if (this.#pauses !== 0) link.pause();
		if (hasStandingLimits(this.#settings)) this.#limitPeer();
		try {
			announce();
		} finally {
			link.open(this.session, head);
		}
	}

	/** The opening handshake failed; the socket is being destroyed. */
	openingFailed(error: Error): void {
		this.#cancelOpening = null;
		try {
			this.error(error);
		} finally {
			this.session.closed(error);
		}
	}

	// Reading on and off.

	pause(): void {
		this.#setPause(PAUSED_BY_USER, true);
	}

	resume(): void {
		this.#setPause(PAUSED_BY_USER, false);
	}

	#setPause(reason: number, isOn: boolean): void {
		const before = this.#pauses;
		// Once the end is under way nothing pauses: the peer's close frame, or its FIN, has to be read.
		if (isOn && this.#endError === undefined) this.#pauses |= reason;
		else this.#pauses &= ~reason;
		if (before === 0 && this.#pauses !== 0) this.#link?.pause();
		else if (before !== 0 && this.#pauses === 0) this.#link?.resume();
	}

	// Limits.

	/** Whether so much waits for the peer that nothing more may be sent; see `overflowPolicy`. */
	get isOverflowing(): boolean {
		return this.#link?.hasBuffered(this.#settings.maxBufferedBytes) === true;
	}

	received(byteLength: number): void {
		this.#peerLimits?.received(byteLength);
	}

	admitControlFrame(): boolean {
		return this.#limitPeer().admitControlFrame();
	}

	#limitPeer(): PeerLimits {
		this.#peerLimits ??= new PeerLimits(this.#settings, this);
		return this.#peerLimits;
	}

	#admitMessage(): boolean {
		return this.#peerLimits?.admitMessage() ?? true;
	}

	get isReading(): boolean {
		return this.#pauses === 0;
	}

	setRatePause(isOn: boolean): void {
		this.#setPause(PAUSED_BY_RATE, isOn);
	}

	fail(error: Error & WebSocketErrorFields): void {
		this.session.fail(error);
	}

	// What the session asks for.

	get isCongested(): boolean {
		return this.#link?.isCongested(CONGESTED_BYTES) === true;
	}

	sendControl(opcode: number, payload: Buffer): void {
		this.#link?.sendBytes(FIN | opcode, payload);
	}

	shutdown(): void {
		if (this.#link !== null) this.#link.shutdown();
		else this.#abandonOpening();
	}

	destroy(): void {
		if (this.#link !== null) this.#link.destroy();
		else this.#abandonOpening();
	}

	#abandonOpening(): void {
		const cancel = this.#cancelOpening;
		this.#cancelOpening = null;
		if (cancel !== null) {
			this.#connection.socket.once("close", () => this.session.closed());
			cancel();
		}
	}

	startDeadline(): void {
		this.#deadline ??= setTimeout(
			expire,
			this.#settings.closeTimeoutMs,
			this.session,
		);
	}

	error(error: Error): void {
		// Compatibility: with 1.7 an ECONNRESET nobody listened for ended the process. Misuse throws where nobody listens.
		const isMisuse = "code" in error && error.code === "WS_ERR_BUFFER";
		if (isMisuse || this.#connection.listenerCount("error") > 0)
			this.#connection.emit("error", error);
	}

	drain(): void {
		this.#connection.emit("drain");
	}

	ping(payload: Buffer): void {
		const connection = this.#connection;
		if (connection.listenerCount("ping") > 0)
			connection.emit("ping", payload.toString(), payload);
	}

	pong(payload: Buffer): void {
		const connection = this.#connection;
		if (connection.listenerCount("pong") > 0)
			connection.emit("pong", payload.toString(), payload);
	}

	closing(
		code: number | undefined,
		reason: string | undefined,
		error: (() => Error) | null,
	): void {
		this.#endError = error;
		this.#peerLimits?.stop();
		this.#peerLimits = null;
		this.#setPause(this.#pauses, false);
		const lost = error ?? (() => createError("WS_ERR_CONNECTION_CLOSED"));
		this.#inStream?.cutOff(lost);
		this.#inStream = null;
		this.#connection.outStream?.cutOff(lost);
		const iterators = this.#iterators;
		this.#iterators = null;
		this.#fullIterators = null;
		if (iterators !== null)
			for (const iterator of iterators) iterator.finish(error?.() ?? null);
		this.#connection[leaveServer]();
		this.#connection.emit("close", code, reason);
	}

	ended(result: CloseResult): void {
		if (this.#deadline !== null) clearTimeout(this.#deadline);
		this.#result = result;
		this.#closed?.resolve(result);
	}

	// Messages.

	text(message: string): void {
		if (!this.#admitMessage()) return;
		// First, so that a 'text' listener that throws does not take the message from them.
		this.#push(message);
		this.#connection.emit("text", message);
		// The 'text' listener may have closed the connection: nothing comes after 'close'.
		if (this.#endError === undefined)
			this.#connection.emit("message", message, false);
	}

	binary(message: Buffer): void {
		if (this.#admitMessage()) this.#binary(message);
	}

	#binary(message: Buffer): void {
		const connection = this.#connection;
		this.#push(message);
		connection.emit("message", message, true);
		if (
			this.#endError !== undefined ||
			connection.listenerCount("binary") === 0
		)
			return;
		const stream = new InStream();
		if (message.length > 0) stream.addData(message);
		stream.end();
		connection.emit("binary", stream);
	}

	binaryBegin(): "collect" | "stream" {
		if (this.#wantsWhole()) return "collect";
		// Counted here rather than at its end, which may be far. A collected one is counted by `binary`.
		if (!this.#admitMessage()) return "stream";
		this.#messageState = MESSAGE_BEGUN;
		return "stream";
	}

	binaryData(piece: Buffer): void {
		// The stream is opened here and not at the header, with the piece already in it: a listener that throws loses none.
		if (this.#messageState === MESSAGE_BEGUN) this.#openStream(piece);
		else if (this.#messageState === MESSAGE_STREAMED) {
			this.#inStream?.addData(piece);
			this.#regulate();
		}
	}

	binaryEnd(): void {
		const state = this.#messageState;
		this.#messageState = NO_MESSAGE;
		if (state === MESSAGE_BEGUN) {
			this.#binary(Buffer.alloc(0));
			return;
		}
		const stream = this.#inStream;
		this.#inStream = null;
		stream?.end();
		// A complete message never blocks what follows it.
		this.#setPause(PAUSED_BY_STREAM, false);
	}

	#wantsWhole(): boolean {
		return (
			this.#iterators !== null || this.#connection.listenerCount("message") > 0
		);
	}

	/** A whole message, to the iterators. */
	#push(message: string | Buffer): void {
		const iterators = this.#iterators;
		if (iterators !== null)
			for (const iterator of iterators) iterator.push(message);
	}

	#openStream(piece: Buffer): void {
		const connection = this.#connection;
		if (connection.listenerCount("binary") === 0) {
			this.#messageState = MESSAGE_DISCARDED;
			return;
		}
		const stream = new InStream(() => {
			if (this.#inStream === stream) this.#setPause(PAUSED_BY_STREAM, false);
		});
		this.#messageState = MESSAGE_STREAMED;
		this.#inStream = stream;
		stream.addData(piece);
		try {
			connection.emit("binary", stream);
		} finally {
			this.#regulate();
		}
	}

	/** Stops reading where the reader of the stream is behind, and fails the connection where there is none. */
	#regulate(): void {
		const stream = this.#inStream;
		// A stream that its reader destroyed takes no more: what still comes of the message is dropped.
		if (stream === null || stream.destroyed) return;
		if (stream.hasReader) {
			if (stream.unreadBytes >= IN_STREAM_HIGH_WATER_MARK)
				this.#setPause(PAUSED_BY_STREAM, true);
		} else if (stream.unreadBytes > this.#settings.limits.maxMessageBytes) {
			this.session.fail(createError("WS_ERR_STREAM_UNREAD"));
		}
	}

	iterate(): MessageIterator {
		const iterator = new MessageIterator(this);
		if (this.#endError !== undefined)
			iterator.finish(this.#endError?.() ?? null);
		else {
			this.#iterators ??= new Set();
			this.#iterators.add(iterator);
		}
		return iterator;
	}

	setFull(iterator: MessageIterator, isFull: boolean): void {
		this.#fullIterators ??= new Set();
		if (isFull) this.#fullIterators.add(iterator);
		else this.#fullIterators.delete(iterator);
		this.#setPause(PAUSED_BY_ITERATOR, this.#fullIterators.size > 0);
	}

	leave(iterator: MessageIterator): void {
		this.#iterators?.delete(iterator);
		if (this.#iterators?.size === 0) this.#iterators = null;
		this.setFull(iterator, false);
	}
}

function expire(session: Session): void {
	session.expire();
}

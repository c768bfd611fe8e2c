import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { Socket } from "node:net";
import { isAnyArrayBuffer, isUint8Array } from "node:util/types";
import { isDetached, plainBytes } from "../engine/buffer.js";
import {
	createError,
	type ErrorCode,
	type WebSocketErrorFields,
} from "../errors.js";
import { decodeHeaders, fieldsOf } from "../protocol/handshake.js";
import type { DeflateAgreement } from "../protocol/permessage-deflate.js";
import type { CloseResult, Session } from "../protocol/session.js";
import { DEFAULT_MAX_MESSAGE_BYTES } from "../rfc6455/limits.js";
import { FIN, MAX_CONTROL_PAYLOAD, Opcode, RSV1 } from "../rfc6455/opcode.js";
import { ReadyState } from "../rfc6455/ready-state.js";
import type { SendCallback } from "../transport/link.js";
import { AcceptedSocket } from "../transport/native/accepted-socket.js";
import { NativeLink } from "../transport/native/native-link.js";
import { createLink, refuseNative } from "../transport/select.js";
import { ClientOpening } from "../transport/socket/client-opening.js";
import { linkCompression } from "./compression.js";
import { CompressionOffer } from "./compression-offer.js";
import { Driver, leaveServer } from "./driver.js";
import type { InStream } from "./in-stream.js";
import { OutStream, sendFragment } from "./out-stream.js";
import { ConnectionParent } from "./parent.js";
import {
	hasBytes,
	readSendArguments,
	type SendOptions,
} from "./send-options.js";
import {
	type ConnectionSettings,
	resolveSettings,
	type WebSocketOptions,
} from "./settings.js";

/** What can be sent as a binary message. */
export type BinaryData =
	| Uint8Array
	| ArrayBuffer
	| SharedArrayBuffer
	| DataView;

/** What a client connection is made with; `connect` fills it in from the URL. */
export interface ClientRequest extends WebSocketOptions {
	/** Path and query of the request. */
	path: string;
	/** Host name without port. */
	host: string;
	/** Value of the Host header. Default: `host`. */
	hostHeader?: string;
	/** Headers added to the handshake request. One of the same name replaces the library's own. */
	extraHeaders?: Record<string, unknown> | null;
	/** Subprotocols to offer, in order of preference. */
	protocols?: string[];
	/** Aborts the attempt to connect. */
	signal?: AbortSignal;
}

/** The outcome of an opening handshake. @internal */
export interface Opened {
	/** A client's. */
	headers?: IncomingHttpHeaders;
	protocol: string | undefined;
	/** What was agreed on about compression; null for nothing. */
	deflate: DeflateAgreement | null;
	/** Bytes that came behind the handshake. */
	head: Uint8Array;
	/** Sent before everything else. */
	response?: string;
	/** Called when the connection is open, before and behind its 'connect' event. */
	beforeConnect?: () => void;
	afterConnect?: () => void;
}

export interface ConnectionEvents {
	/** The opening handshake is done. */
	connect: [];
	/** A text message. */
	text: [message: string];
	/** A binary message, as a stream, from its first bytes on. */
	binary: [stream: InStream];
	/** A whole message of either type. While somebody listens, binary messages are collected. */
	message: [data: string | Buffer, isBinary: boolean];
	/** A ping; it has been answered. Payload as string and as bytes. */
	ping: [data: string, payload: Buffer];
	/** A pong. Payload as string and as bytes. */
	pong: [data: string, payload: Buffer];
	/** Sends may go on after one has returned false. */
	drain: [];
	/** The connection is closing or lost; once. As given to `close()`, or as the peer sent it, or 1006 and "". */
	close: [code: number | undefined, reason: string | undefined];
	error: [error: Error];
}

/** Opens a connection whose handshake a server has accepted. @internal */
export let openConnection: (connection: Connection, opened: Opened) => void;

/** A server's connection on a socket that was accepted natively, whose request has been read. @internal */
export let acceptConnection: (
	accepted: AcceptedSocket,
	server: ConnectionParent,
) => Connection;

/** Gives a connection the head that its headers are made of. @internal */
export let setHead: (connection: Connection, head: string) => void;

/** @internal */
export let driverOf: (connection: Connection) => Driver;

/**
 * A WebSocket connection, either end.
 *
 * Sends return the back-pressure boolean of a stream: false asks to wait for 'drain'. Misuse (sending while not open, text
 * during a binary transmission) is emitted as 'error', which throws where nobody listens; what the peer or the network
 * does wrong is emitted only to listeners and always ends in 'close'.
 */
export class Connection extends EventEmitter<ConnectionEvents> {
	/** Least bytes per frame of an OutStream. Set by `setBinaryFragmentation`. */
	static binaryFragmentation = 512 * 1024;
	/** Default of `maxMessageBytes`. Set by `setMaxBufferLength`. */
	static maxBufferLength = DEFAULT_MAX_MESSAGE_BYTES;
	static readonly CONNECTING = ReadyState.CONNECTING;
	static readonly OPEN = ReadyState.OPEN;
	static readonly CLOSING = ReadyState.CLOSING;
	static readonly CLOSED = ReadyState.CLOSED;
	declare readonly CONNECTING: 0;
	declare readonly OPEN: 1;
	declare readonly CLOSING: 2;
	declare readonly CLOSED: 3;

	/** The server that accepted the connection; null for a client's. */
	readonly server: ConnectionParent | null;
	/** Path and query of the request; null on a server until the handshake is done. */
	path: string | null;
	/** A client's: the host name without port. */
	host: string | null;
	extraHeaders: Record<string, unknown> | null | undefined;
	/** The subprotocols the client offers. */
	protocols: string[];
	/** The subprotocol agreed upon. */
	protocol: string | undefined = undefined;
	/** The extensions agreed upon, as they stand in the server's answer: "" or "permessage-deflate; …". */
	extensions = "";
	/** The Sec-WebSocket-Key of the handshake. */
	key: string | null = null;
	/** The binary message being sent by `beginBinary`, or null. */
	outStream: OutStream | null = null;
	/** The headers, or the head that they are made of when somebody asks for them. */
	#headers: IncomingHttpHeaders | string = "";
	/** Null where it is not made before somebody asks for it; then there is what makes it. */
	#socket: Socket | null;
	#socketSource: { readonly socket: Socket } | null;
	readonly #driver: Driver;
	/** Messages of so many bytes and more are compressed; null where none can be. */
	#compressFromBytes: number | null = null;
	/** Whether the message of `outStream` is compressed. */
	#isStreamCompressed = false;

	/**
	 * @param socket a net or TLS socket: accepted, for a server's connection; connecting, for a client's
	 * @param parentOrRequest the server, or what to ask a server for
	 * @param callback listener for 'connect', called once
	 */
	constructor(
		socket: Socket,
		parentOrRequest: ConnectionParent | ClientRequest,
		callback?: () => void,
	) {
		super();
		startListeners(this);
		const isAccepted = socket instanceof AcceptedSocket;
		this.#socket = isAccepted ? null : socket;
		this.#socketSource = isAccepted ? socket : null;
		if (typeof callback === "function") this.once("connect", callback);
		if (parentOrRequest instanceof ConnectionParent) {
			this.server = parentOrRequest;
			this.path = null;
			this.host = null;
			this.extraHeaders = null;
			this.protocols = [];
			this.#driver = new Driver(this, "server", parentOrRequest.settings);
			if (!isAccepted) parentOrRequest.adopt(this);
		} else {
			this.server = null;
			this.path = parentOrRequest.path;
			this.host = parentOrRequest.host;
			this.extraHeaders = parentOrRequest.extraHeaders;
			this.protocols = parentOrRequest.protocols ?? [];
			const settings = resolveSettings(
				parentOrRequest,
				Connection.maxBufferLength,
			);
			if (Object.getPrototypeOf(socket) !== Socket.prototype)
				refuseNative(parentOrRequest.transport, "this is no plain socket");
			this.#driver = new Driver(this, "client", settings);
			this.#startOpening(parentOrRequest, settings);
		}
	}

	/** The net or TLS socket underneath. What is written to it directly goes behind what has been sent. */
	get socket(): Socket {
		this.#socket ??= (this.#socketSource as { socket: Socket }).socket;
		return this.#socket;
	}

	/** Headers of the peer's half of the handshake, as node:http has them. */
	get headers(): IncomingHttpHeaders {
		if (typeof this.#headers === "string")
			this.#headers = decodeHeaders(fieldsOf(this.#headers));
		return this.#headers;
	}

	set headers(headers: IncomingHttpHeaders) {
		this.#headers = headers;
	}

	get readyState(): ReadyState {
		return this.#driver.session.readyState;
	}

	/** Bytes sent that the operating system has not taken yet. */
	get bufferedAmount(): number {
		return this.#driver.link?.bufferedAmount ?? 0;
	}

	/** The frame engine that serves this connection. */
	get engine(): "native" | "typescript" {
		return this.#driver.settings.engine.name;
	}

	/** What carries the bytes of this connection; null until it is open. */
	get transport(): "native" | "socket" | null {
		return this.#driver.link?.transport ?? null;
	}

	/** Settles when the connection has really ended: the transport is gone. Never rejects. */
	get closed(): Promise<CloseResult> {
		return this.#driver.closed;
	}

	/**
	 * Sends a text message; a Buffer or Uint8Array is taken for its UTF-8.
	 *
	 * @param options whether it is compressed; may be left out
	 * @param callback called when the operating system has the data, or with the error
	 * @returns false when the peer is behind: wait for 'drain'. Undefined where nothing was sent (see the class, and
	 *   `overflowPolicy`).
	 * @throws TypeError `WS_ERR_TEXT_TYPE` for anything else, and for bytes that are not UTF-8
	 */
	sendText(
		text: string | Uint8Array,
		options?: SendOptions | SendCallback | null,
		callback?: SendCallback,
	): boolean | undefined {
		const { compress, done } = readSendArguments(options, callback);
		if (!this.#maySend("WS_ERR_TEXT_DURING_BINARY", done)) return undefined;
		const link = this.#driver.link;
		if (typeof text === "string")
			return link?.sendText(
				FIN | Opcode.TEXT | this.#compressed(text, compress),
				text,
				done,
			);
		if (isUint8Array(text)) {
			const bytes = toBytes(text);
			if (!this.#driver.settings.engine.isValidUTF8(bytes)) {
				throw createError("WS_ERR_TEXT_TYPE", {
					detail: "the bytes are not valid UTF-8",
				});
			}
			return link?.sendBytes(
				FIN | Opcode.TEXT | this.#compressed(bytes, compress),
				bytes,
				done,
			);
		}
		throw createError("WS_ERR_TEXT_TYPE", {
			detail: `it is ${describe(text)}`,
		});
	}

	/**
	 * Sends a binary message in one frame. Buffers of 32 KiB and more are not copied where the operating system does not
	 * take them at once: leave them unchanged until the callback, as with `socket.write`.
	 *
	 * @param options whether it is compressed; may be left out
	 * @param callback called when the operating system has the data, or with the error
	 * @returns as `sendText`
	 * @throws TypeError `WS_ERR_DATA_TYPE` for what is neither a Buffer, Uint8Array, DataView nor ArrayBuffer
	 */
	sendBinary(
		data: BinaryData,
		options?: SendOptions | SendCallback | null,
		callback?: SendCallback,
	): boolean | undefined {
		return this.#sendBinary(data, null, options, callback);
	}

	/** Sends a string as text, anything else as binary. Returns and throws as those do. */
	send(
		data: string | BinaryData,
		options?: SendOptions | SendCallback | null,
		callback?: SendCallback,
	): boolean | undefined {
		if (typeof data === "string") return this.sendText(data, options, callback);
		// Misuse of the argument is told in any ready state, as in 1.7.
		return this.#sendBinary(
			data,
			toBytes(data, this.#shortBytes()),
			options,
			callback,
		);
	}

	/** What a client masks, or a connection compresses, is read natively: there memory of other threads has no business. */
	#shortBytes(): number {
		return this.server === null || this.#compressFromBytes !== null
			? 0
			: SHORT_BYTES;
	}

	/** @param bytes those of `data`, where they were looked at before */
	#sendBinary(
		data: BinaryData,
		bytes: Uint8Array | null,
		options: SendOptions | SendCallback | null | undefined,
		callback: SendCallback | undefined,
	): boolean | undefined {
		const { compress, done } = readSendArguments(options, callback);
		if (!this.#maySend("WS_ERR_BINARY_DURING_BINARY", done)) return undefined;
		const payload = bytes ?? toBytes(data, this.#shortBytes());
		return this.#driver.link?.sendBytes(
			FIN | Opcode.BINARY | this.#compressed(payload, compress),
			payload,
			done,
		);
	}

	/**
	 * Begins a binary message whose length need not be known: returns a Writable. The message ends when it finishes; until
	 * then nothing else can be sent.
	 *
	 * @param options whether it is compressed. Default: as a message of any length
	 */
	beginBinary(options?: SendOptions | null): OutStream | undefined {
		const { compress = true } = readSendArguments(options, undefined);
		// It is not held to maxBufferedBytes: it waits by itself.
		if (!this.#mayBegin("WS_ERR_BINARY_DURING_BINARY", undefined))
			return undefined;
		this.#isStreamCompressed = compress && this.#compressFromBytes !== null;
		this.outStream = new OutStream(this, Connection.binaryFragmentation);
		return this.outStream;
	}

	/** @internal */
	[leaveServer](): void {
		// One that was never open is not on the server's list.
		if (this.#driver.link !== null) this.server?.forget(this);
	}

	/** @internal */
	[sendFragment](
		payload: Uint8Array,
		isFirst: boolean,
		isFinal: boolean,
		callback?: SendCallback,
	): void {
		const link = this.#driver.link;
		if (this.readyState !== ReadyState.OPEN || link === null) {
			// The stream is being destroyed: this write is dropped with it.
			callback?.();
			return;
		}
		// "the RSV1 bit … of the first fragment" stands for the whole message (RFC 7692 section 6.1).
		const opening =
			Opcode.BINARY | (isFirst && this.#isStreamCompressed ? RSV1 : 0);
		const first = (isFinal ? FIN : 0) | (isFirst ? opening : 0);
		link.sendBytes(first, payload, callback);
	}

	/**
	 * Sends a ping.
	 *
	 * @param data payload, at most 125 bytes
	 * @throws RangeError `WS_ERR_PING_LENGTH`, TypeError `WS_ERR_DATA_TYPE`
	 */
	sendPing(data: string | BinaryData = ""): void {
		const payload =
			typeof data === "string"
				? Buffer.from(data)
				: toBytes(data ?? Buffer.alloc(0));
		if (payload.byteLength > MAX_CONTROL_PAYLOAD) {
			throw createError("WS_ERR_PING_LENGTH", {
				detail: `it has ${payload.byteLength}`,
			});
		}
		if (this.readyState !== ReadyState.OPEN)
			this.#misused("WS_ERR_NOT_OPEN", undefined);
		else if (this.#driver.isOverflowing) this.#overflowed(undefined);
		else this.#driver.link?.sendBytes(FIN | Opcode.PING, payload);
	}

	/**
	 * Starts the closing handshake. 'close' is emitted before this returns; `closed` settles when it is done. A connection
	 * that is not open yet is given up; one that is closing already is no longer waited for.
	 *
	 * @param code 1000–1003, 1007–1014 or 3000–4999; none and 1005 send a close frame without a code
	 * @param reason at most 123 bytes in UTF-8
	 * @throws RangeError `WS_ERR_INVALID_CLOSE_CODE`, `WS_ERR_CLOSE_REASON_LENGTH`; then nothing has changed
	 */
	close(code?: number, reason?: string): void {
		this.#driver.session.startClose(code ?? undefined, reason ?? undefined);
	}

	/** Ends the connection at once, without a closing handshake: 'close' comes with 1006. */
	terminate(): void {
		this.#driver.session.terminate();
	}

	/** Stops reading, also between the messages of one chunk. Pings wait, too. Nests with nothing: one `resume` is enough. */
	pause(): void {
		this.#driver.pause();
	}

	resume(): void {
		this.#driver.resume();
	}

	/** The messages to come, whole and in order; see MessageIterator. */
	[Symbol.asyncIterator](): AsyncIterableIterator<string | Buffer> {
		return this.#driver.iterate();
	}

	/** RSV1 where `data` is to be compressed, else 0. */
	#compressed(
		data: string | Uint8Array,
		compress: boolean | undefined,
	): number {
		const least = this.#compressFromBytes;
		if (least === null || compress === false) return 0;
		return compress || hasBytes(data, least) ? RSV1 : 0;
	}

	/** Whether a data frame may be sent now; if not, says so as 1.7 did, and to `callback`. */
	#maySend(
		duringBinary: ErrorCode,
		callback: SendCallback | undefined,
	): boolean {
		if (!this.#mayBegin(duringBinary, callback)) return false;
		if (!this.#driver.isOverflowing) return true;
		this.#overflowed(callback);
		return false;
	}

	#mayBegin(
		duringBinary: ErrorCode,
		callback: SendCallback | undefined,
	): boolean {
		if (this.readyState !== ReadyState.OPEN)
			this.#misused("WS_ERR_NOT_OPEN", callback);
		else if (this.outStream !== null) this.#misused(duringBinary, callback);
		else return true;
		return false;
	}

	/** Too much waits for the peer to send more. */
	#overflowed(callback: SendCallback | undefined): void {
		const { maxBufferedBytes, overflowPolicy } = this.#driver.settings;
		const detail = `${maxBufferedBytes} bytes`;
		const error = createError("WS_ERR_BUFFERED_BYTES", { detail });
		if (callback !== undefined) process.nextTick(callback, error);
		// Not at once: a loop that sends would find the connection closed in its middle, which is misuse, and throws.
		if (overflowPolicy === "close")
			process.nextTick(failSession, this.#driver.session, error);
	}

	#misused(code: ErrorCode, callback: SendCallback | undefined): void {
		const error = createError(code);
		if (callback !== undefined) process.nextTick(callback, error);
		this.emit("error", error);
	}

	#startOpening(request: ClientRequest, settings: ConnectionSettings): void {
		const { path, host, hostHeader, extraHeaders, signal } = request;
		const offer = new CompressionOffer(settings, this.socket);
		const options = {
			path,
			host: hostHeader ?? host,
			protocols: this.protocols,
			deflate: offer.wishes,
			extraHeaders,
			timeoutMs: settings.handshakeTimeoutMs,
			signal,
		};
		const opening = new ClientOpening(this.socket, options, {
			started: (key) => {
				this.key = key;
			},
			accepted: (headers, protocol, deflate, head) => {
				// What was agreed on is booked by the link.
				offer.release();
				this.#open({ headers, protocol, deflate, head });
			},
			failed: (error) => {
				offer.release();
				this.#driver.openingFailed(error);
			},
		});
		this.#driver.onOpening(() => opening.cancel());
	}

	#open(opened: Opened): void {
		const { engine, transport, limits, compression } = this.#driver.settings;
		if (this.readyState !== ReadyState.CONNECTING) {
			// Closed by the user in the meantime, from selectProtocol for one.
			this.socket.destroy();
			return;
		}
		if (opened.headers !== undefined) this.headers = opened.headers;
		this.protocol = opened.protocol;
		const { deflate } = opened;
		if (deflate !== null && compression !== null) {
			this.extensions = deflate.extension;
			if (deflate.send !== null)
				this.#compressFromBytes = compression.threshold;
		}
		const link = createLink(
			transport,
			// Only an accepted one is no socket.
			this.#socket ?? (this.#socketSource as AcceptedSocket),
			engine,
			this.server === null ? "client" : "server",
			limits,
			deflate && compression && linkCompression(compression, deflate),
		);
		if (link instanceof NativeLink && this.#socket === null)
			this.#socketSource = link;
		if (opened.response !== undefined) link.sendRaw(opened.response);
		this.#driver.open(link, opened.head, () => {
			opened.beforeConnect?.();
			this.emit("connect");
			opened.afterConnect?.();
		});
	}

	static {
		// The names of the ready states are on the prototype, as in 1.7: `conn.OPEN`.
		Object.assign(Connection.prototype, ReadyState);
		openConnection = (connection, opened) => connection.#open(opened);
		// The public constructor takes sockets.
		acceptConnection = (accepted, server) =>
			new Connection(accepted as unknown as Socket, server);
		setHead = (connection, head) => {
			connection.#headers = head;
		};
		driverOf = (connection) => connection.#driver;
	}
}

/** Asking a view for its memory is the dearest part of a short send: up to this length, in bytes, nobody does. */
const SHORT_BYTES = 128;

/**
 * The bytes of what can be sent as binary. Throws `WS_ERR_DATA_TYPE` for anything else.
 *
 * @param shortBytes up to this length they may be memory that another thread may write to
 */
function toBytes(data: unknown, shortBytes = 0): Uint8Array {
	const bytes = isUint8Array(data) ? plainBytes(data) : viewOf(data);
	if (bytes.length === 0 && isDetached(bytes.buffer)) throw transferredAway();
	// Each byte of what is short is read once, within the call that sends it.
	if (bytes.length <= shortBytes) return bytes;
	// Memory that another thread may write to is copied, so that what is sent is what was checked.
	return bytes.buffer instanceof SharedArrayBuffer ? Buffer.from(bytes) : bytes;
}

function viewOf(data: unknown): Uint8Array {
	const isView = ArrayBuffer.isView(data);
	if (!isView && !isAnyArrayBuffer(data)) throw createError("WS_ERR_DATA_TYPE");
	try {
		return isView
			? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
			: new Uint8Array(data);
	} catch {
		throw transferredAway();
	}
}

/**
 * What an emitter keeps its listeners in: as Node's own, an object without a prototype's names, but one that V8 does not keep as
 * a hash table from the beginning on, which an idle connection would hold 200 bytes for.
 */
function ListenerMap(): void {}
ListenerMap.prototype = Object.create(null);
const Listeners = ListenerMap as unknown as new () => object;

function startListeners(emitter: EventEmitter): void {
	(emitter as unknown as { _events: object })._events = new Listeners();
}

const transferredAway = () =>
	createError("WS_ERR_DATA_TYPE", {
		detail: "its memory was transferred away",
	});

function failSession(
	session: Session,
	error: Error & WebSocketErrorFields,
): void {
	// A loop asks for it many times.
	if (session.readyState === ReadyState.OPEN) session.fail(error);
}

function describe(value: unknown): string {
	return value === null ? "null" : typeof value;
}

/**
 * The state of one WebSocket connection after its opening handshake: RFC 6455 sections 5.5, 7 and what follows from them.
 *
 * No I/O and no clock: what the peer sent comes in by the methods of a decoder's sink, what the user wants by `close` and
 * `terminate`, time by `expire`; everything that is to happen goes out through the SessionDriver.
 *
 *   CONNECTING ──opened──▶ OPEN ──close()──▶ CLOSING ──peer's close frame──▶ CLOSED
 *        │                  │ ╰──peer's close frame (answered)──────────────▶ CLOSED
 *        │                  ╰──broken rule: close frame, FIN──▶ CLOSING ──transport gone──▶ CLOSED
 *        ╰───────── transport gone, from every state ──────────▶ CLOSED
 *
 * The user is told of the end once, at the first of these steps; `ended` follows when the transport is gone.
 */
import { Buffer } from "node:buffer";
import type { DecoderSink, Role } from "../engine/engine.js";
import {
	createError,
	type ErrorCode,
	type WebSocketErrorFields,
} from "../errors.js";
import { CloseCode, isValidCloseCode } from "../rfc6455/close-code.js";
import { MAX_CLOSE_REASON, Opcode } from "../rfc6455/opcode.js";
import { ReadyState } from "../rfc6455/ready-state.js";

/** How a connection ended, as this endpoint saw it. */
export interface CloseResult {
	/** The close code the peer sent; 1005 where its close frame had none; 1006 where there was no close frame. */
	code: number;
	/** The reason the peer sent, or "". */
	reason: string;
	/** Whether both close frames were exchanged. */
	wasClean: boolean;
}

/** What a Session asks of its surroundings. Calls come synchronously. */
export interface SessionDriver extends Omit<DecoderSink, "close" | "failure"> {
	/** Whether earlier output still waits for the peer; automatic pongs are then coalesced. */
	readonly isCongested: boolean;
	/** So many bytes came while the connection is open. May fail the session. */
	received(byteLength: number): void;
	/** Counts a ping or pong. Returns false where the peer sends too many; the session has then been failed. */
	admitControlFrame(): boolean;
	sendControl(opcode: number, payload: Buffer): void;
	/** Sends what waits, then FIN. */
	shutdown(): void;
	/** Ends the transport at once. */
	destroy(): void;
	/** Calls `expire` after the time for a closing handshake. Asked once. */
	startDeadline(): void;
	/**
	 * The user is to learn of the end: once, with the arguments of the event 'close', and what returns the error where the
	 * end was not a normal one (a local close, or the codes 1000, 1001 and 1005). The error is made when it is asked for:
	 * most ends interest nobody that much, and a stack is the dearest part of an end.
	 */
	closing(
		code: number | undefined,
		reason: string | undefined,
		error: (() => Error) | null,
	): void;
	/** An error the user may want to know of; it must not throw where nobody listens. */
	error(error: Error): void;
	drain(): void;
	/** The transport is gone. Once, and last. */
	ended(result: CloseResult): void;
}

const EMPTY = Buffer.alloc(0);

/** The payload of a close frame: nothing for no code and 1005, else code and reason. Throws on what may not be sent. */
export function closePayload(
	code: number | undefined,
	reason: string | undefined,
): Buffer {
	if (reason !== undefined && typeof reason !== "string")
		throw createError("WS_ERR_CLOSE_REASON_TYPE");
	const text = Buffer.from(reason ?? "", "utf8");
	if (text.length > MAX_CLOSE_REASON) {
		throw createError("WS_ERR_CLOSE_REASON_LENGTH", {
			detail: `it has ${text.length}`,
		});
	}
	// Compatibility: as in 1.7, 1005 stands for a close frame without a code.
	if (code === undefined || code === CloseCode.NO_STATUS) return EMPTY;
	if (!Number.isInteger(code) || !isValidCloseCode(code)) {
		throw createError("WS_ERR_INVALID_CLOSE_CODE", {
			detail: `it is ${String(code)}`,
		});
	}
	const payload = Buffer.allocUnsafe(2 + text.length);
	payload.writeUInt16BE(code, 0);
	text.copy(payload, 2);
	return payload;
}

export class Session {
	readonly #driver: SessionDriver;
	readonly #role: Role;
	#readyState: ReadyState = ReadyState.CONNECTING;
	/** The user has been told of the end. */
	#isTold = false;
	/** A close frame went out. */
	#hasSentClose = false;
	/** FIN went out, or the transport was destroyed. */
	#isShut = false;
	/** The peer's close frame. */
	#received: { code: number; reason: string } | null = null;
	/** What the transport failed with. */
	#transportError: Error | null = null;
	/** A ping not answered yet, because earlier output still waits. */
	#ping: Buffer | null = null;

	constructor(role: Role, driver: SessionDriver) {
		this.#role = role;
		this.#driver = driver;
	}

	get readyState(): ReadyState {
		return this.#readyState;
	}

	/** The opening handshake is done. */
	opened(): void {
		if (this.#readyState === ReadyState.CONNECTING)
			this.#readyState = ReadyState.OPEN;
	}

	received(byteLength: number): void {
		if (this.#readyState === ReadyState.OPEN) this.#driver.received(byteLength);
	}

	// What the peer sent. "Data frames received after a close frame was sent are dropped", as in 1.7.

	text(message: string): void {
		if (this.#readyState === ReadyState.OPEN) this.#driver.text(message);
	}

	binary(message: Buffer): void {
		if (this.#readyState === ReadyState.OPEN) this.#driver.binary(message);
	}

	binaryBegin(): "collect" | "stream" {
		// A stream nobody opens holds nothing: the cheapest way to drop the message.
		return this.#readyState === ReadyState.OPEN
			? this.#driver.binaryBegin()
			: "stream";
	}

	binaryData(piece: Buffer): void {
		if (this.#readyState === ReadyState.OPEN) this.#driver.binaryData(piece);
	}

	binaryEnd(): void {
		if (this.#readyState === ReadyState.OPEN) this.#driver.binaryEnd();
	}

	/**
	 * "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already received a Close
	 * frame." (5.5.2) "If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to previous
	 * Ping frame(s), the endpoint MAY elect to send a Pong frame for only the most recently processed Ping frame." (5.5.3)
	 */
	ping(payload: Buffer): void {
		if (this.#readyState !== ReadyState.OPEN) return;
		if (!this.#driver.admitControlFrame()) return;
		if (this.#driver.isCongested) this.#ping = Buffer.from(payload);
		else {
			// One that waits is older than this one.
			this.#ping = null;
			this.#driver.sendControl(Opcode.PONG, payload);
		}
		this.#driver.ping(payload);
	}

	pong(payload: Buffer): void {
		// Told also while closing, but not once this side has given up.
		if (this.#isShut) return;
		if (
			this.#readyState === ReadyState.OPEN &&
			!this.#driver.admitControlFrame()
		)
			return;
		this.#driver.pong(payload);
	}

	close(code: number, reason: string): void {
		if (this.#received !== null || this.#isShut) return;
		this.#received = { code, reason };
		const wasOpen = this.#readyState === ReadyState.OPEN;
		this.#readyState = ReadyState.CLOSED;
		if (wasOpen) {
			// "the endpoint typically echos the status code it received" (5.5.1); 1.7 echoes the reason too.
			this.#sendClose(closePayload(code, reason));
			// "the server MUST close the TCP connection first" (7.1.1, as a SHOULD for the client to wait).
			if (this.#role === "server") this.#shut();
			this.#driver.startDeadline();
			this.#tell(code, reason, peerError(code, reason));
		} else {
			this.#shut();
		}
	}

	/** The decoder, or a limit outside of it, gave the connection up: "_Fail the WebSocket Connection_" (7.1.7). */
	failure(failure: ErrorCode, detail?: string): void {
		this.fail(createError(failure, { detail }));
	}

	/** Fails the connection with the close code of `error`. */
	fail(error: Error & WebSocketErrorFields): void {
		if (this.#readyState === ReadyState.OPEN) {
			const closeCode = error.closeCode ?? CloseCode.INTERNAL_ERROR;
			this.#readyState = ReadyState.CLOSING;
			this.#sendClose(closePayload(closeCode, undefined));
			this.#shut();
			this.#driver.startDeadline();
			try {
				this.#driver.error(error);
			} finally {
				// Compatibility: 1.7 hands its listeners the close code and no reason.
				this.#tell(closeCode, undefined, () => error);
			}
		} else {
			// After the first close frame there is nobody left to tell: end, and let the deadline do the rest.
			this.#shut();
		}
	}

	drain(): void {
		this.#answerPing();
		// After 'close' there is nothing to go on with.
		if (this.#readyState === ReadyState.OPEN) this.#driver.drain();
	}

	/** The peer ended its side of the transport. */
	ended(): void {
		// Answer FIN with FIN, whatever the state; what is still in the outbox goes first, if the peer reads it in time.
		this.#shut();
		this.#driver.startDeadline();
		this.#lose();
	}

	/** The transport reported an error. */
	failed(error: Error): void {
		this.#transportError = error;
		if (this.#readyState !== ReadyState.CLOSED) this.#driver.error(error);
	}

	/**
	 * The transport is gone.
	 *
	 * @param error why, where the opening handshake failed
	 */
	closed(error: Error | null = null): void {
		this.#isShut = true;
		try {
			this.#lose(error);
		} finally {
			this.#driver.ended({
				code: this.#received?.code ?? CloseCode.ABNORMAL,
				reason: this.#received?.reason ?? "",
				wasClean: this.#received !== null && this.#hasSentClose,
			});
		}
	}

	// What the user wants.

	/**
	 * Starts the closing handshake, or gives up a connection that is not open.
	 *
	 * @throws RangeError, TypeError on a code or reason that may not be sent; nothing has changed then.
	 */
	startClose(code: number | undefined, reason: string | undefined): void {
		const payload = closePayload(code, reason);
		if (this.#readyState === ReadyState.OPEN) {
			this.#readyState = ReadyState.CLOSING;
			this.#sendClose(payload);
			this.#driver.startDeadline();
		} else {
			// Compatibility: as in 1.7, a second close() does not wait for the peer, and there is no handshake to wait for
			// while connecting.
			if (this.#readyState === ReadyState.CLOSED) return;
			this.#readyState = ReadyState.CLOSED;
			this.#shut();
			this.#driver.startDeadline();
		}
		this.#tell(code, reason, null);
	}

	/** Ends the connection at once, without a closing handshake. */
	terminate(): void {
		this.#isShut = true;
		this.#driver.destroy();
		this.#lose();
	}

	/** The time for the closing handshake is over. */
	expire(): void {
		if (this.#received === null || !this.#hasSentClose)
			this.#driver.error(createError("WS_ERR_CLOSE_TIMEOUT"));
		this.terminate();
	}

	#answerPing(): void {
		const payload = this.#ping;
		if (payload === null) return;
		this.#ping = null;
		if (this.#readyState === ReadyState.OPEN)
			this.#driver.sendControl(Opcode.PONG, payload);
	}

	#sendClose(payload: Buffer): void {
		// "The application MUST NOT send any more data frames after sending a Close frame": the pong goes now or never.
		this.#ping = null;
		this.#hasSentClose = true;
		this.#driver.sendControl(Opcode.CLOSE, payload);
	}

	#shut(): void {
		if (this.#isShut) return;
		this.#isShut = true;
		this.#driver.shutdown();
	}

	/** The transport ended without a close frame, or after the handshake. */
	#lose(error: Error | null = null): void {
		this.#readyState = ReadyState.CLOSED;
		if (this.#isTold) return;
		const cause = this.#transportError ?? undefined;
		this.#tell(
			CloseCode.ABNORMAL,
			"",
			once(() => error ?? createError("WS_ERR_CONNECTION_LOST", { cause })),
		);
	}

	#tell(
		code: number | undefined,
		reason: string | undefined,
		error: (() => Error) | null,
	): void {
		if (this.#isTold) return;
		this.#isTold = true;
		this.#driver.closing(code, reason, error);
	}
}

/** Returns what `make` returned the first time. */
function once(make: () => Error): () => Error {
	let made: Error | undefined;
	return () => {
		made ??= make();
		return made;
	};
}

/** Makes the error that a peer's close code stands for; null for the codes of a normal end. */
function peerError(code: number, reason: string): (() => Error) | null {
	if (
		code === CloseCode.NORMAL ||
		code === CloseCode.GOING_AWAY ||
		code === CloseCode.NO_STATUS
	)
		return null;
	const detail =
		reason === ""
			? `close code ${code}`
			: `close code ${code}, ${JSON.stringify(reason)}`;
	return once(() =>
		createError("WS_ERR_CLOSED_BY_PEER", { detail, closeCode: code }),
	);
}

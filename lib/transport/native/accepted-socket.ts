/**
 * A socket that a NativeListener has accepted and that no net.Socket was made for: one is made when somebody asks, which for
 * most connections is never. It is a third of what a connection costs, in time as in memory.
 */
import { AsyncResource } from "node:async_hooks";
import type { Socket } from "node:net";
import { type ParsedHead, parseHead } from "./head-reader.js";
import type { NativeListener } from "./listener.js";
import type { SlotOwner } from "./reactor.js";
import { systemError } from "./system-error.js";
import { countRead } from "./wrapped-socket.js";

/** Who judges what is read of an accepted socket. */
export interface AcceptedJudge {
	/** A perfect request. Returns false where the socket is to be given back. */
	judgeAccepted(accepted: AcceptedSocket, parsed: ParsedHead): boolean;
	/** The net.Socket of `accepted` is to be read otherwise, from `bytes` on. */
	acceptedGivenBack(accepted: AcceptedSocket, bytes: Buffer | null): void;
}

/** Awaits the head of a request, until a link claims its slot. */
export class AcceptedSocket implements SlotOwner {
	readonly listener: NativeListener;
	/** When it was accepted, by `performance.now()`. */
	readonly since: number;
	/** Where it comes from, as the door was told; it is told again when it is gone. */
	readonly network: string | undefined;
	/** What is delivered sees the AsyncLocalStorage of where the server listens; what it enters there is its own. */
	readonly resource = new AsyncResource("NODEJS_WEBSOCKET");
	slot: number;
	bytesRead = 0;
	readonly #judge: AcceptedJudge;
	#socket: Socket | null = null;

	constructor(
		listener: NativeListener,
		slot: number,
		network: string | undefined,
		judge: AcceptedJudge,
		since: number,
	) {
		this.listener = listener;
		this.slot = slot;
		this.network = network;
		this.#judge = judge;
		this.since = since;
	}

	/** The net.Socket, made now unless there is one: it has the descriptor from here on, and is paused. */
	get socket(): Socket {
		if (this.#socket === null) {
			this.#socket = this.listener.takeSocket(this.slot, this.network);
			this.slot = -1;
			if (this.bytesRead > 0) countRead(this.#socket, this.bytesRead);
		}
		return this.#socket;
	}

	/** Gives the slot to a link. */
	claim(): number {
		const { slot } = this;
		this.slot = -1;
		return slot;
	}

	/** Closes the socket unless somebody has it. */
	release(): void {
		if (this.slot < 0) return;
		this.listener.close(this.claim(), this.network);
	}

	receive(chunk: Buffer): void {
		this.bytesRead = chunk.byteLength;
		const parsed = parseHead(this.listener.reactor, chunk);
		const isDone = parsed !== null && this.#judge.judgeAccepted(this, parsed);
		if (!isDone) this.#giveBack(chunk);
	}

	// Node sees the peer's end as well.
	ended(): void {
		this.#giveBack(null);
	}

	/** An error is told once by the system, and was told here: Node's parser, which judges it, learns it from the socket. */
	lost(errno: number, syscall: string): void {
		this.#giveBack(null);
		this.socket.destroy(systemError(errno, syscall));
	}

	robbed(): void {
		this.socket.destroy();
	}

	writable(): void {}

	/** There is no decoder before there is a link. */
	receiveParsed(): void {}

	#giveBack(bytes: Buffer | null): void {
		this.#judge.acceptedGivenBack(this, bytes);
	}
}

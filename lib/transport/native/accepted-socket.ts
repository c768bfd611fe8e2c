/**
 * A socket that a NativeListener has accepted and that no net.Socket was made for: one is made when somebody asks, which for
 * most connections is never. It is a third of what a connection costs, in time as in memory.
 */
import { AsyncResource } from "node:async_hooks";
import type { Socket } from "node:net";
import { type ParsedHead, parseHead } from "./head-reader.js";
import type { NativeListener } from "./listener.js";
import { READ, REFERENCED, type SlotOwner } from "./reactor.js";
import { systemError } from "./system-error.js";
import { countRead } from "./wrapped-socket.js";

/** Who judges what is read of an accepted socket. */
export interface AcceptedJudge {
	/** A perfect request. Returns false where the socket is to be given back. */
	judgeAccepted(accepted: AcceptedSocket, parsed: ParsedHead): boolean;
	/** The net.Socket of `accepted` is to be read otherwise, from `bytes` on. */
	acceptedGivenBack(accepted: AcceptedSocket, bytes: Buffer | null): void;
}

/** What comes while it is decided about a request. */
interface Waiting {
	chunks: Buffer[];
	byteLength: number;
	/** The net.Socket had to be made: it has what came, and is reading. */
	made(socket: Socket): void;
}

/** Awaits the head of a request, and the decision about it, until a link claims its slot. */
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
	#waiting: Waiting | null = null;

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
			this.#hand(this.#socket);
		}
		return this.#socket;
	}

	/**
	 * It is decided about the request that came. What the peer sends meanwhile is kept, up to the socket's high-water mark; where it
	 * ends, or somebody asks for the net.Socket, that is made and `made` is called.
	 *
	 * @param head what came behind the request
	 */
	wait(head: Buffer, made: (socket: Socket) => void): void {
		this.#waiting = { chunks: [head], byteLength: head.length, made };
		if (this.#socket !== null) this.#hand(this.#socket);
	}

	/** It is decided. Returns what came meanwhile, and from where `wait` was told; null where the net.Socket has that. */
	endWait(): Buffer | null {
		const waiting = this.#waiting;
		this.#waiting = null;
		if (waiting === null || this.slot < 0) return null;
		if (this.#isFull(waiting)) this.#read(true);
		return Buffer.concat(waiting.chunks);
	}

	/** What came while it waits is `socket`'s, and so is its end. */
	#hand(socket: Socket): void {
		const waiting = this.#waiting;
		if (waiting === null) return;
		this.#waiting = null;
		socket.unshift(Buffer.concat(waiting.chunks));
		socket.read(0);
		waiting.made(socket);
	}

	#keep(chunk: Buffer, waiting: Waiting): void {
		waiting.chunks.push(chunk);
		waiting.byteLength += chunk.length;
		if (this.#isFull(waiting)) this.#read(false);
	}

	#isFull({ byteLength }: Waiting): boolean {
		return byteLength >= this.listener.readableHighWaterMark;
	}

	#read(isReading: boolean): void {
		const { binding } = this.listener.reactor;
		const interest = isReading ? READ | REFERENCED : REFERENCED;
		// The slot is as good as it was: what fails is told when it is used.
		binding.reactorInterest(this.slot, interest);
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
		this.bytesRead += chunk.byteLength;
		if (this.#waiting !== null) {
			this.#keep(chunk, this.#waiting);
			return;
		}
		const parsed = parseHead(this.listener.reactor, chunk);
		const isDone = parsed !== null && this.#judge.judgeAccepted(this, parsed);
		if (!isDone) this.#giveBack(chunk);
	}

	// Node sees the peer's end as well.
	ended(): void {
		if (this.#waiting === null) this.#giveBack(null);
		else void this.socket;
	}

	/** An error is told once by the system, and was told here: Node's parser, which judges it, learns it from the socket. */
	lost(errno: number, syscall: string): void {
		if (this.#waiting === null) this.#giveBack(null);
		this.socket.destroy(systemError(errno, syscall));
	}

	robbed(): void {
		if (this.#waiting === null) this.#giveBack(null);
		this.socket.destroy();
	}

	writable(): void {}

	/** There is no decoder before there is a link. */
	receiveParsed(): void {}

	#giveBack(bytes: Buffer | null): void {
		this.#judge.acceptedGivenBack(this, bytes);
	}
}

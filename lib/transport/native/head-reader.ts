/**
 * Reads the heads of opening handshakes natively: those that come in one piece and are perfect, as nearly all are. Every other
 * socket is given back with the bytes that came, and Node's HTTP parser judges it: so every refusal has one implementation.
 */
import { AsyncResource } from "node:async_hooks";
import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { RawBuffer } from "../../engine/buffer.js";
import type { Engine } from "../../engine/engine.js";
import type { RequestHead } from "../../protocol/handshake.js";
import {
	READ,
	REFERENCED,
	type Reactor,
	reactorOf,
	type SlotOwner,
} from "./reactor.js";
import { systemError } from "./system-error.js";
import {
	countRead,
	descriptorOf,
	isReadByNode,
	keepFromReading,
	letRead,
} from "./wrapped-socket.js";

/** A request as node:http has it, in what is asked of it here. */
export interface PlainRequest extends RequestHead {
	url: string;
	headers: IncomingHttpHeaders;
}

/** Who judges what is read. */
export interface HeadJudge {
	/** A perfect request; `head` are the bytes behind it. Returns false where the socket is to be given back. */
	judge(socket: Socket, request: PlainRequest, head: Buffer): boolean;
	/** The socket is to be read otherwise, from `bytes` on. */
	givenBack(socket: Socket, bytes: Buffer | null): void;
}

const WORDS = 132;
const HEAD_WORDS = 4;
const FIELD_WORDS = 4;

/** Longer heads are nobody's usual request. */
const MAX_HEAD_BYTES = 4 * 1024;

/** Sockets that are being read, or were read and have no link yet. */
const awaiting = new WeakMap<Socket, AwaitedHead>();

export class HeadReader {
	readonly reactor: Reactor;
	readonly words = new Uint32Array(WORDS);
	readonly judge: HeadJudge;
	#resource: AsyncResource | null = null;

	/** Null where the engine has no native transport. */
	static create(engine: Engine, judge: HeadJudge): HeadReader | null {
		const reactor = reactorOf(engine);
		return "reason" in reactor ? null : new HeadReader(reactor, judge);
	}

	private constructor(reactor: Reactor, judge: HeadJudge) {
		this.reactor = reactor;
		this.judge = judge;
	}

	/** What connections see is the AsyncLocalStorage of where their server began to listen, as on node:net. */
	get resource(): AsyncResource {
		this.#resource ??= new AsyncResource("NODEJS_WEBSOCKET_SERVER");
		return this.#resource;
	}

	/** Reads `socket`. Returns false where it has to be read otherwise: for one, because somebody has begun to. */
	read(socket: Socket): boolean {
		const fd = descriptorOf(socket);
		if (fd < 0 || isReadByNode(socket)) return false;
		const awaited = new AwaitedHead(this, socket);
		awaited.slot = this.reactor.attach(fd, awaited);
		if (awaited.slot < 0) return false;
		awaiting.set(socket, awaited);
		keepFromReading(socket);
		const interest = READ | REFERENCED;
		if (this.reactor.binding.reactorInterest(awaited.slot, interest) === 0)
			return true;
		awaited.release();
		return false;
	}

	/** Lets go of `socket`, unless a link has it. */
	static release(socket: Socket): void {
		awaiting.get(socket)?.release();
	}

	/** The slot of a socket whose head has been read, and how many bytes came there; they are the caller's. */
	static claim(socket: Socket): { slot: number; bytesRead: number } | null {
		const awaited = awaiting.get(socket);
		if (awaited === undefined) return null;
		awaiting.delete(socket);
		return awaited;
	}
}

class AwaitedHead implements SlotOwner {
	slot = -1;
	bytesRead = 0;
	readonly resource: AsyncResource;
	readonly #reader: HeadReader;
	readonly #socket: Socket;

	constructor(reader: HeadReader, socket: Socket) {
		this.#reader = reader;
		this.#socket = socket;
		this.resource = reader.resource;
	}

	receive(chunk: Buffer): void {
		const { judge, words, reactor } = this.#reader;
		this.bytesRead = chunk.byteLength;
		const isPerfect =
			reactor.binding.parseRequest(chunk, words) && words[0] <= MAX_HEAD_BYTES;
		if (!isPerfect) {
			this.#giveBack(chunk);
			return;
		}
		const request = requestOf(chunk as RawBuffer, words);
		const head = chunk.subarray(words[0]);
		if (!judge.judge(this.#socket, request, head)) this.#giveBack(chunk);
	}

	// Node sees the peer's end as well.
	ended(): void {
		this.#giveBack(null);
	}

	/** An error is told once by the system, and was told here: Node's parser, which judges it, learns it from the socket. */
	lost(errno: number, syscall: string): void {
		this.#giveBack(null);
		this.#socket.destroy(systemError(errno, syscall));
	}

	robbed(): void {
		this.release();
		this.#socket.destroy();
	}

	writable(): void {}

	/** There is no decoder before there is a link. */
	receiveParsed(): void {}

	release(): void {
		awaiting.delete(this.#socket);
		if (this.slot < 0) return;
		this.#reader.reactor.detach(this.slot);
		this.slot = -1;
		letRead(this.#socket);
		if (this.bytesRead > 0) countRead(this.#socket, this.bytesRead);
	}

	#giveBack(bytes: Buffer | null): void {
		this.release();
		this.#reader.judge.givenBack(this.#socket, bytes);
	}
}

function requestOf(chunk: RawBuffer, words: Uint32Array): PlainRequest {
	const rawHeaders: string[] = [];
	const headers: IncomingHttpHeaders = {};
	const end = HEAD_WORDS + words[3] * FIELD_WORDS;
	for (let at = HEAD_WORDS; at < end; at += FIELD_WORDS) {
		const name = chunk.latin1Slice(words[at], words[at + 1]);
		const value = chunk.latin1Slice(words[at + 2], words[at + 3]);
		rawHeaders.push(name, value);
		headers[name.toLowerCase()] = value;
	}
	const url = chunk.latin1Slice(words[1], words[2]);
	return { method: "GET", httpVersion: "1.1", url, rawHeaders, headers };
}

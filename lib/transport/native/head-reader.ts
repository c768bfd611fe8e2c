/**
 * Reads the heads of opening handshakes natively: those that come in one piece and are perfect, as nearly all are. Every other
 * socket is given back with the bytes that came, and Node's HTTP parser judges it: so every refusal has one implementation.
 */
import { AsyncResource } from "node:async_hooks";
import { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { RawBuffer } from "../../engine/buffer.js";
import type { Engine } from "../../engine/engine.js";
import {
	type AcceptedRequest,
	fieldsOf,
	parseProtocols,
	type RequestHead,
	rawFieldsOf,
} from "../../protocol/handshake.js";
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
	/** The whole head, as a character for each byte, where it is perfect: it stands for the headers. */
	text?: string;
	headers: IncomingHttpHeaders;
}

/** Who judges what is read. */
export interface HeadJudge {
	/** A perfect request. Returns false where the socket is to be given back. */
	judge(socket: Socket, parsed: ParsedHead): boolean;
	/** The socket is to be read otherwise, from `bytes` on. */
	givenBack(socket: Socket, bytes: Buffer | null): void;
}

/** A request that is valid by the RFC, what it asks for, and the bytes behind it. */
export interface ParsedHead {
	request: TextRequest;
	offer: AcceptedRequest;
	head: Buffer;
}

const WORDS = 16;
/** Of these, what stands before the answer. */
const RANGE_WORDS = 9;

/** Longer heads are nobody's usual request. */
const MAX_HEAD_BYTES = 4 * 1024;

/** Sockets that are being read, or were read and have no link yet. */
const awaiting = new WeakMap<Socket, AwaitedHead>();

/** Where the parts of the last head are, and the answer to its key. */
const words = new Uint32Array(WORDS);
const answer = Buffer.from(words.buffer, RANGE_WORDS * 4) as RawBuffer;

const nothing = Buffer.alloc(0);

export class HeadReader {
	readonly reactor: Reactor;
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
		const { judge, reactor } = this.#reader;
		this.bytesRead = chunk.byteLength;
		const parsed = parseHead(reactor, chunk);
		const isDone = parsed !== null && judge.judge(this.#socket, parsed);
		if (!isDone) this.#giveBack(chunk);
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

/** The request that `chunk` begins with; null where it is not perfect. */
export function parseHead(
	{ binding }: Reactor,
	chunk: Buffer,
): ParsedHead | null {
	if (!binding.parseRequest(chunk, words)) return null;
	const end = words[0];
	if (end > MAX_HEAD_BYTES) return null;
	const raw = chunk as RawBuffer;
	const list = raw.latin1Slice(words[5], words[6]);
	const protocols = list === "" ? [] : parseProtocols(list);
	if (protocols === null) return null;
	return {
		request: new TextRequest(
			raw.latin1Slice(0, end),
			raw.latin1Slice(words[1], words[2]),
		),
		offer: {
			key: raw.latin1Slice(words[3], words[4]),
			protocols,
			extensions: raw.latin1Slice(words[7], words[8]),
			answer: answer.latin1Slice(0, answer.length),
		},
		head: end === chunk.length ? nothing : chunk.subarray(end),
	};
}

/** A perfect request, whose fields are not looked at before somebody asks for them. */
export class TextRequest implements PlainRequest {
	readonly method = "GET";
	readonly httpVersion = "1.1";
	readonly url: string;
	/** The whole head. */
	readonly text: string;

	constructor(text: string, url: string) {
		this.text = text;
		this.url = url;
	}

	get rawHeaders(): string[] {
		return rawFieldsOf(this.text);
	}

	get headers(): IncomingHttpHeaders {
		return fieldsOf(this.text);
	}
}

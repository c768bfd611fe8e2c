/** One face for the WebSocket libraries that are to understand each other, in this process or in another one. */

/** What a library may have no API for, or not do. */
export type Lack =
	/** Sending a ping. */
	| "pings"
	/** An event for a ping that came. It is answered all the same. */
	| "pingEvents"
	/** Sending a message in fragments; a text in fragments. */
	| "fragments"
	| "textFragments"
	/** Adding headers to a client's request. */
	| "headers"
	/** Closing with a code other than 1000 and 3000 to 4999. */
	| "closeCodes"
	/** Receiving a frame, or a text, of more than 2 MiB. */
	| "longFrames"
	/** Receiving a text that begins with U+FEFF whole. */
	| "byteOrderMarks";

/** What a library lacks, each with a sentence about it. */
export type Lacks = Readonly<Partial<Record<Lack, string>>>;

export interface Message {
	isBinary: boolean;
	data: Buffer;
}

/** What has come, in order. */
export class Inbox<T> {
	readonly #waiting: T[] = [];
	#asker: {
		resolve(value: T): void;
		reject(error: Error): void;
	} | null = null;
	#failure: Error | null = null;

	put(value: T): void {
		const asker = this.#asker;
		this.#asker = null;
		if (asker === null) this.#waiting.push(value);
		else asker.resolve(value);
	}

	/** Nothing more will come. Who asks for it gets `error`. */
	fail(error: Error): void {
		this.#failure = error;
		this.#asker?.reject(error);
		this.#asker = null;
	}

	/** The next one, or the one that is there. */
	async next(): Promise<T> {
		if (this.#waiting.length > 0) return this.#waiting.shift() as T;
		if (this.#failure !== null) throw this.#failure;
		return new Promise((resolve, reject) => {
			this.#asker = { resolve, reject };
		});
	}

	/** How many nobody has asked for. */
	get left(): number {
		return this.#waiting.length;
	}
}

/** One end of a connection that is open. What it receives is kept until it is asked for. */
export abstract class Endpoint {
	readonly messages = new Inbox<Message>();
	readonly pings = new Inbox<Buffer>();
	readonly pongs = new Inbox<Buffer>();
	/** Code and reason of 'close', once. */
	readonly closes = new Inbox<[code: unknown, reason: string]>();
	readonly lacks: Lacks;

	constructor(lacks: Lacks) {
		this.lacks = lacks;
	}

	abstract readonly protocol: string;
	abstract text(data: string): void;
	abstract binary(data: Buffer): void;
	/** Sends one message in as many fragments as there are pieces, or more; `ping` after the first of them. */
	abstract fragments(pieces: Buffer[], isBinary: boolean, ping?: string): void;
	abstract ping(data: string): void;
	abstract close(code?: number, reason?: string): void;

	/** 'close' has come: who still waits for something else waits in vain. */
	closed(code: unknown, reason: string): void {
		this.closes.put([code, reason]);
		const error = new Error(`the connection was closed: ${code} ${reason}`);
		for (const inbox of [this.messages, this.pings, this.pongs])
			inbox.fail(error);
	}
}

export interface ConnectRequest {
	url: string;
	protocols?: string[];
	headers?: Record<string, string>;
	/** Certificate to trust. */
	ca?: Buffer;
}

export interface Accepted {
	endpoint: Endpoint;
	headers: Record<string, string | string[] | undefined>;
}

export interface Serving {
	url: string;
	/** The end of the next client. Ask before it connects. */
	accept(): Promise<Accepted>;
}

export interface ServeRequest {
	protocols?: string[];
	tls?: { key: Buffer; cert: Buffer };
}

export interface Library {
	serve(request: ServeRequest): Promise<Serving>;
	/** An endpoint that is open. Rejects where none comes about. */
	connect(request: ConnectRequest): Promise<Endpoint>;
}

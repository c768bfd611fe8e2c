/**
 * One face for the WebSocket libraries that are to understand each other: this one on the bench's engine, `ws`, and
 * nodejs-websocket 1.7.2.
 */

export interface Message {
	isBinary: boolean;
	data: Buffer;
}

/** One end of a connection that is open. What it receives is kept until it is asked for. */
export interface Endpoint {
	readonly messages: Inbox<Message>;
	readonly pings: Inbox<Buffer>;
	readonly pongs: Inbox<Buffer>;
	/** Code and reason of 'close', once. */
	readonly closes: Inbox<[code: unknown, reason: string]>;
	readonly protocol: string;
	text(data: string): void;
	binary(data: Buffer): void;
	/** Sends one message in as many fragments as there are pieces, or more. */
	fragments(pieces: Buffer[], isBinary: boolean): void;
	ping(data: string): void;
	close(code?: number, reason?: string): void;
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
	readonly name: string;
	serve(request: ServeRequest): Promise<Serving>;
	/** An endpoint that is open. */
	connect(request: ConnectRequest): Promise<Endpoint>;
}

/** What has come, in order. */
export class Inbox<T> {
	readonly #waiting: T[] = [];
	#wake: ((value: T) => void) | null = null;

	put(value: T): void {
		const wake = this.#wake;
		this.#wake = null;
		if (wake === null) this.#waiting.push(value);
		else wake(value);
	}

	/** The next one, or the one that is there. */
	async next(): Promise<T> {
		if (this.#waiting.length > 0) return this.#waiting.shift() as T;
		return new Promise((resolve) => {
			this.#wake = resolve;
		});
	}

	/** How many nobody has asked for. */
	get left(): number {
		return this.#waiting.length;
	}
}

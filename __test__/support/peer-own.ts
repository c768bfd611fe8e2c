/** This library, and 1.7.2 with the same API, as endpoints. */
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { Bench } from "./compat-bench.js";
import type { ConnectionLike, LibraryLike } from "./compat-types.js";
import { next, within } from "./compat-wait.js";
import {
	type Accepted,
	type ConnectRequest,
	type Endpoint,
	Inbox,
	type Library,
	type Message,
	type ServeRequest,
	type Serving,
} from "./peer-endpoint.js";

const require = createRequire(import.meta.url);

/** How binary messages are received: whole by 'message', or as streams by 'binary'. */
export type Receiving = "collected" | "streamed";

class OwnEndpoint implements Endpoint {
	readonly messages = new Inbox<Message>();
	readonly pings = new Inbox<Buffer>();
	readonly pongs = new Inbox<Buffer>();
	readonly closes = new Inbox<[unknown, string]>();
	readonly #connection: ConnectionLike;

	constructor(connection: ConnectionLike, receiving: Receiving) {
		this.#connection = connection;
		if (receiving === "collected") {
			connection.on("message", (data: string | Buffer, isBinary: boolean) => {
				this.messages.put({ isBinary, data: Buffer.from(data as string) });
			});
		} else {
			connection.on("text", (text: string) => {
				this.messages.put({ isBinary: false, data: Buffer.from(text) });
			});
			connection.on("binary", (stream) => {
				const pieces: Buffer[] = [];
				stream.on("data", (piece: Buffer) => pieces.push(piece));
				stream.on("end", () => {
					this.messages.put({ isBinary: true, data: Buffer.concat(pieces) });
				});
			});
		}
		// 1.7.2 has no 'ping', and its 'pong' only the string.
		connection.on("ping", (_data: string, payload: Buffer) =>
			this.pings.put(payload),
		);
		connection.on("pong", (data: string, payload?: Buffer) =>
			this.pongs.put(payload ?? Buffer.from(data)),
		);
		connection.on("close", (code: unknown, reason: string | undefined) =>
			this.closes.put([code, reason ?? ""]),
		);
		connection.on("error", () => {});
	}

	get protocol(): string {
		return this.#connection.protocol ?? "";
	}

	text(data: string): void {
		this.#connection.sendText(data);
	}

	binary(data: Buffer): void {
		this.#connection.sendBinary(data);
	}

	fragments(pieces: Buffer[], isBinary: boolean): void {
		if (!isBinary) throw new Error("there is no API for fragments of a text");
		const stream = this.#connection.beginBinary();
		stream.minSize = 1;
		for (const piece of pieces) stream.write(piece);
		stream.end();
	}

	ping(data: string): void {
		this.#connection.sendPing(data);
	}

	close(code?: number, reason?: string): void {
		this.#connection.close(code, reason);
	}
}

function asLibrary(
	bench: Bench,
	name: string,
	module: LibraryLike,
	receiving: Receiving,
): Library {
	const limits = { maxMessageBytes: 32 * 1024 * 1024, closeTimeoutMs: 2000 };
	return {
		name,
		async serve({ protocols, tls }: ServeRequest): Promise<Serving> {
			const server = bench.track(
				module.createServer({
					...limits,
					...tls,
					secure: tls !== undefined,
					validProtocols: protocols,
				}),
			);
			const waiting = new Inbox<Accepted>();
			server.on("connection", (connection: ConnectionLike) => {
				const endpoint = new OwnEndpoint(connection, receiving);
				waiting.put({ endpoint, headers: connection.headers });
			});
			const listening = next(server, "listening");
			server.listen(0, "127.0.0.1");
			await listening;
			const { port } = server.socket.address() as AddressInfo;
			return {
				url: `${tls ? "wss" : "ws"}://127.0.0.1:${port}/path?query=1`,
				accept: () => within("a client", waiting.next()),
			};
		},
		async connect({ url, protocols, headers, ca }: ConnectRequest) {
			const connection = bench.own(
				module.connect(url, {
					...limits,
					protocols,
					extraHeaders: headers,
					...(ca === undefined ? {} : { ca }),
				}),
			);
			const endpoint = new OwnEndpoint(connection, receiving);
			await next(connection, "connect");
			return endpoint;
		},
	};
}

/** This library on the bench's engine. */
export function ownLibrary(bench: Bench, receiving: Receiving): Library {
	const { ws, name } = bench.implementation;
	return asLibrary(bench, `ours, ${name}, ${receiving}`, ws, receiving);
}

/** nodejs-websocket 1.7.2. It knows streams only. */
export function formerLibrary(bench: Bench): Library {
	const module = require("nodejs-websocket-1") as LibraryLike;
	return asLibrary(bench, "1.7.2", module, "streamed");
}

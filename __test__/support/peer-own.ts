/** This library, and 1.7.2 with the same API, as endpoints. */
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { PerMessageDeflateOptions } from "nodejs-websocket";
import type { Bench } from "./compat-bench.js";
import type { ConnectionLike, LibraryLike } from "./compat-types.js";
import { next, within } from "./compat-wait.js";
import {
	type Accepted,
	type ConnectRequest,
	Endpoint,
	Inbox,
	type Lacks,
	type Library,
	type ServeRequest,
	type Serving,
} from "./peer-endpoint.js";

const require = createRequire(import.meta.url);

/** How binary messages are received: whole by 'message', or as streams by 'binary'. */
export type Receiving = "collected" | "streamed";

export class OwnEndpoint extends Endpoint {
	readonly #connection: ConnectionLike;

	constructor(connection: ConnectionLike, receiving: Receiving, lacks: Lacks) {
		super(lacks);
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
			this.closed(code, reason ?? ""),
		);
		connection.on("error", () => {});
	}

	get protocol(): string {
		return this.#connection.protocol ?? "";
	}

	/** What was agreed on, as in the answer's header; 1.7.2 has none. */
	get extensions(): string {
		return this.#connection.extensions ?? "";
	}

	/** What carries its bytes: with 1.7.2, too, a socket of Node's. */
	get transport(): "native" | "socket" {
		return this.#connection.transport ?? "socket";
	}

	/** Bytes that have come and gone, as they are on the wire. */
	get wireBytes(): { received: number; sent: number } {
		const { bytesRead, bytesWritten } = this.#connection.socket;
		return { received: bytesRead, sent: bytesWritten };
	}

	text(data: string): void {
		this.#connection.sendText(data);
	}

	binary(data: Buffer): void {
		this.#connection.sendBinary(data);
	}

	fragments(pieces: Buffer[], isBinary: boolean, ping?: string): void {
		if (!isBinary) throw new Error(this.lacks.textFragments);
		const stream = this.#connection.beginBinary();
		stream.minSize = 1;
		pieces.forEach((piece, index) => {
			stream.write(piece);
			if (index === 0 && ping !== undefined) this.ping(ping);
		});
		stream.end();
	}

	ping(data: string): void {
		this.#connection.sendPing(data);
	}

	close(code?: number, reason?: string): void {
		this.#connection.close(code, reason);
	}
}

interface Own {
	module: LibraryLike;
	receiving: Receiving;
	lacks: Lacks;
	limits?: { maxMessageBytes: number };
	/** Compression, where the other end can do it, too. */
	perMessageDeflate?: PerMessageDeflateOptions;
}

function asLibrary(
	bench: Bench,
	{ module, receiving, lacks, limits, perMessageDeflate }: Own,
): Library {
	return {
		async serve({ protocols, tls }: ServeRequest): Promise<Serving> {
			const server = bench.track(
				module.createServer({
					...limits,
					perMessageDeflate,
					...tls,
					secure: tls !== undefined,
					validProtocols: protocols,
				}),
			);
			const waiting = new Inbox<Accepted>();
			server.on("connection", (connection: ConnectionLike) => {
				const endpoint = new OwnEndpoint(connection, receiving, lacks);
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
					perMessageDeflate,
					protocols,
					extraHeaders: headers,
					...(ca === undefined ? {} : { ca }),
				}),
			);
			const endpoint = new OwnEndpoint(connection, receiving, lacks);
			const opened = new Promise((resolve, reject) => {
				connection.once("connect", resolve);
				connection.once("error", reject);
			});
			await within("an open connection", opened);
			return endpoint;
		},
	};
}

const NO_TEXT_FRAGMENTS = "no API to send a text in fragments";

/** What this library lacks. */
export const ownLacks: Lacks = { textFragments: NO_TEXT_FRAGMENTS };

/**
 * This library on the bench's engine. What it receives as streams is compressed, and what it then sends, unless it is said
 * otherwise.
 */
export function ownLibrary(
	bench: Bench,
	receiving: Receiving,
	limits = { maxMessageBytes: 16 * 1024 * 1024 },
	perMessageDeflate: PerMessageDeflateOptions | undefined = receiving ===
	"streamed"
		? { threshold: 0, contextTakeover: true, windowBits: 15 }
		: undefined,
): Library {
	const module = bench.implementation.ws;
	return asLibrary(bench, {
		module,
		receiving,
		lacks: ownLacks,
		limits,
		perMessageDeflate,
	});
}

/** What 1.7.2 lacks. */
export const formerLacks: Lacks = {
	...ownLacks,
	pingEvents: "no event for a ping",
	longFrames: "no frames and texts of more than 2 MiB",
};

/** nodejs-websocket 1.7.2. It knows streams only. */
export function formerLibrary(bench: Bench): Library {
	return asLibrary(bench, {
		module: require("nodejs-websocket-1") as LibraryLike,
		receiving: "streamed",
		lacks: formerLacks,
	});
}

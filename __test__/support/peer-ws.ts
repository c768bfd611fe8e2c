/** The package `ws` as endpoints. */
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { Bench } from "./compat-bench.js";
import { next, within } from "./compat-wait.js";
import {
	type Accepted,
	type ConnectRequest,
	Endpoint,
	Inbox,
	type Library,
	type ServeRequest,
	type Serving,
} from "./peer-endpoint.js";

/** Of what is compressed ws counts the bytes before inflating, too: those of noise are some more than it has. */
const limits = { maxPayload: 16 * 1024 * 1024 + 64 * 1024 };

class WsEndpoint extends Endpoint {
	readonly #socket: WebSocket;

	constructor(socket: WebSocket) {
		super({});
		this.#socket = socket;
		socket.on("message", (data, isBinary) =>
			this.messages.put({ isBinary, data: data as Buffer }),
		);
		socket.on("ping", (data) => this.pings.put(data));
		socket.on("pong", (data) => this.pongs.put(data));
		socket.on("close", (code, reason) => this.closed(code, reason.toString()));
		socket.on("error", () => {});
	}

	get protocol(): string {
		return this.#socket.protocol;
	}

	text(data: string): void {
		this.#socket.send(data);
	}

	binary(data: Buffer): void {
		this.#socket.send(data);
	}

	fragments(pieces: Buffer[], isBinary: boolean, ping?: string): void {
		const last = pieces.length - 1;
		pieces.forEach((piece, index) => {
			this.#socket.send(piece, { binary: isBinary, fin: index === last });
			if (index === 0 && ping !== undefined) this.ping(ping);
		});
	}

	ping(data: string): void {
		this.#socket.ping(data);
	}

	close(code?: number, reason?: string): void {
		this.#socket.close(code, reason);
	}
}

/** The package `ws`. Its clients offer compression, as they do by default. */
export function wsLibrary(bench: Bench): Library {
	const open: WebSocket[] = [];
	bench.afterwards(() => {
		for (const socket of open) socket.terminate();
	});
	return {
		async serve({ protocols, tls }: ServeRequest): Promise<Serving> {
			const http = tls ? createHttpsServer(tls) : createHttpServer();
			const server = new WebSocketServer({
				...limits,
				server: http,
				perMessageDeflate: true,
				...(protocols === undefined
					? {}
					: {
							handleProtocols: (offered: Set<string>) =>
								protocols.find((each) => offered.has(each)) ?? false,
						}),
			});
			bench.afterwards(() => {
				server.close();
				http.close();
			});
			const waiting = new Inbox<Accepted>();
			server.on("connection", (socket, request) => {
				open.push(socket);
				const { headers } = request;
				waiting.put({ endpoint: new WsEndpoint(socket), headers });
			});
			const listening = next(http, "listening");
			http.listen(0, "127.0.0.1");
			await listening;
			const { port } = http.address() as AddressInfo;
			return {
				url: `${tls ? "wss" : "ws"}://127.0.0.1:${port}/path?query=1`,
				accept: () => within("a client", waiting.next()),
			};
		},
		async connect({ url, protocols, headers, ca }: ConnectRequest) {
			const socket = new WebSocket(url, protocols ?? [], {
				...limits,
				headers,
				ca,
			});
			open.push(socket);
			const endpoint = new WsEndpoint(socket);
			const opened = new Promise((resolve, reject) => {
				socket.once("open", resolve);
				socket.once("error", reject);
			});
			await within("an open connection", opened);
			return endpoint;
		},
	};
}

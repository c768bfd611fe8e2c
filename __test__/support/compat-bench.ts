/**
 * What one compatibility test works with: servers, connections and raw peers of one implementation on ephemeral ports.
 * Owns all it made, and takes it down at the end of the test.
 */
import { mkdtempSync, rmSync } from "node:fs";
import {
	type AddressInfo,
	createServer as createNetServer,
	type NetConnectOpts,
	type Server as NetServer,
	connect as netConnect,
	type Socket,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Implementation } from "./both.js";
import type {
	ConnectionLike,
	LibraryLike,
	ServerLike,
} from "./compat-types.js";
import { deferred, next, nextValue, within } from "./compat-wait.js";
import { request, response, Wire } from "./compat-wire.js";

export interface Served {
	server: ServerLike;
	port: number;
	url: string;
	/** The connection of the next client. Ask before it connects. */
	accepted(): Promise<ConnectionLike>;
}

const nop = () => {};

export class Bench {
	readonly implementation: Implementation;
	readonly ws: LibraryLike;
	/** Skips the test, saying why. */
	readonly skip: (reason: string) => void;
	readonly #servers: ServerLike[] = [];
	readonly #netServers: NetServer[] = [];
	readonly #connections = new Set<ConnectionLike>();
	readonly #sockets = new Set<Socket>();
	readonly #undo: (() => void)[] = [];

	constructor(
		implementation: Implementation,
		skip: (reason: string) => void = nop,
	) {
		this.implementation = implementation;
		this.ws = implementation.ws;
		this.skip = skip;
	}

	/** Makes `server` part of what is taken down at the end. */
	track(server: ServerLike): ServerLike {
		this.#servers.push(server);
		// No listener for the net.Server's 'connection': where there is one, no connection is accepted natively.
		server.on("connection", (connection: ConnectionLike) =>
			this.#connections.add(connection),
		);
		return server;
	}

	/** Makes `connection` part of what is taken down at the end. */
	own(connection: ConnectionLike): ConnectionLike {
		this.#connections.add(connection);
		this.#sockets.add(connection.socket);
		return connection;
	}

	/** Runs `undo` at the end, whatever the test does. */
	afterwards(undo: () => void): void {
		this.#undo.push(undo);
	}

	/** A temporary folder for this test. */
	folder(): string {
		const folder = mkdtempSync(join(tmpdir(), "compat-"));
		this.afterwards(() => rmSync(folder, { recursive: true, force: true }));
		return folder;
	}

	/** A server on an ephemeral port of 127.0.0.1. */
	async serve(
		options: Record<string, unknown> = {},
		onConnection?: (connection: ConnectionLike) => void,
	): Promise<Served> {
		const server = this.track(this.ws.createServer(options, onConnection));
		const listening = next(server, "listening");
		server.listen(0, "127.0.0.1");
		await listening;
		const { port } = server.socket.address() as AddressInfo;
		return {
			server,
			port,
			url: `ws://127.0.0.1:${port}/`,
			accepted: () => nextValue<ConnectionLike>(server, "connection"),
		};
	}

	/** A client's connection, returned at once. */
	connect(url: string, options?: object): ConnectionLike {
		return this.own(
			options === undefined
				? this.ws.connect(url)
				: this.ws.connect(url, options),
		);
	}

	/** A server with one client, both open: `near` is the server's end, `far` the client's. */
	async pair(
		serverOptions: Record<string, unknown> = {},
		clientOptions: Record<string, unknown> = {},
	): Promise<Served & { near: ConnectionLike; far: ConnectionLike }> {
		const served = await this.serve(serverOptions);
		const accepted = served.accepted();
		const far = this.connect(served.url, clientOptions);
		const connected = next(far, "connect");
		const near = await accepted;
		await connected;
		return { ...served, near, far };
	}

	/** A raw TCP connection to `port`; nothing is sent. */
	async dial(target: number | NetConnectOpts): Promise<Wire> {
		const socket = netConnect(
			typeof target === "number"
				? { port: target, host: "127.0.0.1", allowHalfOpen: true }
				: target,
		);
		this.#sockets.add(socket);
		const wire = new Wire(socket);
		await next(socket, "connect");
		return wire;
	}

	/** A server whose one client is a raw TCP connection, past the opening handshake. */
	async rawClient(
		serverOptions: Record<string, unknown> = {},
		headers: Record<string, string | null> = {},
	): Promise<Served & { near: ConnectionLike; wire: Wire; answer: string }> {
		const served = await this.serve(serverOptions);
		const accepted = served.accepted();
		const wire = await this.dial(served.port);
		wire.write(request(headers));
		const near = await accepted;
		const answer = await wire.head();
		return { ...served, near, wire, answer };
	}

	/** A TCP server that speaks for itself. `onWire` gets each connection. */
	async listenRaw(onWire: (wire: Wire) => void): Promise<number> {
		const server = createNetServer({ allowHalfOpen: true }, (socket) => {
			this.#sockets.add(socket);
			onWire(new Wire(socket));
		});
		this.#netServers.push(server);
		server.listen(0, "127.0.0.1");
		await next(server, "listening");
		return (server.address() as AddressInfo).port;
	}

	/** A client connected to a raw TCP server, past the opening handshake. `head` is the request it sent. */
	async rawServer(
		clientOptions: Record<string, unknown> = {},
		headers: Record<string, string | null> = {},
	): Promise<{ far: ConnectionLike; wire: Wire; head: string }> {
		const { promise, resolve } = deferred<Wire>();
		const port = await this.listenRaw(resolve);
		const far = this.connect(`ws://127.0.0.1:${port}/`, clientOptions);
		const connected = next(far, "connect");
		const wire = await within("the client's TCP connection", promise);
		const head = await wire.head();
		wire.write(response(keyOf(head), headers));
		await connected;
		return { far, wire, head };
	}

	/** A client whose raw server answers the handshake with `answer(key)`. */
	async answered(
		answer: (key: string) => string | Buffer,
		clientOptions: Record<string, unknown> = {},
	): Promise<{ far: ConnectionLike; wire: Promise<Wire> }> {
		const { promise, resolve } = deferred<Wire>();
		const port = await this.listenRaw((wire) => {
			wire
				.head()
				.then((head) => {
					wire.write(answer(keyOf(head)));
					resolve(wire);
				})
				.catch(nop);
		});
		const far = this.connect(`ws://127.0.0.1:${port}/`, clientOptions);
		return { far, wire: within("the handshake", promise) };
	}

	/** Takes down what the test made. */
	async cleanUp(): Promise<void> {
		for (const connection of this.#connections) {
			this.#sockets.add(connection.socket);
			// 1.7.2 throws an 'error' that nobody listens for.
			connection.on("error", nop);
		}
		for (const server of this.#servers) server.on("error", nop);
		for (const socket of this.#sockets) {
			socket.on("error", nop);
			socket.destroy();
		}
		for (const server of this.#servers) {
			if (server.socket.listening) server.close();
		}
		for (const server of this.#netServers) server.close();
		for (const undo of this.#undo.reverse()) undo();
		await new Promise((resolve) => setImmediate(resolve));
	}
}

/** The Sec-WebSocket-Key of a request's head. */
export function keyOf(head: string): string {
	return /^sec-websocket-key: (.+)\r$/im.exec(head)?.[1] ?? "";
}

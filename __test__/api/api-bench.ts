/**
 * What one test of the public API works with: servers, connections and raw peers on ephemeral ports, with the library's own
 * types. Owns all it made, and takes it down at the end of the test.
 */
import { mkdtempSync, rmSync } from "node:fs";
import {
	type AddressInfo,
	createServer as createTcpServer,
	type Socket,
	type Server as TcpServer,
	connect as tcpConnect,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
	Connection,
	ConnectOptions,
	Server,
	ServerOptions,
} from "nodejs-websocket";
import { test } from "vitest";
import { keyOf } from "../support/compat-bench.js";
import {
	deferred,
	next,
	nextValue,
	turns,
	within,
} from "../support/compat-wait.js";
import { request, response, Wire } from "../support/compat-wire.js";
import library from "../support/library.js";

export type EngineName = "native" | "typescript";

export interface Served {
	server: Server;
	port: number;
	url: string;
	/** The connection of the next client. Ask before it connects. */
	accepted(): Promise<Connection>;
}

const nop = () => {};

export class ApiBench {
	readonly engine: EngineName;
	readonly #servers: Server[] = [];
	readonly #tcpServers: TcpServer[] = [];
	readonly #sockets = new Set<Socket>();
	readonly #undo: (() => void)[] = [];

	constructor(engine: EngineName) {
		this.engine = engine;
	}

	/** Runs `undo` at the end, whatever the test does. */
	afterwards(undo: () => void): void {
		this.#undo.push(undo);
	}

	/** A temporary folder for this test. */
	folder(): string {
		const folder = mkdtempSync(join(tmpdir(), "api-"));
		this.afterwards(() => rmSync(folder, { recursive: true, force: true }));
		return folder;
	}

	/** The messages of the exceptions that nobody catches from now on, in an array that grows. */
	uncaught(): string[] {
		const seen: string[] = [];
		const others = process.listeners("uncaughtException");
		process.removeAllListeners("uncaughtException");
		process.on("uncaughtException", (error) => seen.push(error.message));
		this.afterwards(() => {
			process.removeAllListeners("uncaughtException");
			for (const other of others) process.on("uncaughtException", other);
		});
		return seen;
	}

	/** A server on an ephemeral port of 127.0.0.1. */
	async serve(
		options: ServerOptions = {},
		onConnection?: (connection: Connection) => void,
	): Promise<Served> {
		const server = library.createServer(
			{ engine: this.engine, ...options },
			onConnection,
		);
		this.#servers.push(server);
		// No listener for the net.Server's 'connection': where there is one, no connection is accepted natively.
		const listening = next(server, "listening");
		server.listen(0, "127.0.0.1");
		await listening;
		// By then connections are accepted natively, where they can be.
		await turns();
		const { port } = server.socket.address() as AddressInfo;
		return {
			server,
			port,
			url: `ws://127.0.0.1:${port}/`,
			accepted: () => nextValue<Connection>(server, "connection"),
		};
	}

	/** A client's connection, returned at once. */
	connect(url: string, options: ConnectOptions = {}): Connection {
		const connection = library.connect(url, {
			engine: this.engine,
			...options,
		});
		this.#sockets.add(connection.socket);
		return connection;
	}

	/** A server with one client, both open: `near` is the server's end, `far` the client's. */
	async pair(
		serverOptions: ServerOptions = {},
		clientOptions: ConnectOptions = {},
	): Promise<Served & { near: Connection; far: Connection }> {
		const served = await this.serve(serverOptions);
		const accepted = served.accepted();
		const far = this.connect(served.url, clientOptions);
		const connected = next(far, "connect");
		const near = await accepted;
		await connected;
		return { ...served, near, far };
	}

	/** A raw connection to a port, or to a unix socket; nothing is sent. */
	async dial(at: number | string): Promise<Wire> {
		const target =
			typeof at === "number" ? { port: at, host: "127.0.0.1" } : { path: at };
		const socket = tcpConnect({ ...target, allowHalfOpen: true });
		this.#sockets.add(socket);
		const wire = new Wire(socket);
		await next(socket, "connect");
		return wire;
	}

	/** A server whose one client is a raw TCP connection, past the opening handshake. */
	async rawClient(
		serverOptions: ServerOptions = {},
	): Promise<Served & { near: Connection; wire: Wire }> {
		const served = await this.serve(serverOptions);
		const accepted = served.accepted();
		const wire = await this.dial(served.port);
		wire.write(request());
		const near = await accepted;
		await wire.head();
		return { ...served, near, wire };
	}

	/** A TCP server that speaks for itself. `onWire` gets each connection. */
	async listenRaw(onWire: (wire: Wire) => void): Promise<number> {
		const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
			this.#sockets.add(socket);
			onWire(new Wire(socket));
		});
		this.#tcpServers.push(server);
		server.listen(0, "127.0.0.1");
		await next(server, "listening");
		return (server.address() as AddressInfo).port;
	}

	/** A client connected to a raw TCP server, past the opening handshake. */
	async rawServer(
		clientOptions: ConnectOptions = {},
	): Promise<{ far: Connection; wire: Wire }> {
		const { promise, resolve } = deferred<Wire>();
		const port = await this.listenRaw(resolve);
		const far = this.connect(`ws://127.0.0.1:${port}/`, clientOptions);
		const connected = next(far, "connect");
		const wire = await within("the client's TCP connection", promise);
		wire.write(response(keyOf(await wire.head())));
		await connected;
		return { far, wire };
	}

	/** Takes down what the test made. */
	async cleanUp(): Promise<void> {
		for (const server of this.#servers) {
			server.on("error", nop);
			for (const { socket } of server.connections) this.#sockets.add(socket);
		}
		for (const socket of this.#sockets) {
			socket.on("error", nop);
			socket.destroy();
		}
		for (const server of this.#servers) {
			if (server.socket.listening) server.close();
		}
		for (const server of this.#tcpServers) server.close();
		for (const undo of this.#undo.reverse()) undo();
		await new Promise((resolve) => setImmediate(resolve));
	}
}

/** Why the native engine cannot be had, or undefined where it can. */
function nativeMissing(): string | undefined {
	try {
		library.createServer({ engine: "native" });
		return undefined;
	} catch (error) {
		if (process.env.NODEJS_WEBSOCKET_TEST_REQUIRE_NATIVE === "1") throw error;
		return (error as Error).message;
	}
}

const engines: EngineName[] = ["typescript"];
const reason = nativeMissing();
if (reason === undefined) engines.push("native");
else test.skip(`the native engine is missing: ${reason}`, () => {});

/** A behaviour of the public API: runs on each engine that can be had here. */
export function behaves(
	title: string,
	body: (bench: ApiBench) => void | Promise<void>,
): void {
	for (const engine of engines) {
		test(`${title} [${engine}]`, async () => {
			const bench = new ApiBench(engine);
			try {
				await body(bench);
			} finally {
				await bench.cleanUp();
			}
		});
	}
}

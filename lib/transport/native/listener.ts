/**
 * A listening net.Server whose connections the reactor takes in: without a handle of libuv's, a net.Socket and an entry into
 * JavaScript for each. It begins when the server listens, and ends as soon as somebody wants something that only Node does:
 * Node's own function is then handed those that were accepted, and libuv waits for the others.
 *
 * The server counts the connections as ever, so that `close`, `getConnections` and `maxConnections` keep their word.
 */
import { AsyncResource } from "node:async_hooks";
import { channel } from "node:diagnostics_channel";
import { type Server, Socket } from "node:net";
import { getDefaultHighWaterMark } from "node:stream";
import type { Engine } from "../../engine/engine.js";
import {
	type ListenOptions,
	type Reactor,
	reactorOf,
	type SlotOwner,
} from "./reactor.js";
import { systemError } from "./system-error.js";

/** What net.Server has for those that know it well. */
interface ServerInternals extends Server, ListenOptions {
	_handle: ListenHandle | null;
	_connections: number;
	_emitCloseIfDrained(): void;
	allowHalfOpen?: boolean;
	highWaterMark?: number;
	blockList?: unknown;
}

interface ListenHandle {
	fd?: number;
	onconnection(status: number, client: object): void;
	close(callback?: () => void): void;
}

type SocketInternals = Socket & {
	_handle: object | null;
	_server: Server | null;
	server: Server | null;
};

/** Who lets the connections in. */
export interface Door {
	/** Whether it wants to know from where somebody comes. */
	readonly asksForNetworks: boolean;
	/** A connection was accepted, from `network`; undefined where there is none, or the door does not ask. */
	enter(slot: number, network: string | undefined): void;
	/** One of them is gone, or its net.Socket is. */
	left(network: string | undefined): void;
}

/** Of the diagnostics of Node, which tell of each net.Socket a server accepts. */
const accepting = channel("net.server.socket");

export class NativeListener implements SlotOwner {
	readonly reactor: Reactor;
	/** What connections see is the AsyncLocalStorage of where their server began to listen, as on node:net. */
	resource: AsyncResource;
	readonly #server: ServerInternals;
	readonly #door: Door;
	/** Of those whose network nobody asks for: one for all. */
	readonly #onSocketClose: () => void;
	/** What was there when it was made: whoever has put something else in its place wants to be asked. */
	readonly #own: unknown;
	readonly #emit: unknown;
	#onconnection: unknown;
	#slot = -1;
	/** The handle whose end is watched for. */
	#handle: ListenHandle | null = null;

	/** Null where the engine has no native transport, or `server` is not the net.Server that this knows. */
	static create(
		engine: Engine,
		server: Server,
		door: Door,
	): NativeListener | null {
		const reactor = reactorOf(engine);
		if ("reason" in reactor) return null;
		const { _connections, _emitCloseIfDrained } = server as ServerInternals;
		return typeof _connections === "number" &&
			typeof _emitCloseIfDrained === "function"
			? new NativeListener(reactor, server as ServerInternals, door)
			: null;
	}

	private constructor(reactor: Reactor, server: ServerInternals, door: Door) {
		this.reactor = reactor;
		this.#server = server;
		this.#door = door;
		this.#own = server.rawListeners("connection")[0];
		this.#emit = server.emit;
		this.#onSocketClose = () => door.left(undefined);
		this.resource = new AsyncResource("NODEJS_WEBSOCKET_SERVER");
	}

	/** How much output may wait before a send returns false, in bytes: that of the server's sockets. */
	get highWaterMark(): number | undefined {
		return this.#server.highWaterMark;
	}

	/** How much input may wait for who reads it, in bytes: likewise. */
	get readableHighWaterMark(): number {
		return this.#server.highWaterMark ?? getDefaultHighWaterMark(false);
	}

	/** Node has taken in a connection: from here on the reactor does, if nobody wants something else. */
	takeOver(): void {
		if (this.#slot >= 0) return;
		const handle = this.#server._handle;
		const fd = handle?.fd ?? -1;
		// A unix socket has a path for an address; the handle of a worker of node:cluster has no descriptor.
		if (handle === null || fd < 0 || !this.#isPlain()) return;
		if (typeof this.#server.address() !== "object") return;
		const slot = this.reactor.listen(fd, this.#server, this);
		if (slot < 0) return;
		this.#slot = slot;
		this.resource = new AsyncResource("NODEJS_WEBSOCKET_SERVER");
		if (this.#handle === handle) return;
		this.#handle = handle;
		this.#onconnection = handle.onconnection;
		// Whatever closes the server closes its handle, and the reactor has a duplicate of the descriptor.
		const { close } = handle;
		handle.close = (callback) => {
			this.#forget();
			close.call(handle, callback);
		};
	}

	/** Whether nobody wants what only Node does. */
	#isPlain(): boolean {
		const server = this.#server;
		const listeners = server.rawListeners("connection");
		return (
			listeners.length === 1 &&
			listeners[0] === this.#own &&
			server.emit === this.#emit &&
			(this.#handle === null ||
				this.#handle.onconnection === this.#onconnection) &&
			// 0 lets nobody in, from Node.js 21 on.
			server.maxConnections == null &&
			server.blockList === undefined &&
			!accepting.hasSubscribers
		);
	}

	accepted(slot: number, isLate: boolean): void {
		const handle = this.#server._handle;
		if (handle === null) {
			this.reactor.detach(slot);
			return;
		}
		const isPlain = this.#isPlain();
		if (!isPlain) this.refused();
		if (isPlain && !isLate) {
			this.#server._connections++;
			const network = this.#door.asksForNetworks
				? this.reactor.binding.reactorNetwork(slot) || undefined
				: undefined;
			this.#door.enter(slot, network);
			return;
		}
		// As if Node had accepted it: what makes a handle of a descriptor is a net.Socket.
		const carrier = this.#socketOf(this.reactor.take(slot));
		const client = carrier._handle;
		carrier._handle = null;
		if (client !== null) handle.onconnection(0, client);
	}

	/** Those that wait cannot be taken in, or are not to be: libuv sees to them, or says why not. */
	refused(): void {
		const fd = this.#server._handle?.fd ?? -1;
		if (this.#slot < 0 || fd < 0) return;
		const slot = this.#slot;
		this.#slot = -1;
		const error = this.reactor.unlisten(slot, fd);
		// Nobody would be told of a connection any more.
		if (error < 0) this.#server.emit("error", systemError(-error, "epoll_ctl"));
	}

	#forget(): void {
		if (this.#slot < 0) return;
		this.reactor.detach(this.#slot);
		this.#slot = -1;
	}

	/** A connection from `network` is gone without ever having been a net.Socket. */
	left(network: string | undefined): void {
		const server = this.#server;
		server._connections--;
		this.#door.left(network);
		server._emitCloseIfDrained();
	}

	/** Ends the connection of `slot`. */
	close(slot: number, network: string | undefined): void {
		this.reactor.detach(slot);
		this.left(network);
	}

	/** A net.Socket that takes the descriptor of `slot`. It is paused, and reads nothing. */
	takeSocket(slot: number, network: string | undefined): Socket {
		return this.#adopted(this.#socketOf(this.reactor.take(slot)), network);
	}

	/** The same of a connection that the door did not let in. */
	takeRefused(slot: number): Socket {
		return this.#counted(this.#socketOf(this.reactor.take(slot)));
	}

	/**
	 * A net.Socket that stands beside the connection of `slot`, with a duplicate of its descriptor; without one, and so without
	 * addresses and options, where there is none left. The server counts it in place of the connection.
	 */
	makeSocket(slot: number, network: string | undefined): Socket {
		return this.#adopted(
			this.#socketOf(this.reactor.binding.reactorDuplicate(slot)),
			network,
		);
	}

	/** The socket of a connection that is gone. */
	makeClosedSocket(): Socket {
		return this.#socketOf(-1);
	}

	#socketOf(fd: number): SocketInternals {
		const { allowHalfOpen, highWaterMark, noDelay, keepAlive } = this.#server;
		return new Socket({
			...(fd < 0 ? {} : { fd }),
			allowHalfOpen,
			// It has these from the listening socket, and is to know of it.
			noDelay,
			keepAlive,
			keepAliveInitialDelay: (this.#server.keepAliveInitialDelay ?? 0) * 1000,
			readableHighWaterMark: highWaterMark,
			writableHighWaterMark: highWaterMark,
			pauseOnCreate: true,
		} as object) as SocketInternals;
	}

	#adopted(socket: SocketInternals, network: string | undefined): Socket {
		const onClose =
			network === undefined
				? this.#onSocketClose
				: () => this.#door.left(network);
		return this.#counted(socket).on("close", onClose);
	}

	/** As net.Server does: the end of the socket is then counted by Node. */
	#counted(socket: SocketInternals): Socket {
		socket.server = this.#server;
		socket._server = this.#server;
		return socket;
	}

	// It carries no bytes.
	receive(): void {}
	receiveParsed(): void {}
	robbed(): void {}
	writable(): void {}
	ended(): void {}
	lost(): void {}
}

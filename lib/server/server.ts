import type { IncomingMessage } from "node:http";
import * as net from "node:net";
import * as tls from "node:tls";
import {
	Connection,
	driverOf,
	openConnection,
} from "../connection/connection.js";
import { ConnectionParent } from "../connection/parent.js";
import {
	type ConnectionSettings,
	resolveSettings,
	type WebSocketOptions,
} from "../connection/settings.js";
import { createError } from "../errors.js";
import {
	type AcceptedRequest,
	acceptResponse,
	decodeHeaders,
	type Refusal,
} from "../protocol/handshake.js";
import { ServerOpening } from "../transport/socket/server-opening.js";

/** Chooses a subprotocol among those a client offers; undefined, null or "" for none. */
export type SelectProtocol = (
	connection: Connection,
	protocols: string[],
) => string | null | undefined;

/** Options of a server. All of them are handed to `net.createServer` or `tls.createServer`, too. */
export interface ServerOptions
	extends WebSocketOptions,
		net.ServerOpts,
		tls.TlsOptions {
	/** Use TLS; `key` and `cert` are then needed. Default: false. */
	secure?: boolean;
	/** Chooses the subprotocol; called only where the client offers some. Wins over `validProtocols`. */
	selectProtocol?: SelectProtocol;
	/** The subprotocols this server speaks: the first of the client's that is among them is chosen. */
	validProtocols?: string[];
}

type Listen = net.Server["listen"];

/** A WebSocket server over a plain net or TLS server of its own. */
export class Server extends ConnectionParent {
	/** The net or TLS server underneath. */
	readonly socket: net.Server | tls.Server;
	/** The open connections, in the order they came. */
	readonly connections: Connection[] = [];
	/** @internal */
	override get settings(): ConnectionSettings {
		// Compatibility: `setMaxBufferLength` counts for the connections a server accepts from then on.
		const { limits } = this.#settings;
		const maxMessageBytes = Connection.maxBufferLength;
		if (this.#hasDefaultLimit && limits.maxMessageBytes !== maxMessageBytes) {
			this.#settings = {
				...this.#settings,
				limits: { ...limits, maxMessageBytes },
			};
		}
		return this.#settings;
	}
	#settings: ConnectionSettings;
	/** `maxMessageBytes` was not given. */
	readonly #hasDefaultLimit: boolean;
	readonly #selectProtocol: SelectProtocol | null;
	readonly #opening: ServerOpening;
	/** A 'close' is due: the server listens, or was asked to listen or to close, and has not emitted it since. */
	#isCloseDue = false;

	/**
	 * @param secure use TLS
	 * @param options see ServerOptions; a function is taken for the callback
	 * @param callback listener for 'connection'
	 */
	constructor(
		secure: boolean,
		options?: ServerOptions | ((connection: Connection) => void) | null,
		callback?: (connection: Connection) => void,
	) {
		super();
		const listener = typeof options === "function" ? options : callback;
		const given: ServerOptions =
			(typeof options === "function" ? undefined : options) ?? {};
		this.#settings = resolveSettings(given, Connection.maxBufferLength);
		this.#hasDefaultLimit = given.maxMessageBytes === undefined;
		checkProtocolOptions(given);
		this.#selectProtocol =
			given.selectProtocol ?? firstOf(given.validProtocols);
		this.#opening = new ServerOpening(this.settings.handshakeTimeoutMs);
		const onSocket = (socket: net.Socket) => {
			new Connection(socket, this);
		};
		this.socket = secure
			? tls.createServer(
					{ handshakeTimeout: this.settings.handshakeTimeoutMs, ...given },
					onSocket,
				)
			: net.createServer(given, onSocket);
		this.socket.on("listening", () => {
			this.#isCloseDue = true;
			this.emit("listening");
		});
		this.socket.on("close", () => this.#closed());
		this.socket.on("error", (error) => {
			this.emit("error", error);
			// An error of accept() leaves the server listening.
			if (!this.socket.listening) this.#closed();
		});
		if (typeof listener === "function") this.on("connection", listener);
	}

	/**
	 * Starts listening. Takes what `net.Server.listen` takes: port and host, a path, or an object.
	 *
	 * @param args the last one, if a function, becomes a listener for 'listening'
	 */
	listen(...args: Parameters<Listen>): this;
	listen(port?: number | string, host?: string, callback?: () => void): this;
	listen(port?: number | string, callback?: () => void): this;
	listen(options: net.ListenOptions, callback?: () => void): this;
	listen(...args: unknown[]): this {
		const index = args.findIndex((argument) => typeof argument === "function");
		if (index !== -1) this.on("listening", args[index] as () => void);
		this.#isCloseDue = true;
		this.socket.listen(
			...((index === -1 ? args : args.slice(0, index)) as Parameters<Listen>),
		);
		return this;
	}

	/**
	 * Stops accepting connections and lets those that are open be. 'close' comes when the last one has ended.
	 *
	 * @param callback called once then
	 */
	close(callback?: () => void): void {
		if (typeof callback === "function") this.once("close", callback);
		this.#isCloseDue = true;
		this.socket.close();
	}

	/** @internal */
	override adopt(connection: Connection): void {
		const { socket } = connection;
		const driver = driverOf(connection);
		driver.onOpening(() => socket.destroy());
		this.#opening.read(socket, {
			accepted: (request, offer, head) =>
				this.#accept(connection, request, offer, head),
			refused: (refusal) => this.#refused(socket, refusal),
		});
		// A handshake that fails ends the connection like any other loss; once it is open its link takes over.
		socket.once("close", () => {
			if (driver.link === null) driver.session.closed();
		});
	}

	#accept(
		connection: Connection,
		request: IncomingMessage,
		offer: AcceptedRequest,
		head: Buffer,
	): Refusal | undefined {
		connection.path = request.url ?? "/";
		connection.key = offer.key;
		connection.headers = decodeHeaders(request.headers);
		connection.protocols = offer.protocols;
		let protocol: string | undefined;
		if (offer.protocols.length > 0 && this.#selectProtocol !== null) {
			try {
				protocol =
					this.#selectProtocol(connection, offer.protocols) || undefined;
			} catch (error) {
				return callbackFailed("selectProtocol threw", error);
			}
			if (protocol !== undefined && !offer.protocols.includes(protocol)) {
				return callbackFailed(
					`selectProtocol chose ${JSON.stringify(protocol)}, which the client did not offer`,
				);
			}
		}
		openConnection(connection, {
			headers: connection.headers,
			protocol,
			head,
			response: acceptResponse(offer.key, protocol),
			beforeConnect: () => {
				this.connections.push(connection);
				driverOf(connection).onClosing(() => this.#forget(connection));
			},
			afterConnect: () => this.emit("connection", connection),
		});
		return undefined;
	}

	#refused(socket: net.Socket, { statusCode, message, cause }: Refusal): void {
		const code =
			statusCode === 500
				? "WS_ERR_HANDSHAKE_CALLBACK"
				: "WS_ERR_HANDSHAKE_REFUSED";
		const error = createError(code, { detail: message, statusCode, cause });
		// A mistake of the program's own must not go unseen; what strangers send is nobody's concern by default.
		if (!this.emit("handshakeError", error, socket) && statusCode === 500)
			process.emitWarning(error);
	}

	#forget(connection: Connection): void {
		const index = this.connections.indexOf(connection);
		if (index !== -1) this.connections.splice(index, 1);
	}

	#closed(): void {
		if (!this.#isCloseDue) return;
		this.#isCloseDue = false;
		this.emit("close");
	}
}

function firstOf(validProtocols: string[] | undefined): SelectProtocol | null {
	if (!validProtocols) return null;
	return (_connection, protocols) =>
		protocols.find((protocol) => validProtocols.includes(protocol));
}

/** The client learns no more than that it is not its fault. */
function callbackFailed(message: string, cause?: unknown): Refusal {
	return {
		statusCode: 500,
		headers: {},
		message: "Internal server error",
		cause: cause ?? new Error(message),
	};
}

function checkProtocolOptions(options: ServerOptions): void {
	const { selectProtocol, validProtocols } = options;
	if (selectProtocol && typeof selectProtocol !== "function") {
		throw createError("WS_ERR_OPTION", {
			detail: "selectProtocol should be a function",
		});
	}
	if (validProtocols && !Array.isArray(validProtocols)) {
		throw createError("WS_ERR_OPTION", {
			detail: "validProtocols should be an array of strings",
		});
	}
}

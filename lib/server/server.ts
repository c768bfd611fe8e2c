import type { IncomingMessage } from "node:http";
import * as net from "node:net";
import * as tls from "node:tls";
import { inspect } from "node:util";
import { linkCompression } from "../connection/compression.js";
import {
	acceptConnection,
	Connection,
	driverOf,
	openConnection,
	setHead,
} from "../connection/connection.js";
import { ConnectionParent } from "../connection/parent.js";
import {
	type ConnectionSettings,
	resolveSettings,
} from "../connection/settings.js";
import { createError } from "../errors.js";
import {
	type AcceptedRequest,
	acceptResponse,
	decodeHeaders,
	type Refusal,
	refuse,
} from "../protocol/handshake.js";
import { checkHost, checkOrigin } from "../protocol/origin.js";
import {
	acceptDeflate,
	type DeflateAgreement,
} from "../protocol/permessage-deflate.js";
import {
	bytesOf,
	hasCompressionRoom,
} from "../transport/compression-memory.js";
import type { AcceptedSocket } from "../transport/native/accepted-socket.js";
import type {
	ParsedHead,
	PlainRequest,
} from "../transport/native/head-reader.js";
import { NativeListener } from "../transport/native/listener.js";
import {
	canMakeRequests,
	makeRequest,
} from "../transport/native/native-request.js";
import { NO_TLS, refuseNative } from "../transport/select.js";
import {
	type AcceptedOutcome,
	type OpeningHandler,
	ServerOpening,
} from "../transport/socket/server-opening.js";
import { Admission } from "./admission.js";
import { askAuthorization, callbackFailed } from "./authorization.js";
import {
	resolveServerSettings,
	type ServerOptions,
	type ServerSettings,
} from "./options.js";

/** TCP asks a silent peer after this time whether it is there, in milliseconds; one that is not is lost ten seconds later. */
const KEEP_ALIVE_DELAY_MS = 60_000;

type Listen = net.Server["listen"];

const closing = refuse(503, "The server is closing");

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
	readonly #isSecure: boolean;
	#settings: ConnectionSettings;
	/** `maxMessageBytes` was not given. */
	readonly #hasDefaultLimit: boolean;
	readonly #serverSettings: ServerSettings;
	readonly #admission: Admission;
	readonly #opening: ServerOpening;
	/** Accepts connections natively; null where that is nothing for this server. */
	readonly #listener: NativeListener | null = null;
	/** A 'close' is due: the server listens, or was asked to listen or to close, and has not emitted it since. */
	#isCloseDue = false;
	/** `close` was called, and `listen` not since. */
	#isClosing = false;

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
		this.#isSecure = Boolean(secure);
		const listener = typeof options === "function" ? options : callback;
		const given: ServerOptions =
			(typeof options === "function" ? undefined : options) ?? {};
		if (secure) refuseNative(given.transport, NO_TLS);
		this.#settings = resolveSettings(given, Connection.maxBufferLength);
		this.#hasDefaultLimit = given.maxMessageBytes === undefined;
		this.#serverSettings = resolveServerSettings(given);
		this.#admission = new Admission(this.#serverSettings.admission);
		const { engine, transport, handshakeTimeoutMs } = this.settings;
		const isNative = transport === "native" && !secure;
		const { authorize } = this.#serverSettings;
		const readsNatively = isNative && authorize === null;
		this.#opening = new ServerOpening(
			handshakeTimeoutMs,
			readsNatively ? engine : null,
			{
				decide: (accepted, parsed) => this.#decide(accepted, parsed),
				handlerFor: (accepted) =>
					this.#handlerOf(acceptConnection(accepted, this)),
			},
		);
		const onSocket = (socket: net.Socket) => {
			new Connection(socket, this);
		};
		const onTlsSocket = (socket: tls.TLSSocket) => {
			this.#admission.secured(socket);
			onSocket(socket);
		};
		const defaults = {
			// Nagle's algorithm holds a short message back until the peer has acknowledged the one before.
			noDelay: true,
			keepAlive: true,
			keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
			handshakeTimeout: handshakeTimeoutMs,
		};
		this.socket = secure
			? tls.createServer({ ...defaults, ...given }, onTlsSocket)
			: net.createServer(
					{
						...defaults,
						...given,
						pauseOnConnect: readsNatively || given.pauseOnConnect,
					},
					onSocket,
				);
		this.#guardDoor();
		if (isNative && (authorize === null || canMakeRequests)) {
			const admission = this.#admission;
			this.#listener = NativeListener.create(engine, this.socket, {
				asksForNetworks: admission.asksForNetworks,
				enter: (slot, network) => this.#enter(slot, network),
				left: (network) => admission.left(network),
			});
		}
		// Node tells of a TLS handshake that takes too long, and leaves the socket open.
		this.socket.on("tlsClientError", (_error, socket: tls.TLSSocket) =>
			socket.destroy(),
		);
		this.socket.on("listening", () => {
			this.#isCloseDue = true;
			// When libuv has begun to wait for connections, which is in the loop's next poll phase: not the next immediate where
			// this is told in that phase, but the one behind it.
			const listener = this.#listener;
			if (listener !== null)
				setImmediate(setImmediate, () => listener.takeOver());
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

	/** How many peers are in their opening handshake, that of TLS included. */
	get pendingHandshakes(): number {
		const securing = this.#isSecure ? this.#admission.securing : 0;
		return securing + this.#opening.pending;
	}

	/** Puts the judgement of the Admission before what the socket's server does with an accepted socket. */
	#guardDoor(): void {
		const inner = this.socket.listeners("connection");
		this.socket.removeAllListeners("connection");
		this.socket.on("connection", (socket: net.Socket) => {
			const refusal = this.#admission.admit(socket, this.pendingHandshakes);
			if (refusal === null) {
				for (const listener of inner) listener.call(this.socket, socket);
				this.#listener?.takeOver();
				return;
			}
			// A peer that wants TLS could not read the answer, and a TLS handshake is what costs most.
			if (this.#isSecure) socket.destroy();
			else {
				const { maxPendingHandshakes } = this.#serverSettings.admission;
				this.#opening.turnAway(socket, refusal, maxPendingHandshakes);
			}
			this.#refused(socket, refusal);
		});
	}

	/** A connection was accepted natively. */
	#enter(slot: number, network: string | undefined): void {
		const listener = this.#listener as NativeListener;
		const { pendingHandshakes } = this;
		const refusal = this.#admission.admitFrom(network, pendingHandshakes);
		if (refusal === null) {
			this.#opening.await(listener, slot, network);
			return;
		}
		const socket = listener.takeRefused(slot);
		const { maxPendingHandshakes } = this.#serverSettings.admission;
		this.#opening.turnAway(socket, refusal, maxPendingHandshakes);
		this.#refused(socket, refusal);
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
		this.#isClosing = false;
		this.socket.listen(
			...((index === -1 ? args : args.slice(0, index)) as Parameters<Listen>),
		);
		return this;
	}

	/**
	 * Stops accepting connections and lets those that are open be; opening handshakes that are going on are refused with
	 * 503, but for those of TLS, which have their time. 'close' comes when the last connection has ended.
	 *
	 * @param callback called once then
	 */
	close(callback?: () => void): void {
		if (typeof callback === "function") this.once("close", callback);
		this.#isCloseDue = true;
		this.#isClosing = true;
		this.socket.close();
		// Not now: perhaps it is a handshake that has led here.
		process.nextTick(() => {
			if (this.#isClosing) this.#opening.refuseAll(closing);
		});
	}

	/** @internal */
	override adopt(connection: Connection): void {
		this.#opening.read(connection.socket, this.#handlerOf(connection));
	}

	#handlerOf(connection: Connection): OpeningHandler {
		const driver = driverOf(connection);
		driver.onOpening(() => connection.socket.destroy());
		return {
			authorize: (request, offer) =>
				this.#authorize(connection, request, offer),
			accepted: (offer, head) => this.#accept(connection, offer, head),
			refused: (refusal) => this.#refused(connection.socket, refusal),
			// A handshake that fails ends the connection like any other loss.
			gone: () => driver.session.closed(),
		};
	}

	/** Whether the lists of the program let a request in that is valid by the RFC. */
	#checkLists(request: IncomingMessage | PlainRequest): Refusal | null {
		const { hosts, origins } = this.#serverSettings;
		return (
			(hosts && checkHost(request, hosts)) ??
			(origins && checkOrigin(request, origins))
		);
	}

	/** Whether a request that is valid by the RFC is let in by the program's rules. */
	#authorize(
		connection: Connection,
		request: IncomingMessage | PlainRequest,
		offer: AcceptedRequest,
	): Refusal | null | Promise<Refusal | null> {
		const { authorize } = this.#serverSettings;
		const refusal = this.#checkLists(request);
		if (refusal !== null) return refusal;
		describeRequest(connection, request, offer);
		if (authorize === null) return null;
		// Nothing is read natively where it is asked.
		return askAuthorization(authorize, request as IncomingMessage, connection);
	}

	/** The same for what was accepted natively. */
	#decide(
		accepted: AcceptedSocket,
		{ request, offer, head }: ParsedHead,
	): AcceptedOutcome {
		const { authorize, selectProtocol } = this.#serverSettings;
		if (this.#checkLists(request) !== null) return "give back";
		const connection = acceptConnection(accepted, this);
		const asked =
			authorize === null ? request : makeRequest(request, connection);
		describeRequest(connection, asked, offer);
		// The program has no other occasion to end it before it is open.
		if (authorize !== null || selectProtocol !== null)
			driverOf(connection).onOpening(() => connection.socket.destroy());
		if (authorize !== null) {
			const decision = askAuthorization(
				authorize,
				asked as IncomingMessage,
				connection,
			);
			// A net.Socket that was asked for has an end of its own, which is seen to by whoever awaits the decision.
			if (decision instanceof Promise || accepted.slot < 0)
				return { handler: this.#handlerOf(connection), decision };
			if (decision !== null)
				return { handler: this.#handlerOf(connection), refusal: decision };
		}
		const refusal = this.#accept(connection, offer, head);
		if (refusal === undefined) return "done";
		return { handler: this.#handlerOf(connection), refusal };
	}

	#accept(
		connection: Connection,
		offer: AcceptedRequest,
		head: Buffer,
	): Refusal | undefined {
		// A program that closes its server goes through the connections there are: no further one may come behind its back.
		if (this.#isClosing) return closing;
		const { selectProtocol } = this.#serverSettings;
		let protocol: string | undefined;
		if (offer.protocols.length > 0 && selectProtocol !== null) {
			try {
				protocol = selectProtocol(connection, offer.protocols) || undefined;
			} catch (error) {
				return callbackFailed("selectProtocol threw", error);
			}
			if (protocol !== undefined && !offer.protocols.includes(protocol)) {
				return callbackFailed(
					`selectProtocol chose ${inspect(protocol)}, which the client did not offer`,
				);
			}
		}
		const deflate = this.#agreeOnDeflate(connection, offer);
		if (deflate === "invalid")
			return refuse(
				400,
				"Sec-WebSocket-Extensions should be a list of extensions",
			);
		openConnection(connection, {
			deflate,
			protocol,
			head,
			response: acceptResponse(offer, protocol, deflate?.extension),
			beforeConnect: () => this.connections.push(connection),
			afterConnect: () => this.emit("connection", connection),
		});
		return undefined;
	}

	/** Null where messages are not to be compressed. */
	#agreeOnDeflate(
		connection: Connection,
		{ extensions }: AcceptedRequest,
	): DeflateAgreement | null | "invalid" {
		const { engine, compression } = driverOf(connection).settings;
		if (compression === null) return null;
		const agreement = acceptDeflate(extensions, compression);
		if (agreement === null || agreement === "invalid") return agreement;
		const bytes = bytesOf(engine, linkCompression(compression, agreement));
		return hasCompressionRoom(bytes) ? agreement : null;
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

	/** @internal */
	override forget(connection: Connection): void {
		const index = this.connections.indexOf(connection);
		if (index !== -1) this.connections.splice(index, 1);
	}

	#closed(): void {
		if (!this.#isCloseDue) return;
		this.#isCloseDue = false;
		this.emit("close");
	}
}

/** Tells the connection what was asked for. */
function describeRequest(
	connection: Connection,
	request: IncomingMessage | PlainRequest,
	offer: AcceptedRequest,
): void {
	connection.path = request.url ?? "/";
	connection.key = offer.key;
	if ("text" in request && request.text !== undefined)
		setHead(connection, request.text);
	else connection.headers = decodeHeaders(request.headers);
	connection.protocols = offer.protocols;
}

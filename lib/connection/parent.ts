import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { WebSocketErrorFields } from "../errors.js";
import type { Connection } from "./connection.js";
import type { ConnectionSettings } from "./settings.js";

export interface ServerEvents {
	/** The server listens. */
	listening: [];
	/** A connection is open: its opening handshake is done. */
	connection: [connection: Connection];
	/** An opening handshake was refused, with the HTTP status in `error.statusCode`. */
	handshakeError: [error: Error & WebSocketErrorFields, socket: Socket];
	/** The server has stopped listening and all its connections have ended, or it could not listen. */
	close: [];
	/** The server failed, for one because the port is taken. 'close' follows if it does not listen any more. */
	error: [error: Error];
}

/** What accepts connections: the part of a Server that its connections know. */
export abstract class ConnectionParent extends EventEmitter<ServerEvents> {
	/** @internal */
	abstract readonly settings: ConnectionSettings;
	/** Reads the opening handshake of a connection made for this server, and opens it. @internal */
	abstract adopt(connection: Connection): void;
	/** An open connection is closing, or lost. @internal */
	abstract forget(connection: Connection): void;
}

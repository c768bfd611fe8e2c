/** The public list of `nodejs-websocket`. */
import { connect } from "./client/connect.js";
import { Connection } from "./connection/connection.js";
import { engineInfo } from "./engine/select.js";
import { createError } from "./errors.js";
import type { ServerOptions } from "./server/options.js";
import { Server } from "./server/server.js";

export type { ConnectOptions } from "./client/connect.js";
export type { PerMessageDeflateOptions } from "./connection/compression.js";
export type { BinaryData, ConnectionEvents } from "./connection/connection.js";
export type { InStream } from "./connection/in-stream.js";
export type { OutStream } from "./connection/out-stream.js";
export type { ServerEvents } from "./connection/parent.js";
export type { SendOptions } from "./connection/send-options.js";
export type { WebSocketOptions } from "./connection/settings.js";
export type { ErrorCode, Initiator, WebSocketErrorFields } from "./errors.js";
export {
	WebSocketError,
	WebSocketRangeError,
	WebSocketTypeError,
} from "./errors.js";
export type { CloseResult } from "./protocol/session.js";
export type {
	Authorize,
	AuthorizeResult,
	Unauthorized,
} from "./server/authorization.js";
export type { SelectProtocol, ServerOptions } from "./server/options.js";
export { setMaxCompressionBytes } from "./transport/compression-memory.js";
export type { SendCallback } from "./transport/link.js";
export { setMaxPendingBytes } from "./transport/pending-bytes.js";
export { Connection, connect, Server };

/**
 * Makes a server.
 *
 * @param options see ServerOptions; with `secure: true` it uses TLS
 * @param callback listener for 'connection'
 */
export function createServer(
	callback?: (connection: Connection) => void,
): Server;
export function createServer(
	options: ServerOptions | null | undefined,
	callback?: (connection: Connection) => void,
): Server;
export function createServer(
	options?: ServerOptions | ((connection: Connection) => void) | null,
	callback?: (connection: Connection) => void,
): Server {
	if (typeof options === "function") return new Server(false, options);
	return new Server(Boolean(options?.secure), options, callback);
}

/** Sets how many bytes an OutStream gathers at least before it sends a frame. Default: 512 KiB. */
export function setBinaryFragmentation(bytes: number): void {
	Connection.binaryFragmentation = checkBytes(bytes);
}

/** Sets the default of `maxMessageBytes`, for the connections made from now on. Default: 2 MiB. */
export function setMaxBufferLength(bytes: number): void {
	Connection.maxBufferLength = checkBytes(bytes);
}

function checkBytes(bytes: number): number {
	if (typeof bytes !== "number" || !(bytes >= 0)) {
		throw createError("WS_ERR_OPTION_RANGE", {
			detail: "it should be a number of bytes",
		});
	}
	return bytes;
}

/** The default frame engine in use, and after a fallback why it is not the native one. */
export const engine = {
	get name(): "native" | "typescript" {
		return engineInfo().name;
	},
	get reason(): string | undefined {
		return engineInfo().reason;
	},
};

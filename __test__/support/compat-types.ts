/** The documented surface of nodejs-websocket 1.7, as the compatibility tests use it on every implementation. */
import type { EventEmitter } from "node:events";
import type { Server as NetServer, Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

/** An InStream. `aborted` exists since version 2. */
export interface InStreamLike extends Readable {
	aborted?: boolean;
}

export interface OutStreamLike extends Writable {
	connection: ConnectionLike;
	minSize: number;
	buffer: Buffer;
	hasSent: boolean;
}

export interface ConnectionLike extends EventEmitter {
	readonly CONNECTING: number;
	readonly OPEN: number;
	readonly CLOSING: number;
	readonly CLOSED: number;
	readonly readyState: number;
	readonly socket: Socket;
	readonly server: ServerLike | null;
	readonly path: string | null;
	readonly host: string | null;
	readonly extraHeaders: Record<string, string> | null | undefined;
	readonly protocols: string[];
	readonly protocol: string | undefined;
	readonly key: string | null;
	/** Since version 2. */
	readonly extensions?: string;
	/** Since version 2. */
	readonly transport?: "native" | "socket" | null;
	readonly headers: Record<string, string>;
	readonly outStream: OutStreamLike | null;
	sendText(text: unknown, callback?: unknown): boolean | undefined;
	sendBinary(data: unknown, callback?: unknown): boolean | undefined;
	send(data: unknown, callback?: unknown): undefined;
	beginBinary(): OutStreamLike;
	sendPing(data?: unknown): undefined;
	close(code?: unknown, reason?: string): undefined;
	/** Since version 2. */
	readonly closed: Promise<{ code: number; reason: string; wasClean: boolean }>;
	/** Since version 2. */
	terminate(): void;
}

export interface ServerLike extends EventEmitter {
	readonly socket: NetServer;
	readonly connections: ConnectionLike[];
	listen(...args: unknown[]): ServerLike;
	close(callback?: (...args: unknown[]) => void): undefined;
}

export interface LibraryLike {
	createServer(
		options?: unknown,
		callback?: (connection: ConnectionLike) => void,
	): ServerLike;
	connect(url: unknown, options?: unknown, callback?: unknown): ConnectionLike;
	setBinaryFragmentation(bytes: number): void;
	setMaxBufferLength(bytes: number): void;
}

/** What the deep requires (`nodejs-websocket/Connection` and its like) return. */
export interface ClassesLike {
	Connection: {
		new (
			socket: Socket,
			serverOrOptions: unknown,
			callback?: () => void,
		): ConnectionLike;
		prototype: object;
		binaryFragmentation: number;
		maxBufferLength: number;
		readonly OPEN?: number;
	};
	Server: {
		new (
			secure: boolean,
			options?: unknown,
			callback?: (connection: ConnectionLike) => void,
		): ServerLike;
	};
	InStream: { new (): InStreamLike };
	OutStream: {
		new (connection: ConnectionLike, minSize: number): OutStreamLike;
	};
}

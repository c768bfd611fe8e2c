/**
 * The net.Socket of a connection whose bytes a native link carries: it stays as `conn.socket`, for its addresses, options
 * and time-outs, and for those who write, end or destroy it. As an implementation of a stream it works through the link, so
 * that what is written goes behind what was sent, and an end comes behind both.
 *
 * Its methods are on a prototype, not on each socket: a connection pays one property for them.
 */
import { Buffer } from "node:buffer";
import { Socket } from "node:net";
import type { NativeLink } from "./native-link.js";

const kLink = Symbol("link");
const kReadBefore = Symbol("read before");

type Done = (error?: Error | null) => void;

/** What net.Socket has for the implementation of its stream, and for those that know it well. */
interface SocketInternals {
	_final(done: Done): void;
	_destroy(error: Error | null, done: Done): void;
	_unrefTimer?(): void;
	_handle: SocketHandle | null;
	timeout?: number;
	push(chunk: null): boolean;
}

interface SocketHandle {
	fd?: number;
	reading?: boolean;
	readStop?(): number;
	hasRef?(): boolean;
}

type WrappedSocket = Socket &
	SocketInternals & { [kLink]: NativeLink; [kReadBefore]?: number };

const base = Socket.prototype as unknown as SocketInternals;

function getterOf(name: string): (this: Socket) => number {
	for (
		let holder: object | null = Socket.prototype;
		holder !== null;
		holder = Object.getPrototypeOf(holder)
	) {
		const get = Object.getOwnPropertyDescriptor(holder, name)?.get;
		if (get !== undefined) return get;
	}
	return () => 0;
}

const bytesRead = getterOf("bytesRead");
const bytesWritten = getterOf("bytesWritten");
const writableLength = getterOf("writableLength");

const methods = {
	// Nothing is read into the stream.
	_read(): void {},

	_write(
		this: WrappedSocket,
		chunk: Buffer | string,
		encoding: BufferEncoding,
		done: Done,
	): void {
		const bytes =
			typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk;
		this[kLink].write(bytes, done);
	},

	// What is sent comes behind it from now on, and not between its chunks.
	write(this: WrappedSocket, ...chunk: Parameters<Socket["write"]>): boolean {
		this[kLink].isSocketWritten = true;
		return Socket.prototype.write.apply(this, chunk);
	},

	end(this: WrappedSocket, ...chunk: Parameters<Socket["end"]>): Socket {
		this[kLink].socketEnds();
		return Socket.prototype.end.apply(this, chunk);
	},

	_final(this: WrappedSocket, done: Done): void {
		const link = this[kLink];
		link.whenSent(() => {
			if (this._handle !== null) {
				base._final.call(this, done);
				return;
			}
			// No descriptor was left for it: Node would wait until it is connected.
			link.sendEnd();
			done();
		});
	},

	_destroy(this: WrappedSocket, error: Error | null, done: Done): void {
		this[kLink].detach();
		base._destroy.call(this, error, done);
	},

	// Whoever pauses the socket wants nothing to be received, as with any net.Socket.
	pause(this: WrappedSocket): Socket {
		this[kLink].setSocketPaused(true);
		return Socket.prototype.pause.call(this);
	},

	resume(this: WrappedSocket): Socket {
		this[kLink].setSocketPaused(false);
		return Socket.prototype.resume.call(this);
	},

	isPaused(this: WrappedSocket): boolean {
		return this[kLink].isHeldUp;
	},

	ref(this: WrappedSocket): Socket {
		this[kLink].setReferenced(true);
		return Socket.prototype.ref.call(this);
	},

	unref(this: WrappedSocket): Socket {
		this[kLink].setReferenced(false);
		return Socket.prototype.unref.call(this);
	},
};

const counts = {
	bytesRead(this: WrappedSocket): number {
		return bytesRead.call(this) + this[kLink].bytesRead;
	},

	bytesWritten(this: WrappedSocket): number {
		return bytesWritten.call(this) + this[kLink].bytesSent;
	},

	writableLength(this: WrappedSocket): number {
		return writableLength.call(this) + this[kLink].outboxBytes;
	},
};

const prototype: object = Object.create(Socket.prototype, {
	// One chunk at a time is enough: who writes much does not write here.
	_writev: { value: null, writable: true },
});
for (const [name, value] of Object.entries(methods)) {
	Object.defineProperty(prototype, name, {
		value,
		writable: true,
		configurable: true,
	});
}
for (const [name, get] of Object.entries(counts))
	Object.defineProperty(prototype, name, { get, configurable: true });

/**
 * The descriptor of `socket`, if it is a plain socket of node:net that can be taken over now; else -1. One with a listener
 * for what it reads is left to Node: that listener would hear nothing.
 */
export function descriptorOf(socket: object): number {
	// A TLSSocket has a descriptor, too, but what passes there is cipher text.
	if (Object.getPrototypeOf(socket) !== Socket.prototype) return -1;
	const { _handle, writableLength, destroyed } = socket as WrappedSocket;
	// What Node has been asked to write and has not written would be overtaken.
	if (!_handle || destroyed || writableLength > 0) return -1;
	if ((socket as Socket).listenerCount("data") > 0) return -1;
	return typeof _handle.readStop === "function" ? (_handle.fd ?? -1) : -1;
}

/** Whether Node reads `socket`, or has read some of it that nobody has taken. */
export function isReadByNode(socket: Socket): boolean {
	const { _handle, readableLength } = socket as WrappedSocket;
	return _handle?.reading !== false || readableLength > 0;
}

/** Has Node think that it reads `socket` already, so that it does not begin to for somebody who resumes it. */
export function keepFromReading(socket: Socket): void {
	const { _handle } = socket as WrappedSocket;
	if (_handle) _handle.reading = true;
}

/** Undoes `keepFromReading`; Node begins to read where it was asked to meanwhile. */
export function letRead(socket: Socket): void {
	const { _handle, readableFlowing } = socket as WrappedSocket;
	if (!_handle) return;
	_handle.reading = false;
	if (readableFlowing) socket._read(0);
}

/** Bytes of `socket` were read elsewhere, and are read by Node from here on: `bytesRead` has them, too. */
export function countRead(socket: Socket, byteLength: number): void {
	(socket as WrappedSocket)[kReadBefore] = byteLength;
	Object.defineProperty(socket, "bytesRead", {
		configurable: true,
		get: () => bytesRead.call(socket) + byteLength,
	});
}

/** Stops Node from reading `socket`, and makes `link` what carries its bytes. */
export function wrap(socket: Socket, link: NativeLink): void {
	const wrapped = socket as WrappedSocket;
	const handle = wrapped._handle;
	if (handle !== null) {
		handle.reading = false;
		handle.readStop?.();
	}
	socket.pause();
	wrapped[kLink] = link;
	if (wrapped[kReadBefore] !== undefined) {
		link.bytesRead += wrapped[kReadBefore];
		Reflect.deleteProperty(socket, "bytesRead");
	}
	Object.setPrototypeOf(socket, prototype);
	socket.on("error", onError);
	socket.on("close", onClose);
}

/** How many bytes were written to `socket` that have not left, those with its link included. */
export function writtenBytes(socket: Socket): number {
	return writableLength.call(socket);
}

/** Whether the loop is to be kept alive for `socket`. */
export function isReferenced(socket: Socket): boolean {
	return (socket as WrappedSocket)._handle?.hasRef?.() ?? true;
}

/** Bytes came or went: the time-out of the socket begins again. */
export function refreshTimeout(socket: Socket): void {
	const wrapped = socket as WrappedSocket;
	if (wrapped.timeout) wrapped._unrefTimer?.();
}

/** The peer has ended its side: the socket emits 'end'. */
export function endReading(socket: Socket): void {
	(socket as WrappedSocket).push(null);
	Socket.prototype.resume.call(socket);
}

function onError(this: Socket, error: Error): void {
	(this as WrappedSocket)[kLink].failed(error);
}

function onClose(this: Socket): void {
	(this as WrappedSocket)[kLink].closed();
}

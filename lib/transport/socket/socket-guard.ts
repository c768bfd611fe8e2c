/**
 * Keeps the order on the wire where the user works on the socket of a connection directly: `write`, `end` and `destroy`
 * first hand over what the link has gathered, as if every send had been written at once. Also the way from a socket's
 * events back to its link without a closure per connection and event.
 */
import type { Duplex } from "node:stream";
import type { SocketLink } from "./socket-link.js";

const kLink = Symbol("link");

export interface GuardedSocket extends Duplex {
	[kLink]: SocketLink;
}

/** The methods of the socket as they were: what the link itself calls. */
export interface RawMethods {
	write(
		this: Duplex,
		chunk: Uint8Array,
		callback?: (error?: Error | null) => void,
	): boolean;
	end(this: Duplex): Duplex;
	destroy(this: Duplex, error?: Error): Duplex;
}

/** Those of the last socket: sockets of one class share theirs, and an idle connection need not hold a copy. */
let lastRaw: RawMethods | null = null;

function rawMethodsOf(socket: Duplex): RawMethods {
	const { write, end, destroy } = socket;
	if (
		lastRaw?.write !== write ||
		lastRaw.end !== end ||
		lastRaw.destroy !== destroy
	)
		lastRaw = { write, end, destroy };
	return lastRaw;
}

/** Puts the guard on `socket` and returns the unguarded methods. */
export function guard(socket: Duplex, link: SocketLink): RawMethods {
	const raw = rawMethodsOf(socket);
	(socket as GuardedSocket)[kLink] = link;
	socket.write = guardedWrite as Duplex["write"];
	socket.end = guardedEnd as Duplex["end"];
	socket.destroy = guardedDestroy;
	return raw;
}

/** The link that `guard` was given for `socket`. */
export function linkOf(socket: Duplex): SocketLink {
	return (socket as GuardedSocket)[kLink];
}

function guardedWrite(
	this: Duplex,
	...args: Parameters<RawMethods["write"]>
): boolean {
	const link = linkOf(this);
	link.flush(true);
	return link.raw.write.apply(this, args);
}

function guardedEnd(
	this: Duplex,
	...args: Parameters<RawMethods["end"]>
): Duplex {
	const link = linkOf(this);
	link.flush(true);
	return link.raw.end.apply(this, args);
}

function guardedDestroy(this: Duplex, error?: Error): Duplex {
	const link = linkOf(this);
	link.flushCompressed();
	return link.raw.destroy.call(this, error);
}

/** Pairs of connected TCP sockets for tests of links, and the limits a link has by default. */
import {
	createServer,
	connect as netConnect,
	type Server,
	type Socket,
} from "node:net";
import { afterAll, beforeAll } from "vitest";
import {
	DEFAULT_MAX_FRAGMENTS,
	DEFAULT_MAX_MESSAGE_BYTES,
	DEFAULT_MAX_STREAM_BYTES,
} from "../../lib/rfc6455/limits.js";
import { next, nextValue } from "../support/compat-wait.js";

export const limits = {
	maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES,
	maxStreamBytes: DEFAULT_MAX_STREAM_BYTES,
	maxFragments: DEFAULT_MAX_FRAGMENTS,
};

let server: Server;
beforeAll(async () => {
	server = createServer({ allowHalfOpen: true });
	server.listen(0, "127.0.0.1");
	await next(server, "listening");
});
afterAll(() => {
	server.close();
});

/** Both ends of a TCP connection: the one that was accepted, and the one that connected. */
export async function socketPair(): Promise<[Socket, Socket]> {
	const accepted = nextValue<Socket>(server, "connection");
	const { port } = server.address() as { port: number };
	const far = netConnect({ port, host: "127.0.0.1", allowHalfOpen: true });
	await next(far, "connect");
	return [await accepted, far];
}

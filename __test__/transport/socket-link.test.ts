import { createServer, connect as netConnect, type Socket } from "node:net";
import { afterAll, beforeAll, test } from "vitest";
import type { Engine } from "../../lib/engine/engine.js";
import { createNativeEngine } from "../../lib/engine/native/engine.js";
import { createTypeScriptEngine } from "../../lib/engine/typescript/engine.js";
import {
	DEFAULT_MAX_FRAGMENTS,
	DEFAULT_MAX_MESSAGE_BYTES,
	DEFAULT_MAX_STREAM_BYTES,
} from "../../lib/rfc6455/limits.js";
import { SocketLink } from "../../lib/transport/socket/socket-link.js";
import { next, nextValue } from "../support/compat-wait.js";
import { duplexPair } from "./duplex-pair.js";
import { describeLink } from "./link.contract.js";

const limits = {
	maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES,
	maxStreamBytes: DEFAULT_MAX_STREAM_BYTES,
	maxFragments: DEFAULT_MAX_FRAGMENTS,
};

const server = createServer({ allowHalfOpen: true });
beforeAll(async () => {
	server.listen(0, "127.0.0.1");
	await next(server, "listening");
});
afterAll(() => {
	server.close();
});

/** Both ends of a TCP connection. */
async function socketPair(): Promise<[Socket, Socket]> {
	const accepted = nextValue<Socket>(server, "connection");
	const { port } = server.address() as { port: number };
	const far = netConnect({ port, host: "127.0.0.1", allowHalfOpen: true });
	await next(far, "connect");
	return [await accepted, far];
}

const engines: Engine[] = [createTypeScriptEngine()];
const native = createNativeEngine();
if ("reason" in native)
	test.skip(`the native engine is missing: ${native.reason}`, () => {});
else engines.push(native);

for (const engine of engines) {
	describeLink(`a SocketLink over TCP [${engine.name}]`, async () => {
		const [near, peer] = await socketPair();
		return { link: new SocketLink(near, engine, "server", limits), peer };
	});

	describeLink(
		`a SocketLink over a foreign Duplex [${engine.name}]`,
		async () => {
			const [near, peer] = duplexPair();
			return { link: new SocketLink(near, engine, "server", limits), peer };
		},
	);
}

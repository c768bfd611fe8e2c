import {
	createServer,
	connect as netConnect,
	type Server,
	type Socket,
} from "node:net";
import { afterAll, beforeAll, test } from "vitest";
import { NativeEngine } from "../../lib/engine/native/engine.js";
import {
	DEFAULT_MAX_FRAGMENTS,
	DEFAULT_MAX_MESSAGE_BYTES,
	DEFAULT_MAX_STREAM_BYTES,
} from "../../lib/rfc6455/limits.js";
import { NativeLink } from "../../lib/transport/native/native-link.js";
import { reactorOf } from "../../lib/transport/native/reactor.js";
import { next, nextValue } from "../support/compat-wait.js";
import {
	nativeEngine,
	nativeMissing,
	nativeRequired,
} from "../support/engines.js";
import { describeLink } from "./link.contract.js";

const limits = {
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

/** Both ends of a TCP connection. */
async function socketPair(): Promise<[Socket, Socket]> {
	const accepted = nextValue<Socket>(server, "connection");
	const { port } = server.address() as { port: number };
	const far = netConnect({ port, host: "127.0.0.1", allowHalfOpen: true });
	await next(far, "connect");
	return [await accepted, far];
}

const reactor =
	nativeEngine === null ? { reason: nativeMissing } : reactorOf(nativeEngine);

if (nativeEngine instanceof NativeEngine && !("reason" in reactor)) {
	const engine = nativeEngine;
	describeLink("a NativeLink over TCP", async () => {
		const [near, peer] = await socketPair();
		const link = NativeLink.create(near, engine, "server", limits);
		if (link === null) throw new Error("The socket was not taken over");
		return { link, peer };
	});
} else {
	const reason = "reason" in reactor ? reactor.reason : "no native engine";
	test.skipIf(!nativeRequired || process.platform !== "linux")(
		`the native transport is here (${reason})`,
		() => {
			throw new Error(String(reason));
		},
	);
}

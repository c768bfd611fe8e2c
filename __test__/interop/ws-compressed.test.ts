/** Compressed messages with the package `ws`, both roles, on the terms that each of them may ask for. */
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { Connection, PerMessageDeflateOptions } from "nodejs-websocket";
import { afterEach, describe, expect, type TestContext, test } from "vitest";
import {
	WebSocket,
	WebSocketServer,
	type PerMessageDeflateOptions as WsOptions,
} from "ws";
import { next, until } from "../support/compat-wait.js";
import { engines } from "../support/engines.js";
import library from "../support/library.js";
import type { Role } from "./talk.js";

const { version } = createRequire(import.meta.url)("ws/package.json");
const maxPayload = 16 * 1024 * 1024;

const own: [string, PerMessageDeflateOptions][] = [
	["as little as it takes", { threshold: 0 }],
	[
		"all there is",
		{
			threshold: 0,
			contextTakeover: true,
			windowBits: 15,
			memoryLevel: 9,
			level: 9,
		},
	],
	[
		"a small window",
		{ threshold: 0, contextTakeover: true, windowBits: 9, level: 1 },
	],
];

const theirs: [string, WsOptions][] = [
	["its defaults", { threshold: 0 }],
	[
		// What uWebSockets negotiates with a compressor that its connections share.
		"no context takeover",
		{
			threshold: 0,
			serverNoContextTakeover: true,
			clientNoContextTakeover: true,
		},
	],
	[
		"windows of 10 bits",
		{ threshold: 0, serverMaxWindowBits: 10, clientMaxWindowBits: 10 },
	],
];

const text = (bytes: number) => "Some text, é€😀, again. ".repeat(bytes / 24);
const messages = [
	"",
	"Hello",
	"Hello",
	text(300),
	Buffer.from(text(5000)),
	text(70_000),
	Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * at * 31) >> 7)),
	"Hello",
	Buffer.alloc(0),
	text(1_500_000),
	text(300),
];

const written = (data: string | Buffer) =>
	typeof data === "string" ? data : data.toString("hex");

const undo: (() => void)[] = [];

afterEach(() => {
	for (const each of undo.splice(0).reverse()) each();
});

/** What is tried: ours, and the terms that ws asks for. */
interface Trial {
	engine: string;
	role: Role;
	terms: string;
}

/** Each end sends all messages, and has all of the other's, in order. What was exchanged is left in the test's report. */
async function converse(
	ours: Connection,
	peer: WebSocket,
	trial: Trial,
	{ task }: TestContext,
): Promise<void> {
	const expected = messages.map(written);
	const received: { ours: string[]; peer: string[] } = { ours: [], peer: [] };
	ours.on("message", (data) => received.ours.push(written(data)));
	peer.on("message", (data: Buffer, isBinary) =>
		received.peer.push(written(isBinary ? data : data.toString())),
	);
	for (const message of messages) {
		ours.send(message);
		peer.send(message);
		// One in three fragments of ws's own making.
		peer.send("in ", { fin: false });
		peer.send("", { fin: false });
		peer.send("fragments", { fin: true });
	}
	await until(
		"all messages",
		() =>
			received.peer.length === expected.length &&
			received.ours.length === 2 * expected.length,
	);
	expect(received.peer).toEqual(expected);
	expect(received.ours).toEqual(
		expected.flatMap((message) => [message, "in fragments"]),
	);
	expect(ours.extensions).toContain("permessage-deflate");
	peer.close(1000);
	expect(await ours.closed).toMatchObject({ code: 1000, wasClean: true });
	task.meta.interop = {
		...trial,
		peer: "ws",
		version,
		scheme: "ws",
		transport: ours.transport ?? "socket",
		exchanges: received.peer.length + received.ours.length,
		lacks: [],
	};
}

for (const { name: engine } of engines) {
	describe.each(own)(
		`with %s, on the ${engine} engine`,
		(_, perMessageDeflate) => {
			test.for(theirs)(
				"a server talks with a ws client that offers %s",
				async ([terms, options], context) => {
					const server = library.createServer({ engine, perMessageDeflate });
					server.listen(0, "127.0.0.1");
					await next(server, "listening");
					const { port } = server.socket.address() as AddressInfo;
					const peer = new WebSocket(`ws://127.0.0.1:${port}`, {
						perMessageDeflate: options,
						maxPayload,
					});
					undo.push(
						() => server.close(),
						() => peer.terminate(),
					);
					const [[ours]] = await Promise.all([
						next(server, "connection"),
						next(peer, "open"),
					]);
					const trial = { engine, role: "server", terms } as const;
					await converse(ours as Connection, peer, trial, context);
				},
			);

			test.for(theirs)(
				"a client talks with a ws server that wants %s",
				async ([terms, options], context) => {
					const server = new WebSocketServer({
						port: 0,
						host: "127.0.0.1",
						perMessageDeflate: options,
						maxPayload,
					});
					await next(server, "listening");
					const { port } = server.address() as AddressInfo;
					const ours = library.connect(`ws://127.0.0.1:${port}`, {
						engine,
						perMessageDeflate,
					});
					undo.push(
						() => server.close(),
						() => ours.terminate(),
					);
					const [[peer]] = await Promise.all([
						next(server, "connection"),
						next(ours, "connect"),
					]);
					const trial = { engine, role: "client", terms } as const;
					await converse(ours, peer as WebSocket, trial, context);
				},
			);
		},
	);
}

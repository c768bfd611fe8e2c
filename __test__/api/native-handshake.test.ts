/** The opening handshake of a server with the native transport: read natively where it is perfect, by Node's parser where not. */
import { AsyncLocalStorage } from "node:async_hooks";
import { IncomingMessage } from "node:http";
import type { Connection } from "nodejs-websocket";
import { describe, expect } from "vitest";
import { record, turns, until, within } from "../support/compat-wait.js";
import { frame, RFC_KEY, request, type Wire } from "../support/compat-wire.js";
import library from "../support/library.js";
import type { ApiBench } from "./api-bench.js";
import { behavesNatively, descriptors, native } from "./native-bench.js";

const masked = { mask: true };

/** Whether Node's HTTP parser has had the socket. */
const wasParsedByNode = ({ socket }: Connection) => "parser" in socket;

const HEAD = request(
	{ Cookie: "a=b", "X-Text": "h\u00c3\u00a9" },
	"GET /p?q=1 HTTP/1.1",
);

/** A connection that was asked for by `pieces`, each sent when the one before it must have been read. */
async function open(
	bench: ApiBench,
	pieces: (string | Buffer)[],
	options: Parameters<ApiBench["serve"]>[0] = {},
): Promise<{ near: Connection; wire: Wire; texts: unknown[][] }> {
	let texts: unknown[][] = [];
	const served = await bench.serve({ ...native, ...options }, (connection) => {
		texts = record(connection, "text");
	});
	const accepted = served.accepted();
	const wire = await bench.dial(served.port);
	for (const piece of pieces) {
		wire.socket.write(
			typeof piece === "string" ? Buffer.from(piece, "latin1") : piece,
		);
		await turns(10);
	}
	const near = await within("the connection", accepted);
	return { near, wire, texts };
}

describe("a perfect request", () => {
	behavesNatively("is read natively, and all of it is there", async (bench) => {
		const { near, wire, texts } = await open(bench, [
			Buffer.concat([Buffer.from(HEAD, "latin1"), frame(1, "behind", masked)]),
		]);
		await wire.head();
		await until("the text", () => texts.length === 1);
		expect(wasParsedByNode(near)).toBe(false);
		expect(near.path).toBe("/p?q=1");
		expect(near.key).toBe(RFC_KEY);
		expect(near.headers).toEqual({
			host: "localhost",
			upgrade: "websocket",
			connection: "Upgrade",
			"sec-websocket-key": RFC_KEY,
			"sec-websocket-version": "13",
			cookie: "a=b",
			"x-text": "hé",
		});
		expect(texts).toEqual([["behind"]]);
		expect(near.socket.bytesRead).toBe(HEAD.length + 12);
	});

	behavesNatively(
		"is Node's where `authorize` wants to see it",
		async (bench) => {
			let seen: unknown;
			const { near } = await open(bench, [HEAD], {
				authorize: (asked) => {
					seen = asked;
					return true;
				},
			});
			expect(seen).toBeInstanceOf(IncomingMessage);
			expect(near.transport).toBe("native");
		},
	);

	behavesNatively(
		"is refused like any other where it is not let in",
		async (bench) => {
			const { port } = await bench.serve({
				...native,
				origins: ["https://a.example"],
			});
			const wire = await bench.dial(port);
			wire.write(request({ Origin: "https://b.example" }));
			expect(await wire.head()).toMatch(/^HTTP\/1\.1 403 /);
			await within("the end", wire.ended);
		},
	);

	behavesNatively(
		"meets a `selectProtocol` that throws as it should, once",
		async (bench) => {
			let calls = 0;
			const { server, port } = await bench.serve({
				...native,
				selectProtocol() {
					calls++;
					throw new Error("no");
				},
			});
			server.on("handshakeError", () => {});
			const wire = await bench.dial(port);
			wire.write(request({ "Sec-WebSocket-Protocol": "a" }));
			expect(await wire.head()).toMatch(/^HTTP\/1\.1 500 /);
			await within("the end", wire.ended);
			expect(calls).toBe(1);
		},
	);

	behavesNatively(
		"is answered in the AsyncLocalStorage of where the server listens",
		async (bench) => {
			const storage = new AsyncLocalStorage<string>();
			const seen: (string | undefined)[] = [];
			const server = library.createServer(native, () => {
				seen.push(storage.getStore());
			});
			bench.afterwards(() => server.close());
			await storage.run("listen", async () => {
				server.listen(0, "127.0.0.1");
				await within(
					"listening",
					new Promise((done) => server.once("listening", done as () => void)),
				);
			});
			const { port } = server.socket.address() as { port: number };
			const wire = await bench.dial(port);
			wire.write(request());
			await wire.head();
			expect(seen).toEqual(["listen"]);
			wire.socket.destroy();
		},
	);
});

describe("a request in two pieces", () => {
	behavesNatively(
		"is Node's, wherever it is cut, and comes to the same",
		async (bench) => {
			for (const at of [1, 3, 16, 40, HEAD.length - 3, HEAD.length - 1]) {
				const { near, wire } = await open(bench, [
					HEAD.slice(0, at),
					HEAD.slice(at),
				]);
				expect(wasParsedByNode(near)).toBe(true);
				expect(near.transport).toBe("native");
				expect(near.path).toBe("/p?q=1");
				expect(near.headers["x-text"]).toBe("hé");
				expect(near.socket.bytesRead).toBe(HEAD.length);
				near.on("text", (text) => near.sendText(text));
				await wire.head();
				wire.write(frame(1, "echo", masked));
				expect((await wire.frame()).payload.toString()).toBe("echo");
			}
		},
	);
});

describe("a handshake that does not come to its end", () => {
	behavesNatively(
		"leaves no descriptor behind, whatever ends it",
		async (bench) => {
			const { server, port } = await bench.serve({
				...native,
				handshakeTimeoutMs: 300,
			});
			// The server's listening socket is taken over, which takes a descriptor.
			await turns();
			const before = descriptors();
			const ends: ((wire: Wire) => void)[] = [
				(wire) => wire.socket.destroy(),
				(wire) => wire.socket.resetAndDestroy(),
				(wire) => wire.socket.end(),
				(wire) => wire.write("GET / HT"),
				(wire) => wire.write("nonsense\r\n\r\n"),
				// Says nothing until the time is over.
				() => {},
			];
			const wires: Wire[] = [];
			for (const end of ends) {
				const wire = await bench.dial(port);
				await until("it to be accepted", () => server.pendingHandshakes > 0);
				end(wire);
				wires.push(wire);
			}
			await until("their ends", () => server.pendingHandshakes === 0);
			for (const wire of wires) wire.socket.destroy();
			await until("the same number", () => descriptors() <= before);
		},
	);
});

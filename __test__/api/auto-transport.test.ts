/** What `transport: "auto"` comes to: the native transport where it can serve, the socket transport elsewhere, without a word. */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import type { Connection, Server } from "nodejs-websocket";
import { describe, expect, test } from "vitest";
import { certificate } from "../support/certificate.js";
import { next, nextValue, turns, within } from "../support/compat-wait.js";
import { frame, request } from "../support/compat-wire.js";
import { duplexPair } from "../transport/duplex-pair.js";
import { type ApiBench, behaves } from "./api-bench.js";
import { behavesNatively, nativeTransportMissing } from "./native-bench.js";

const auto = { transport: "auto" } as const;

const require = createRequire(import.meta.url);
const DeepConnection = require("nodejs-websocket/Connection") as new (
	socket: Duplex,
	parentOrRequest:
		| Server
		| { path: string; host: string; engine: string; transport: "auto" },
) => Connection;

/** An echo over an open pair of connections. */
async function echoes(near: Connection, far: Connection): Promise<void> {
	near.on("text", (text) => near.sendText(text));
	far.sendText("echo");
	expect(await nextValue(far, "text")).toBe("echo");
}

describe("the transport 'auto'", () => {
	behaves(
		"is the native one with the native engine, where that has one",
		async (bench) => {
			const { near, far } = await bench.pair(auto, auto);
			const isNative =
				bench.engine === "native" && nativeTransportMissing === undefined;
			const expected = isNative ? "native" : "socket";
			expect(near.transport).toBe(expected);
			expect(far.transport).toBe(expected);
			await echoes(near, far);
		},
	);

	behaves("is the socket transport with TLS", async (bench) => {
		const made = certificate();
		if ("reason" in made) return;
		const served = await bench.serve({ ...auto, ...made, secure: true });
		const accepted = served.accepted();
		const far = bench.connect(served.url.replace("ws:", "wss:"), {
			...auto,
			ca: made.cert,
			servername: "localhost",
		});
		await next(far, "connect");
		const near = await accepted;
		expect([near.transport, far.transport]).toEqual(["socket", "socket"]);
		await echoes(near, far);
	});

	behaves(
		"is the socket transport over a stream that is no socket",
		async (bench) => {
			const { server } = await bench.serve(auto);
			const [nearStream, farStream] = duplexPair();
			bench.afterwards(() => nearStream.destroy());
			const accepted = nextValue<Connection>(server, "connection");
			new DeepConnection(nearStream, server);
			const far = new DeepConnection(farStream, {
				...auto,
				path: "/",
				host: "nowhere",
				engine: bench.engine,
			});
			const connected = next(far, "connect");
			const near = await accepted;
			await connected;
			expect([near.transport, far.transport]).toEqual(["socket", "socket"]);
			await echoes(near, far);
		},
	);

	behavesNatively(
		"is the socket transport when few descriptors are left",
		async () => {
			const program = join(
				import.meta.dirname,
				"programs",
				"few-descriptors.cjs",
			);
			const { stdout } = await promisify(execFile)(
				"sh",
				["-c", 'ulimit -n 120 && exec "$0" "$1" 25', process.execPath, program],
				{ timeout: 50_000, killSignal: "SIGKILL" },
			);
			const { native, socket, echoes } = JSON.parse(stdout);
			expect(echoes).toBe(25);
			expect(native + socket).toBe(50);
			expect(native).toBeGreaterThan(0);
			expect(socket).toBeGreaterThan(0);
		},
	);
});

describe("a program that reads the socket itself", () => {
	behavesNatively(
		"has the socket transport where it listens for 'data' before the connection is open",
		async (bench) => {
			const served = await bench.serve(auto);
			let heard = 0;
			const listen = (socket: Socket) => socket.on("data", () => heard++);
			served.server.socket.on("connection", listen);
			const accepted = served.accepted();
			const far = bench.connect(served.url, auto);
			listen(far.socket);
			await next(far, "connect");
			const near = await accepted;
			expect([near.transport, far.transport]).toEqual(["socket", "socket"]);
			const before = heard;
			await echoes(near, far);
			expect(heard).toBeGreaterThan(before);
		},
	);

	for (const cut of [0, 9]) {
		behavesNatively(
			`takes nothing from a handshake ${cut > 0 ? "in two pieces " : ""}by resuming the accepted socket`,
			async (bench) => {
				const served = await bench.serve(auto);
				served.server.socket.on("connection", (socket: Socket) =>
					socket.resume(),
				);
				const accepted = served.accepted();
				const wire = await bench.dial(served.port);
				if (cut > 0) {
					wire.write(request().slice(0, cut));
					await turns(10);
				}
				wire.write(request().slice(cut));
				const near = await within("the connection", accepted);
				expect(near.transport).toBe("native");
				await wire.head();
				near.on("text", (text) => near.sendText(text));
				wire.write(frame(1, "echo", { mask: true }));
				expect((await wire.frame()).payload.toString()).toBe("echo");
				expect(near.socket.bytesRead).toBe(request().length + 10);
			},
		);
	}

	behavesNatively(
		"may hand over sockets of a server of its own, which Node has begun to read",
		async (bench) => {
			const { server } = await bench.serve(auto);
			const own = await listen(
				bench,
				createServer((socket) => new DeepConnection(socket, server)),
			);
			const accepted = nextValue<Connection>(server, "connection");
			const far = bench.connect(`ws://127.0.0.1:${own}/`, auto);
			await next(far, "connect");
			const near = await accepted;
			expect(near.transport).toBe("native");
			await echoes(near, far);
		},
	);

	behavesNatively(
		"keeps the socket transport where it has written what is still on its way",
		async (bench) => {
			const served = await bench.serve({
				...auto,
				selectProtocol(connection: Connection) {
					// More than the kernel takes: what is left of it Node has to write.
					connection.socket.write(Buffer.alloc(32 << 20, "x"));
					return undefined;
				},
			});
			const accepted = served.accepted();
			const wire = await bench.dial(served.port);
			wire.socket.pause();
			wire.write(request({ "Sec-WebSocket-Protocol": "a" }));
			const near = await within("the connection", accepted);
			expect(near.transport).toBe("socket");
			expect(near.socket.bytesRead).toBeGreaterThan(100);
			const text = nextValue(near, "text");
			wire.write(frame(1, "hi", { mask: true }));
			expect(await within("the text", text)).toBe("hi");
		},
	);
});

async function listen(bench: ApiBench, server: NetServer): Promise<number> {
	bench.afterwards(() => server.close());
	server.listen(0, "127.0.0.1");
	await next(server, "listening");
	return (server.address() as { port: number }).port;
}

test("'auto' is what is chosen where nothing is said", async () => {
	const program = `
		const ws = require("nodejs-websocket");
		const server = ws.createServer((near) => {
			console.log(near.transport);
			process.exit();
		});
		server.listen(0, "127.0.0.1", () =>
			ws.connect("ws://127.0.0.1:" + server.socket.address().port));`;
	const { stdout } = await promisify(execFile)(
		process.execPath,
		["-e", program],
		{ env: { ...process.env, NODEJS_WEBSOCKET_TRANSPORT: "" } },
	);
	expect(stdout).toBe(
		nativeTransportMissing === undefined ? "native\n" : "socket\n",
	);
});

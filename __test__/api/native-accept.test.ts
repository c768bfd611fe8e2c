/** Connections that are accepted natively, without a net.Socket before somebody asks for it. */
import { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Connection, Server, ServerOptions } from "nodejs-websocket";
import { describe, expect } from "vitest";
import {
	next,
	nextValue,
	record,
	turns,
	until,
	within,
} from "../support/compat-wait.js";
import { closeFrame, frame, request, Wire } from "../support/compat-wire.js";
import type { ApiBench } from "./api-bench.js";
import { behavesNatively, descriptors, native } from "./native-bench.js";

const masked = { mask: true };

interface HandleCalls {
	setNoDelay(isOn: boolean): void;
	setKeepAlive(isOn: boolean): void;
}

/** How many connections the net.Server counts. */
function counted(server: Server): Promise<number> {
	return new Promise((resolve, reject) => {
		server.socket.getConnections((error, count) =>
			error === null ? resolve(count) : reject(error),
		);
	});
}

/** A server that accepts natively by now, with one connection; `near` is its end. */
async function accepted(bench: ApiBench) {
	const served = await bench.serve(native);
	await turns();
	const coming = served.accepted();
	const wire = await bench.dial(served.port);
	wire.write(request());
	const near: Connection = await coming;
	await wire.head();
	return { ...served, near, wire };
}

describe("a connection that was accepted natively", () => {
	behavesNatively(
		"takes one descriptor, and two with a net.Socket",
		async (bench) => {
			const { near, port } = await accepted(bench);
			const before = descriptors();
			const wire = await bench.dial(port);
			wire.write(request());
			await wire.head();
			// That of the peer is one of this process as well.
			expect(descriptors()).toBe(before + 2);
			expect(near.socket.remotePort).toBeGreaterThan(0);
			expect(descriptors()).toBe(before + 3);
		},
	);

	behavesNatively(
		"has a net.Socket that knows its addresses, whenever it is asked for",
		async (bench) => {
			const { near, wire, port } = await accepted(bench);
			const texts = record(near, "text");
			wire.write(frame(1, "before", masked));
			await until("the text", () => texts.length === 1);
			const { socket } = near;
			expect(near.socket).toBe(socket);
			expect(socket).toMatchObject({
				remoteAddress: "127.0.0.1",
				remotePort: wire.socket.localPort,
				localPort: port,
				remoteFamily: "IPv4",
				destroyed: false,
				readable: true,
				writable: true,
			});
			const { bytesRead, bytesWritten } = socket;
			expect(bytesRead).toBe(request().length + "before".length + 6);
			expect(bytesWritten).toBeGreaterThan(100);
			wire.write(frame(1, "after", masked));
			await until("the text", () => texts.length === 2);
			expect(socket.bytesRead).toBe(bytesRead + "after".length + 6);
			const ends = record(socket, "close");
			socket.destroy();
			await within("the end", near.closed);
			await until("the socket's", () => ends.length === 1);
		},
	);

	for (const [ending, last] of [
		["FIN", Buffer.alloc(0)],
		["a close frame and FIN at once", closeFrame(1000, "", masked)],
	] as const) {
		behavesNatively(
			`has a net.Socket that knows its peer when it is told of the end, by ${ending}`,
			async (bench) => {
				const { near, wire } = await accepted(bench);
				const peers: unknown[] = [];
				near.on("close", () => {
					const { remoteAddress, remotePort } = near.socket;
					peers.push({ remoteAddress, remotePort });
				});
				const { localPort } = wire.socket;
				wire.socket.end(last);
				await within("the end", near.closed);
				expect(peers).toEqual([
					{ remoteAddress: "127.0.0.1", remotePort: localPort },
				]);
			},
		);
	}

	behavesNatively("has a net.Socket that times out", async (bench) => {
		const { near } = await accepted(bench);
		near.socket.setTimeout(20);
		await next(near.socket, "timeout");
	});

	behavesNatively("has a closed net.Socket when it is gone", async (bench) => {
		const { near, wire } = await accepted(bench);
		let inClose: Socket | undefined;
		near.on("close", () => {
			inClose = near.socket;
		});
		wire.write(closeFrame(1000, "", masked));
		wire.socket.end();
		await within("the end", near.closed);
		await until("the socket's", () => inClose?.destroyed === true);
		expect(near.socket).toBe(inClose);
	});

	behavesNatively(
		"counts for its address, with and without a net.Socket",
		async (bench) => {
			const { port, server } = await bench.serve({
				...native,
				maxConnectionsPerAddress: 2,
			});
			await turns();
			const enter = async () => {
				const before = descriptors();
				const coming = nextValue<Connection>(server, "connection");
				const wire = await bench.dial(port);
				wire.write(request());
				const near = await coming;
				await wire.head();
				// Its own and the peer's: it was accepted natively.
				expect(descriptors()).toBe(before + 2);
				return { near, wire };
			};
			const isFull = async () => {
				const wire = await bench.dial(port);
				const head = await wire.head();
				wire.socket.destroy();
				expect(head).toMatch(/^HTTP\/1\.1 503 /);
			};
			const [plain, asked] = [await enter(), await enter()];
			expect(asked.near.socket.remoteAddress).toBe("127.0.0.1");
			await isFull();
			const elsewhere = new Wire(
				connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" }),
			);
			bench.afterwards(() => elsewhere.socket.destroy());
			elsewhere.write(request());
			expect(await elsewhere.head()).toMatch(/^HTTP\/1\.1 101 /);
			for (const { near, wire } of [plain, asked]) {
				wire.reset();
				await within("the end", near.closed);
				await turns();
				await enter();
				await isFull();
			}
			// One that leaves before its handshake.
			const last = server.connections.at(-1) as Connection;
			last.terminate();
			await within("the end", last.closed);
			const silent = await bench.dial(port);
			await until("the handshake", () => server.pendingHandshakes === 1);
			await isFull();
			silent.reset();
			await until("none", () => server.pendingHandshakes === 0);
			await enter();
		},
	);

	behavesNatively(
		"is counted by the net.Server, which waits for it to close",
		async (bench) => {
			const { near, server, wire } = await accepted(bench);
			expect(await counted(server)).toBe(1);
			const closes = record(server, "close");
			server.socket.close();
			await turns(5);
			expect(closes).toHaveLength(0);
			wire.socket.destroy();
			await within("the end", near.closed);
			await until("the server's", () => closes.length === 1);
			expect(await counted(server)).toBe(0);
		},
	);
});

describe("a server that accepts natively", () => {
	const wishes: [string, (server: Server) => void][] = [
		[
			"listens for 'connection' at the net.Server",
			(server) => server.socket.on("connection", () => {}),
		],
		[
			"sets its maxConnections",
			({ socket }) => {
				socket.maxConnections = 100;
			},
		],
	];
	for (const [wish, make] of wishes) {
		behavesNatively(
			`leaves it to Node when somebody ${wish}`,
			async (bench) => {
				const { server, port, near } = await accepted(bench);
				make(server);
				const seen: Socket[] = [];
				server.socket.on("connection", (socket: Socket) => seen.push(socket));
				for (let i = 1; i <= 3; i++) {
					const coming = nextValue<Connection>(server, "connection");
					const wire = await bench.dial(port);
					wire.write(request());
					const late = await coming;
					expect(late.socket).toBe(seen[i - 1]);
					expect(late.transport).toBe("native");
				}
				expect(await counted(server)).toBe(4);
				near.terminate();
				await until("one less", () => server.connections.length === 3);
				expect(await counted(server)).toBe(3);
			},
		);
	}

	behavesNatively("does so again after it was closed", async (bench) => {
		const { server, near } = await accepted(bench);
		for (let round = 0; round < 3; round++) {
			const closed = next(server, "close");
			server.close();
			for (const connection of [near, ...server.connections])
				connection.terminate();
			await closed;
			const listening = next(server, "listening");
			server.listen(0, "127.0.0.1");
			await listening;
			await turns();
			const address = server.socket.address();
			if (address === null || typeof address === "string")
				throw new Error("no port");
			const coming = nextValue<Connection>(server, "connection");
			const wire = await bench.dial(address.port);
			wire.write(request());
			expect((await coming).transport).toBe("native");
		}
	});

	behavesNatively(
		"leaves no descriptor and no count behind, whatever its connections do",
		async (bench) => {
			const { server, port, near } = await accepted(bench);
			server.on("connection", (connection: Connection) => {
				connection.on("error", () => {});
				if (server.connections.length % 2 === 0) connection.socket.setNoDelay();
				connection.on("text", (text) => {
					if (text === "terminate") connection.terminate();
					else if (text === "destroy") connection.socket.destroy();
					else if (text === "close") connection.close();
					else connection.send(text);
				});
			});
			const before = descriptors();
			for (let round = 0; round < 40; round++) {
				const wires = await Promise.all(
					Array.from({ length: 8 }, () => bench.dial(port)),
				);
				for (const [i, wire] of wires.entries()) {
					if (i === 0) wire.write("nonsense\r\n\r\n");
					else if (i === 1) wire.write(request().slice(0, 40));
					else {
						wire.write(request());
						await wire.head();
					}
					const say = ["", "", "terminate", "destroy", "close", "echo", "echo"][
						i
					];
					if (say) wire.write(frame(1, say, masked));
				}
				await turns(2);
				for (const [i, wire] of wires.entries()) {
					if (i === 6) wire.reset();
					else wire.socket.destroy();
				}
			}
			await until(
				"all ends",
				() => server.connections.length === 1 && server.pendingHandshakes === 0,
			);
			await until("the same number", () => descriptors() <= before);
			expect(await counted(server)).toBe(1);
			near.terminate();
			await until("none", () => server.connections.length === 0);
			expect(await counted(server)).toBe(0);
		},
	);
});

describe("a server whose net.Server somebody else looks at", () => {
	/** So many connections that come at once, and are open. */
	async function burst(bench: ApiBench, port: number, count: number) {
		const wires = await Promise.all(
			Array.from({ length: count }, () => bench.dial(port)),
		);
		for (const wire of wires) wire.write(request());
		for (const wire of wires)
			expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
	}

	const looks: Record<string, (server: Server, seen: () => void) => void> = {
		"listens for 'connection'": ({ socket }, seen) =>
			socket.on("connection", seen),
		"puts a listener in place of the others": ({ socket }, seen) => {
			const listeners = socket.rawListeners("connection");
			socket.removeAllListeners("connection");
			socket.on("connection", (...args: unknown[]) => {
				seen();
				for (const each of listeners) Reflect.apply(each, socket, args);
			});
		},
		"puts a method in place of emit": ({ socket }, seen) => {
			const { emit } = socket;
			socket.emit = (name: string, ...args: unknown[]) => {
				if (name === "connection") seen();
				return Reflect.apply(emit, socket, [name, ...args]);
			};
		},
	};
	for (const [name, look] of Object.entries(looks)) {
		behavesNatively(
			`where one ${name}, lets that see all, and loses none`,
			async (bench) => {
				const { server, port } = await bench.serve(native);
				await burst(bench, port, 5);
				let seen = 0;
				look(server, () => seen++);
				await burst(bench, port, 30);
				expect(seen).toBe(30);
				expect(server.connections).toHaveLength(35);
			},
		);
	}

	behavesNatively(
		"sets what the net.Socket is asked for, and knows what it has",
		async (bench) => {
			const { near } = await accepted(bench);
			const handle = (near.socket as unknown as { _handle: HandleCalls })
				._handle;
			const calls: unknown[] = [];
			handle.setNoDelay = (isOn) => calls.push(["noDelay", isOn]);
			handle.setKeepAlive = (isOn) => calls.push(["keepAlive", isOn]);
			near.socket.setNoDelay(true);
			near.socket.setKeepAlive(true, 60_000);
			expect(calls).toEqual([]);
			near.socket.setNoDelay(false);
			near.socket.setKeepAlive(false);
			expect(calls).toEqual([
				["noDelay", false],
				["keepAlive", false],
			]);
		},
	);
});

describe("authorize for a connection that was accepted natively", () => {
	/** What is asked of `authorize`, over either transport. */
	async function asked(bench: ApiBench, options: ServerOptions, head: string) {
		let seen: IncomingMessage | undefined;
		let near: Connection | undefined;
		const { port, accepted } = await bench.serve({
			...options,
			authorize: (request, connection) => {
				seen = request;
				near = connection;
				return true;
			},
		});
		await turns();
		const before = descriptors();
		const coming = accepted();
		const wire = await bench.dial(port);
		wire.write(head);
		expect(await coming).toBe(near);
		await wire.head();
		return {
			request: seen as IncomingMessage,
			near: near as Connection,
			wire,
			opened: descriptors() - before,
		};
	}

	const plain = ({
		method,
		url,
		httpVersion,
		httpVersionMajor,
		httpVersionMinor,
		headers,
		headersDistinct,
		rawHeaders,
		trailers,
		upgrade,
		complete,
		aborted,
		destroyed,
	}: IncomingMessage & { upgrade?: boolean }) => ({
		method,
		url,
		httpVersion,
		httpVersionMajor,
		httpVersionMinor,
		headers,
		headersDistinct,
		rawHeaders,
		trailers,
		upgrade,
		complete,
		aborted,
		destroyed,
	});

	behavesNatively(
		"sees the request as node:http has it, and makes no net.Socket",
		async (bench) => {
			const head = request({
				Cookie: "a=1;  b=2 ",
				"X-Empty": "",
				"X-Latin": "caf\u00e9",
			}).replace("GET / ", "GET /a%20b?c=d ");
			const natively = await asked(bench, native, head);
			const node = await asked(bench, { transport: "socket" }, head);
			expect(natively.request).toBeInstanceOf(IncomingMessage);
			expect(plain(natively.request)).toEqual(plain(node.request));
			// The peer's is one of this process as well.
			expect(natively.opened).toBe(2);
			const { socket } = natively.request;
			expect(socket.remotePort).toBe(natively.wire.socket.localPort);
			expect(socket).toBe(natively.near.socket);
			natively.request.resume();
			await next(natively.request, "close");
			expect(natively.near.readyState).toBe(natively.near.OPEN);
			expect(socket.destroyed).toBe(false);
		},
	);

	behavesNatively(
		"may ask for the net.Socket, and the connection goes on",
		async (bench) => {
			let address: string | undefined;
			const { port, server, accepted } = await bench.serve({
				...native,
				authorize: ({ socket }) => {
					address = socket.remoteAddress;
					return true;
				},
			});
			await turns();
			const texts: string[] = [];
			server.on("connection", (near) => near.on("text", (t) => texts.push(t)));
			const coming = accepted();
			const wire = await bench.dial(port);
			wire.write(Buffer.from(request()), frame(1, "at once", masked));
			const near = await coming;
			await wire.head();
			await until("the text", () => texts.length === 1);
			expect([address, texts]).toEqual(["127.0.0.1", ["at once"]]);
			expect(near.transport).toBe("native");
			near.sendText("back");
			expect((await wire.frame()).payload.toString()).toBe("back");
			wire.reset();
			await within("the end", near.closed);
		},
	);

	behavesNatively(
		"takes its time without a net.Socket, and no more is read than that would",
		async (bench) => {
			let decide: (isIn: boolean) => void = () => {};
			const { port, server } = await bench.serve({
				...native,
				authorize: () =>
					new Promise((resolve) => {
						decide = resolve;
					}),
			});
			const texts: string[] = [];
			server.on("connection", (near) => near.on("text", (t) => texts.push(t)));
			await turns();
			const before = descriptors();
			const wire = await bench.dial(port);
			wire.write(request());
			await until("the request", () => server.pendingHandshakes === 1);
			await turns(20);
			const count = 20_000;
			for (let i = 0; i < count; i++)
				wire.socket.write(frame(1, `${i} `.padEnd(1000, "x"), masked));
			// The kernel's buffers are full, too.
			for (let left = -1; left !== wire.socket.writableLength; await turns(20))
				left = wire.socket.writableLength;
			expect(wire.socket.writableLength).toBeGreaterThan(1024 * 1024);
			expect(descriptors()).toBe(before + 2);
			decide(true);
			await wire.head();
			await until("all", () => texts.length === count);
			expect(texts.map((text) => Number.parseInt(text, 10))).toEqual(
				Array.from({ length: count }, (_, i) => i),
			);
			expect(descriptors()).toBe(before + 2);
			const [near] = server.connections;
			wire.socket.end();
			await within("the end", near.closed);
		},
	);

	behavesNatively(
		"gives 503 without a decision, and may ask for the net.Socket meanwhile",
		async (bench) => {
			const asked: Connection[] = [];
			const decided: ((isIn: boolean) => void)[] = [];
			const { port, server } = await bench.serve({
				...native,
				handshakeTimeoutMs: 300,
				authorize: (_request, connection) =>
					new Promise((resolve) => {
						asked.push(connection);
						decided.push(resolve);
					}),
			});
			await turns();
			const wires = [await bench.dial(port), await bench.dial(port)];
			for (const wire of wires)
				wire.write(Buffer.from(request()), frame(1, "hello", masked));
			await until("both", () => asked.length === 2);
			const { socket } = asked[1];
			expect(socket.remotePort).toBe(wires[1].socket.localPort);
			expect(server.pendingHandshakes).toBe(2);
			for (const wire of wires)
				expect(await wire.head()).toMatch(/^HTTP\/1\.1 503 /);
			for (const resolve of decided) resolve(true);
			await turns();
			expect(server.connections).toHaveLength(0);
			expect(server.pendingHandshakes).toBe(0);
			const third = await bench.dial(port);
			third.write(Buffer.from(request()), frame(1, "hello", masked));
			await until("the third", () => asked.length === 3);
			void asked[2].socket;
			const text = nextValue(asked[2], "text");
			decided[2](true);
			expect(await third.head()).toMatch(/^HTTP\/1\.1 101 /);
			expect(await text).toBe("hello");
			expect(asked[2].transport).toBe("native");
		},
	);

	behavesNatively(
		"takes its time without anything being lost, counted or kept",
		async (bench) => {
			const waiting: ((isIn: boolean) => void)[] = [];
			const { port, server } = await bench.serve({
				...native,
				authorize: () => new Promise((resolve) => waiting.push(resolve)),
			});
			const opened = record(server, "connection");
			await turns();
			const wires = [];
			for (let i = 0; i < 4; i++) {
				const wire = await bench.dial(port);
				wire.write(Buffer.from(request()), frame(1, `of ${i}`, masked));
				wires.push(wire);
			}
			await until("all", () => waiting.length === 4);
			expect(server.pendingHandshakes).toBe(4);
			wires[0].reset();
			await until("one to have gone", () => server.pendingHandshakes === 3);
			wires[1].write(frame(1, "later", masked));
			const texts: string[] = [];
			server.on("connection", (near) => near.on("text", (t) => texts.push(t)));
			for (const [i, resolve] of waiting.entries()) resolve(i !== 2);
			expect(await wires[2].head()).toMatch(/^HTTP\/1\.1 403 /);
			for (const i of [1, 3])
				expect(await wires[i].head()).toMatch(/^HTTP\/1\.1 101 /);
			await until("the texts", () => texts.length === 3);
			expect(texts.sort()).toEqual(["later", "of 1", "of 3"]);
			expect(opened).toHaveLength(2);
			for (const wire of wires) wire.socket.destroy();
			await until("the end", () => server.connections.length === 0);
			await until("none", () => server.pendingHandshakes === 0);
			for (let count = 1; count > 0; await turns())
				count = await counted(server);
		},
	);
});

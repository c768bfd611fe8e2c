import { EventEmitter } from "node:events";
import { type AddressInfo, connect as netConnect, Server } from "node:net";
import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { next, record, turns, within } from "../support/compat-wait.js";

describe("listen", () => {
	kept(
		"returns the server and emits 'listening' without arguments",
		async (bench) => {
			const server = bench.track(bench.ws.createServer({}));
			const listening = next(server, "listening");
			expect(server.listen(0, "127.0.0.1")).toBe(server);
			expect(await listening).toEqual([]);
		},
	);

	kept(
		"takes a callback behind port and host, or behind port",
		async (bench) => {
			for (const args of [[0, "127.0.0.1"], [0]]) {
				const server = bench.track(bench.ws.createServer({}));
				await within(
					"the callback",
					new Promise<void>((resolve) => {
						server.listen(...args, resolve);
					}),
				);
				expect(server.socket.listening).toBe(true);
			}
		},
	);

	kept("takes an options object, as net does", async (bench) => {
		const server = bench.track(bench.ws.createServer({}));
		const listening = next(server, "listening");
		server.listen({ port: 0, host: "127.0.0.1" });
		await listening;
		expect((server.socket.address() as AddressInfo).address).toBe("127.0.0.1");
	});

	kept("gives a port of its own for port 0", async (bench) => {
		const { port } = await bench.serve();
		expect(port).toBeGreaterThan(0);
	});

	kept(
		"keeps the callback as 'listening' listener for later",
		async (bench) => {
			const server = bench.track(bench.ws.createServer({}));
			let calls = 0;
			const callback = () => {
				calls++;
			};
			const first = next(server, "listening");
			server.listen(0, "127.0.0.1", callback);
			await first;
			const closed = next(server, "close");
			server.close();
			await closed;
			const second = next(server, "listening");
			server.listen(0, "127.0.0.1");
			await second;
			expect(calls).toBe(2);
		},
	);
});

describe("server.close", () => {
	kept("returns undefined and calls back without arguments", async (bench) => {
		const { server } = await bench.serve();
		const args = await within(
			"the callback",
			new Promise<unknown[]>((resolve) => {
				expect(
					server.close((...given: unknown[]) => resolve(given)),
				).toBeUndefined();
			}),
		);
		expect(args).toEqual([]);
	});

	kept(
		"calls back also when the server never listened, without an error",
		async (bench) => {
			const server = bench.track(bench.ws.createServer({}));
			const errors = record(server, "error");
			const args = await within(
				"the callback",
				new Promise<unknown[]>((resolve) => {
					server.close((...given: unknown[]) => resolve(given));
				}),
			);
			expect(args).toEqual([]);
			expect(errors).toEqual([]);
		},
	);

	kept("leaves the connections open", async (bench) => {
		const { server, near, far } = await bench.pair();
		server.close();
		const text = next(far, "text");
		near.sendText("still here");
		expect(await text).toEqual(["still here"]);
		expect(server.connections).toEqual([near]);
	});

	kept("refuses new connections from then on", async (bench) => {
		const { server, port } = await bench.pair();
		server.close();
		const socket = netConnect(port, "127.0.0.1");
		const [error] = await next(socket, "error");
		expect(error).toMatchObject({ code: "ECONNREFUSED" });
	});

	kept("emits 'close' after all connections have ended", async (bench) => {
		const { server, far } = await bench.pair();
		const closes = record(server, "close");
		server.close();
		await turns();
		expect(closes).toEqual([]);
		const closed = next(server, "close");
		far.close();
		far.socket.end();
		await closed;
		expect(closes).toEqual([[]]);
	});
});

describe("server.socket", () => {
	kept("is the net.Server", async (bench) => {
		const { server, port } = await bench.serve();
		expect(server.socket).toBeInstanceOf(Server);
		expect(server.socket.address()).toMatchObject({ port });
	});

	kept("is made with the options given to createServer", async (bench) => {
		const { near } = await bench.pair({ highWaterMark: 12_345 });
		expect(near.socket.readableHighWaterMark).toBe(12_345);
	});

	kept("counts the connections", async (bench) => {
		const { server } = await bench.pair();
		const count = await within(
			"the count",
			new Promise((resolve) => {
				server.socket.getConnections((_error, number) => resolve(number));
			}),
		);
		expect(count).toBe(1);
	});

	kept("holds maxConnections", async (bench) => {
		const { server, port, near } = await bench.pair();
		server.socket.maxConnections = 1;
		const dropped = next(server.socket, "drop");
		const wire = await bench.dial(port);
		await dropped;
		expect(await wire.rest()).toEqual(Buffer.alloc(0));
		expect(server.connections).toEqual([near]);
	});
});

describe("the server's events", () => {
	kept("'connection' comes before the client's 'connect'", async (bench) => {
		const { server, url } = await bench.serve();
		const order: string[] = [];
		server.on("connection", () => order.push("server"));
		const client = bench.connect(url);
		client.on("connect", () => order.push("client"));
		await next(client, "connect");
		expect(order).toEqual(["server", "client"]);
	});

	kept("'connect' is emitted on the server's connection too", async (bench) => {
		const order: string[] = [];
		const { url } = await bench.serve(
			{
				selectProtocol(connection: ConnectionLike) {
					connection.on("connect", (...args) =>
						order.push(`connect/${args.length}`),
					);
					return "a";
				},
			},
			() => order.push("connection"),
		);
		await next(bench.connect(url, { protocols: ["a"] }), "connect");
		expect(order.sort()).toEqual(["connect/0", "connection"]);
	});

	kept("'error' tells a port in use", async (bench) => {
		const { port } = await bench.serve();
		const second = bench.track(bench.ws.createServer({}));
		const failed = next(second, "error");
		second.listen(port, "127.0.0.1");
		expect((await failed)[0]).toMatchObject({ code: "EADDRINUSE" });
	});

	kept("'error' throws when nobody listens for it", (bench) => {
		const server = bench.track(bench.ws.createServer({}));
		const error = new Error("from net");
		expect(() => server.socket.emit("error", error)).toThrow(error);
	});

	fixed(
		"'close' follows 'error' once, and listen may be tried again",
		async (bench) => {
			const { port } = await bench.serve();
			const server = bench.track(bench.ws.createServer({}));
			const order: string[] = [];
			server.on("error", () => order.push("error"));
			server.on("close", () => order.push("close"));
			const closed = next(server, "close");
			server.listen(port, "127.0.0.1");
			await closed;
			await turns();
			expect(order).toEqual(["error", "close"]);
			const listening = next(server, "listening");
			server.listen(0, "127.0.0.1");
			await listening;
			const again = next(server, "close");
			server.close();
			await again;
			expect(order).toEqual(["error", "close", "close"]);
		},
	);

	formerly("no 'close' followed the 'error'", async (bench) => {
		const { port } = await bench.serve();
		const server = bench.track(bench.ws.createServer({}));
		const closes = record(server, "close");
		const failed = next(server, "error");
		server.listen(port, "127.0.0.1");
		await failed;
		await turns(10);
		expect(closes).toEqual([]);
	});

	kept(
		"are those of an EventEmitter that works before any of them",
		(bench) => {
			const server = bench.track(bench.ws.createServer({}));
			expect(server).toBeInstanceOf(EventEmitter);
			expect(server.listenerCount("error")).toBe(0);
		},
	);

	kept("a failed handshake emits nothing on the server", async (bench) => {
		const { server, port } = await bench.serve();
		const seen = [record(server, "connection"), record(server, "error")];
		const wire = await bench.dial(port);
		wire.write("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nC: d\r\nE: f\r\n\r\n");
		await wire.rest();
		expect(seen).toEqual([[], []]);
	});
});

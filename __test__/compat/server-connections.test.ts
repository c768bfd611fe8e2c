import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { next, turns, until, within } from "../support/compat-wait.js";

describe("server.connections", () => {
	kept("is a plain Array, empty at first", async (bench) => {
		const { server } = await bench.serve();
		expect(Array.isArray(server.connections)).toBe(true);
		expect(Object.getPrototypeOf(server.connections)).toBe(Array.prototype);
		expect(server.connections).toHaveLength(0);
	});

	kept(
		"has the connection already when 'connection' is emitted",
		async (bench) => {
			const { server, url } = await bench.serve();
			const held: boolean[] = [];
			server.on("connection", (connection: ConnectionLike) => {
				held.push(server.connections.includes(connection));
			});
			await next(bench.connect(url), "connect");
			expect(held).toEqual([true]);
		},
	);

	kept("has lost the connection when its 'close' is emitted", async (bench) => {
		const { server, near, far } = await bench.pair();
		const held = within(
			"'close'",
			new Promise((resolve) => {
				near.on("close", () => resolve(server.connections.includes(near)));
			}),
		);
		far.close();
		expect(await held).toBe(false);
	});

	kept("loses the connection synchronously in conn.close()", async (bench) => {
		const { server, near } = await bench.pair();
		near.close();
		expect(server.connections).toEqual([]);
	});

	kept("loses a connection whose TCP connection was lost", async (bench) => {
		const { server, near, wire } = await bench.rawClient();
		const closed = next(near, "close");
		wire.socket.destroy();
		await closed;
		expect(server.connections).toEqual([]);
	});

	kept("does not hold a connection before its handshake", async (bench) => {
		const { server, port } = await bench.serve();
		const accepted = next(server.socket, "connection");
		const wire = await bench.dial(port);
		await accepted;
		wire.write("GET / HTTP/1.1\r\n");
		await turns();
		expect(server.connections).toEqual([]);
	});

	kept("serves to broadcast", async (bench) => {
		const { server, url } = await bench.serve();
		const clients = [
			bench.connect(url),
			bench.connect(url),
			bench.connect(url),
		];
		await Promise.all(clients.map((client) => next(client, "connect")));
		await until("three connections", () => server.connections.length === 3);
		const texts = Promise.all(clients.map((client) => next(client, "text")));
		server.connections.forEach((connection) => {
			connection.sendText("to all");
		});
		expect(await texts).toEqual([["to all"], ["to all"], ["to all"]]);
	});

	fixed(
		"is kept right after removeAllListeners on the connection",
		async (bench) => {
			const { server, near, far } = await bench.pair();
			near.removeAllListeners();
			far.removeAllListeners();
			far.close();
			await until("the removal", () => server.connections.length === 0);
			expect(near.readyState).toBe(3);
		},
	);

	formerly(
		"removeAllListeners left the connection in the list",
		async (bench) => {
			const { server, near } = await bench.pair();
			near.removeAllListeners();
			near.close();
			expect(server.connections).toEqual([near]);
		},
	);
});

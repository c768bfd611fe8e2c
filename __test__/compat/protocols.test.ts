import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { next, record } from "../support/compat-wait.js";
import { request } from "../support/compat-wire.js";

const offer = { protocols: ["a", "b"] };

describe("a server that declares no protocols", () => {
	kept("lets the client fail that offers some", async (bench) => {
		const { url } = await bench.serve();
		const client = bench.connect(url, offer);
		const failed = next(client, "error");
		const closed = next(client, "close");
		expect((await failed)[0]).toMatchObject({
			message: "Invalid handshake: no protocol was negotiated",
		});
		expect(await closed).toEqual([1006, ""]);
	});

	kept("answers such an offer without a protocol", async (bench) => {
		const { answer, near } = await bench.rawClient(
			{},
			{ "Sec-WebSocket-Protocol": "a, b" },
		);
		expect(answer).toMatch(/^HTTP\/1\.1 101 /);
		expect(answer).not.toMatch(/sec-websocket-protocol/i);
		expect(near.protocols).toEqual(["a", "b"]);
		expect(near.protocol).toBeFalsy();
	});
});

describe("validProtocols", () => {
	kept("picks the first of the client's list that is in it", async (bench) => {
		const { near, far } = await bench.pair(
			{ validProtocols: ["c", "b", "a"] },
			{ protocols: ["x", "a", "b"] },
		);
		expect(near.protocol).toBe("a");
		expect(far.protocol).toBe("a");
	});

	kept("is case-sensitive", async (bench) => {
		const { near, far } = await bench.pair(
			{ validProtocols: ["Chat", "chat"] },
			{ protocols: ["CHAT", "chat"] },
		);
		expect([near.protocol, far.protocol]).toEqual(["chat", "chat"]);
	});

	kept("serves a client that offers nothing", async (bench) => {
		const { near, far } = await bench.pair({ validProtocols: ["a"] });
		expect([near.protocol, far.protocol]).toEqual([undefined, undefined]);
		expect(near.protocols).toEqual([]);
	});

	kept("lets the client fail that offers only others", async (bench) => {
		const { url } = await bench.serve({ validProtocols: ["z"] });
		const client = bench.connect(url, offer);
		const closed = next(client, "close");
		const failed = next(client, "error");
		expect((await failed)[0]).toMatchObject({
			message: "Invalid handshake: no protocol was negotiated",
		});
		expect(await closed).toEqual([1006, ""]);
	});

	kept("accepts without a protocol when none matches", async (bench) => {
		const { answer } = await bench.rawClient(
			{ validProtocols: ["z"] },
			{ "Sec-WebSocket-Protocol": "a" },
		);
		expect(answer).toMatch(/^HTTP\/1\.1 101 /);
		expect(answer).not.toMatch(/sec-websocket-protocol/i);
	});

	kept("is named in the answer", async (bench) => {
		const { answer } = await bench.rawClient(
			{ validProtocols: ["b"] },
			{ "Sec-WebSocket-Protocol": "a,b" },
		);
		expect(answer).toMatch(/\r\nSec-WebSocket-Protocol: b\r\n/);
	});
});

describe("selectProtocol", () => {
	kept(
		"gets the connection and the very array conn.protocols",
		async (bench) => {
			const calls: unknown[][] = [];
			const { near } = await bench.pair(
				{
					selectProtocol(...args: unknown[]) {
						calls.push(args);
						return "b";
					},
				},
				offer,
			);
			expect(calls).toHaveLength(1);
			expect(calls[0]).toHaveLength(2);
			expect(calls[0][0]).toBe(near);
			expect(calls[0][1]).toBe(near.protocols);
			expect(near.protocols).toEqual(["a", "b"]);
			expect(near.protocol).toBe("b");
		},
	);

	kept("sees path, headers and state of the handshake", async (bench) => {
		const seen: unknown[] = [];
		const { url } = await bench.serve({
			selectProtocol(connection: ConnectionLike) {
				seen.push(
					connection.path,
					connection.headers["x-a"],
					connection.readyState,
				);
				return "a";
			},
		});
		const client = bench.connect(`${url}p?q`, {
			...offer,
			extraHeaders: { "X-A": "1" },
		});
		await next(client, "connect");
		expect(seen).toEqual(["/p?q", "1", 0]);
	});

	kept("wins over validProtocols", async (bench) => {
		const { far } = await bench.pair(
			{ validProtocols: ["a"], selectProtocol: () => "b" },
			offer,
		);
		expect(far.protocol).toBe("b");
	});

	kept("is not called when nothing is offered", async (bench) => {
		let calls = 0;
		const { near } = await bench.pair({
			selectProtocol: () => {
				calls++;
				return "a";
			},
		});
		expect(calls).toBe(0);
		expect(near.protocol).toBeUndefined();
	});

	kept("that returns nothing agrees on nothing", async (bench) => {
		for (const nothing of [undefined, null, "", false]) {
			const { answer, near } = await bench.rawClient(
				{ selectProtocol: () => nothing },
				{ "Sec-WebSocket-Protocol": "a" },
			);
			expect(answer).toMatch(/^HTTP\/1\.1 101 /);
			expect(answer).not.toMatch(/sec-websocket-protocol/i);
			expect(near.protocol).toBeFalsy();
		}
	});

	fixed(
		"that returns what was not offered is answered with 500",
		async (bench) => {
			const { server, port } = await bench.serve({ selectProtocol: () => "z" });
			const connections = record(server, "connection");
			const wire = await bench.dial(port);
			wire.write(request({ "Sec-WebSocket-Protocol": "a" }));
			expect(await wire.head()).toMatch(/^HTTP\/1\.1 500 /);
			await wire.rest();
			expect(connections).toEqual([]);
		},
	);

	formerly("a protocol that was not offered was sent", async (bench) => {
		const { answer } = await bench.rawClient(
			{ selectProtocol: () => "z" },
			{ "Sec-WebSocket-Protocol": "a" },
		);
		expect(answer).toMatch(/\r\nSec-WebSocket-Protocol: z\r\n/);
	});

	fixed(
		"that throws is answered with 500, and the server goes on",
		async (bench) => {
			let fail = true;
			const { port, url } = await bench.serve({
				selectProtocol: () => {
					if (fail) throw new Error("from selectProtocol");
					return "a";
				},
			});
			const wire = await bench.dial(port);
			wire.write(request({ "Sec-WebSocket-Protocol": "a" }));
			expect(await wire.head()).toMatch(/^HTTP\/1\.1 500 /);
			fail = false;
			await next(bench.connect(url, offer), "connect");
		},
	);
});

describe("a client", () => {
	kept("offers its protocols in one header, in order", async (bench) => {
		const { near } = await bench.pair({ validProtocols: ["b"] }, offer);
		expect(near.headers["sec-websocket-protocol"]).toBe("a, b");
	});

	kept("offers nothing for an empty array", async (bench) => {
		const { near } = await bench.pair({}, { protocols: [] });
		expect(near.headers).not.toHaveProperty("sec-websocket-protocol");
	});
});

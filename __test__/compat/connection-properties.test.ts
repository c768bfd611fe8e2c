import { Socket } from "node:net";
import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { next } from "../support/compat-wait.js";
import { RFC_KEY, request, response } from "../support/compat-wire.js";

describe("a client's connection", () => {
	kept("has its net.Socket, and no server", async (bench) => {
		const { far } = await bench.pair();
		expect(far.socket).toBeInstanceOf(Socket);
		expect(far.server).toBeNull();
	});

	kept("has path and host of its URL", async (bench) => {
		const { port } = await bench.serve();
		const connection = bench.connect(`ws://127.0.0.1:${port}/a?b=c`);
		expect(connection.path).toBe("/a?b=c");
		expect(connection.host).toBe("127.0.0.1");
		await next(connection, "connect");
		expect(connection.path).toBe("/a?b=c");
	});

	kept("has the extraHeaders object it was given", async (bench) => {
		const extraHeaders = { "X-One": "1" };
		const { far } = await bench.pair({}, { extraHeaders });
		expect(far.extraHeaders).toBe(extraHeaders);
		const { far: plain } = await bench.pair();
		expect(plain.extraHeaders).toBeUndefined();
	});

	kept("has the protocols it offers, or an empty array", async (bench) => {
		const protocols = ["a", "b"];
		const { far } = await bench.pair({ validProtocols: ["b"] }, { protocols });
		expect(far.protocols).toEqual(["a", "b"]);
		expect(far.protocol).toBe("b");
		const { far: plain } = await bench.pair();
		expect(plain.protocols).toEqual([]);
		expect(plain.protocol).toBeUndefined();
	});

	kept("has the key it sent, the base64 of 16 bytes", async (bench) => {
		const { far, head } = await bench.rawServer();
		expect(head).toContain(`\r\nSec-WebSocket-Key: ${far.key}\r\n`);
		expect(Buffer.from(String(far.key), "base64")).toHaveLength(16);
	});

	kept(
		"has no headers at first, and those of the answer later",
		async (bench) => {
			const { url } = await bench.serve();
			const connection = bench.connect(url);
			expect(connection.headers).toEqual({});
			await next(connection, "connect");
			expect(connection.headers.upgrade).toBe("websocket");
			expect(connection.headers.connection).toBe("Upgrade");
			expect(connection.headers["sec-websocket-accept"]).toBeTypeOf("string");
		},
	);
});

describe("a server's connection", () => {
	kept("has its socket and its server", async (bench) => {
		const { near, server } = await bench.pair();
		expect(near.socket).toBeInstanceOf(Socket);
		expect(near.server).toBe(server);
	});

	kept("tells by its socket whose it is", async (bench) => {
		const { near, far } = await bench.pair();
		expect(near.socket.remoteAddress).toBe("127.0.0.1");
		expect(near.socket.remotePort).toBe(far.socket.localPort);
	});

	kept("has the raw request-target for its path", async (bench) => {
		const { port, accepted } = await bench.serve();
		const coming = accepted();
		const wire = await bench.dial(port);
		wire.write(request({}, "GET /x%20y/../z?y=1&y=2 HTTP/1.1"));
		expect((await coming).path).toBe("/x%20y/../z?y=1&y=2");
	});

	kept("has null for host and extraHeaders", async (bench) => {
		const { near } = await bench.pair();
		expect(near.host).toBeNull();
		expect(near.extraHeaders).toBeNull();
	});

	kept(
		"has the client's protocols, trimmed, or an empty array",
		async (bench) => {
			const { near } = await bench.rawClient(
				{},
				{ "Sec-WebSocket-Protocol": "a ,b,  c" },
			);
			expect(near.protocols).toEqual(["a", "b", "c"]);
			expect(near.protocol).toBeFalsy();
			const { near: plain } = await bench.pair();
			expect(plain.protocols).toEqual([]);
			expect(plain.protocol).toBeUndefined();
		},
	);

	kept("has the client's key as it came", async (bench) => {
		const { near } = await bench.rawClient();
		expect(near.key).toBe(RFC_KEY);
	});

	kept("has the request's headers under lower-case names", async (bench) => {
		const { near } = await bench.rawClient(
			{},
			{ "X-Custom-Name": "Some Value", Cookie: "a=b; c=d" },
		);
		expect(near.headers).toMatchObject({
			host: "localhost",
			upgrade: "websocket",
			connection: "Upgrade",
			"x-custom-name": "Some Value",
			cookie: "a=b; c=d",
			"sec-websocket-key": RFC_KEY,
			"sec-websocket-version": "13",
		});
	});

	kept(
		"has all of that when the server's 'connection' comes",
		async (bench) => {
			const seen: unknown[] = [];
			const { url } = await bench.serve(
				{ validProtocols: ["p"] },
				(connection) => {
					seen.push(
						connection.path,
						connection.protocol,
						connection.headers["x-a"],
						connection.readyState,
					);
				},
			);
			const client = bench.connect(`${url}room`, {
				protocols: ["p"],
				extraHeaders: { "X-A": "1" },
			});
			await next(client, "connect");
			expect(seen).toEqual(["/room", "p", "1", 1]);
		},
	);
});

describe("headers", () => {
	fixed("have names with digits and other token characters", async (bench) => {
		const { near } = await bench.rawClient(
			{},
			{ "X-B3-TraceId": "1", x_y: "2", "x.z": "3" },
		);
		expect(near.headers).toMatchObject({
			"x-b3-traceid": "1",
			x_y: "2",
			"x.z": "3",
		});
	});

	formerly("names with digits or underscores were ignored", async (bench) => {
		const { near } = await bench.rawClient({}, { "X-B3-Id": "1", x_y: "2" });
		expect(near.headers).not.toHaveProperty("x-b3-id");
		expect(near.headers).not.toHaveProperty("x_y");
	});

	fixed("need no space behind the colon, and may be empty", async (bench) => {
		const { port, accepted } = await bench.serve();
		const coming = accepted();
		const wire = await bench.dial(port);
		wire.write(request().replace("\r\n\r\n", "\r\nX-A:1\r\nX-B:\r\n\r\n"));
		expect((await coming).headers).toMatchObject({ "x-a": "1", "x-b": "" });
	});

	fixed("that are repeated are joined as node:http does", async (bench) => {
		const { port, accepted } = await bench.serve();
		const coming = accepted();
		const wire = await bench.dial(port);
		wire.write(
			request().replace(
				"\r\n\r\n",
				"\r\nX-A: 1\r\nX-A: 2\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n",
			),
		);
		expect((await coming).headers).toMatchObject({
			"x-a": "1, 2",
			cookie: "a=b; c=d",
		});
	});

	formerly("the last of repeated headers won", async (bench) => {
		const { port, accepted } = await bench.serve();
		const coming = accepted();
		const wire = await bench.dial(port);
		wire.write(request().replace("\r\n\r\n", "\r\nX-A: 1\r\nX-A: 2\r\n\r\n"));
		expect((await coming).headers["x-a"]).toBe("2");
	});

	fixed("of the server's answer follow the same rules", async (bench) => {
		const { far } = await bench.answered((key) =>
			response(key, { "X-H2": "1", X_Y: "2" }),
		);
		await next(far, "connect");
		expect(far.headers).toMatchObject({ "x-h2": "1", x_y: "2" });
	});
});

describe("the ready states", () => {
	kept("are constants 0 to 3 on the prototype", async (bench) => {
		const { Connection } = bench.implementation.classes;
		expect(Connection.prototype).toMatchObject({
			CONNECTING: 0,
			OPEN: 1,
			CLOSING: 2,
			CLOSED: 3,
		});
		const { near, far } = await bench.pair();
		for (const connection of [near, far]) {
			expect([
				connection.CONNECTING,
				connection.OPEN,
				connection.CLOSING,
				connection.CLOSED,
			]).toEqual([0, 1, 2, 3]);
			expect(Object.hasOwn(connection, "OPEN")).toBe(false);
		}
	});

	fixed("are statics too", ({ implementation }) => {
		const statics = implementation.classes.Connection as unknown as Record<
			string,
			number
		>;
		expect([
			statics.CONNECTING,
			statics.OPEN,
			statics.CLOSING,
			statics.CLOSED,
		]).toEqual([0, 1, 2, 3]);
	});

	kept("are OPEN, CLOSING and CLOSED in turn", async (bench) => {
		const { near, far } = await bench.pair();
		expect([near.readyState, far.readyState]).toEqual([1, 1]);
		const closed = next(far, "close");
		near.close(1000);
		expect(near.readyState).toBe(near.CLOSING);
		await closed;
		expect(far.readyState).toBe(far.CLOSED);
	});
});

describe("outStream", () => {
	kept(
		"is null, then what beginBinary returned, then null again",
		async (bench) => {
			const { far } = await bench.pair();
			expect(far.outStream).toBeNull();
			const stream = far.beginBinary();
			expect(far.outStream).toBe(stream);
			const finished = next(stream, "finish");
			stream.end();
			expect(far.outStream).toBe(stream);
			await finished;
			expect(far.outStream).toBeNull();
		},
	);
});

describe("the connection as a value", () => {
	kept("can carry the program's own properties", async (bench) => {
		const { near } = await bench.pair();
		const own = near as ConnectionLike & { nickname?: string };
		own.nickname = "ann";
		expect(own.nickname).toBe("ann");
	});

	kept("is the `this` of its listeners", async (bench) => {
		const { near, far } = await bench.pair();
		const self = new Promise<unknown>((resolve) => {
			near.on("text", function (this: unknown) {
				resolve(this);
			});
		});
		far.sendText("x");
		expect(await self).toBe(near);
	});
});

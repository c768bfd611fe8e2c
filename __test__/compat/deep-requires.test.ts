import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import {
	type AddressInfo,
	createServer as createNetServer,
	connect as netConnect,
	type Socket,
} from "node:net";
import { Readable, Writable } from "node:stream";
import { describe, expect } from "vitest";
import { kept } from "../support/both.js";
import { keyOf } from "../support/compat-bench.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { next, nextValue } from "../support/compat-wait.js";
import { response } from "../support/compat-wire.js";

const require = createRequire(import.meta.url);

describe("the deep requires", () => {
	for (const name of ["Connection", "Server", "InStream", "OutStream"]) {
		kept(`${name} and ${name}.js are the class`, ({ implementation }) => {
			const { specifier } = implementation;
			const found = require(`${specifier}/${name}`) as { name: string };
			expect(found).toBeTypeOf("function");
			expect(found.name).toBe(name);
			expect(require(`${specifier}/${name}.js`)).toBe(found);
		});
	}

	kept("have the bases that 1.7 gave them", ({ implementation }) => {
		const { Connection, Server, InStream, OutStream } = implementation.classes;
		expect((Connection.prototype as object) instanceof EventEmitter).toBe(true);
		expect((Server as { prototype: object }).prototype).toBeInstanceOf(
			EventEmitter,
		);
		expect((InStream as { prototype: object }).prototype).toBeInstanceOf(
			Readable,
		);
		expect((OutStream as { prototype: object }).prototype).toBeInstanceOf(
			Writable,
		);
	});

	kept("are the classes of what the main module makes", async (bench) => {
		const { Connection, Server } = bench.implementation.classes;
		const { server, near, far } = await bench.pair();
		expect(server).toBeInstanceOf(Server);
		expect(near).toBeInstanceOf(Connection);
		expect(far).toBeInstanceOf(Connection);
	});
});

describe("new Server(secure, options, callback)", () => {
	kept("is what createServer makes", async (bench) => {
		const { Server } = bench.implementation.classes;
		const callback = () => {};
		const server = bench.track(
			new Server(false, { validProtocols: ["p"] }, callback),
		);
		expect(server.listeners("connection")).toContain(callback);
		const listening = next(server, "listening");
		server.listen(0, "127.0.0.1");
		await listening;
		const { port } = server.socket.address() as AddressInfo;
		const far = bench.connect(`ws://127.0.0.1:${port}/`, { protocols: ["p"] });
		await next(far, "connect");
		expect(far.protocol).toBe("p");
	});

	kept("takes the callback in the place of the options", (bench) => {
		const { Server } = bench.implementation.classes;
		const callback = () => {};
		const server = bench.track(new Server(false, callback));
		expect(server.listeners("connection")).toContain(callback);
	});
});

describe("new Connection(socket, server, callback)", () => {
	kept("answers the handshake on a socket of any origin", async (bench) => {
		const { Connection, Server } = bench.implementation.classes;
		const server = bench.track(new Server(false));
		const nets = createNetServer();
		bench.afterwards(() => nets.close());
		nets.listen(0, "127.0.0.1");
		await next(nets, "listening");
		const { port } = nets.address() as AddressInfo;
		const taken = nextValue<Socket>(nets, "connection");
		const far = bench.connect(`ws://127.0.0.1:${port}/own?path`);
		const connected = next(far, "connect");
		let calls = 0;
		const near: ConnectionLike = bench.own(
			new Connection(await taken, server, () => {
				calls++;
			}),
		);
		expect(near.readyState).toBe(0);
		expect(near.path).toBeNull();
		expect(near.headers).toEqual({});
		expect(near.server).toBe(server);
		await connected;
		expect(calls).toBe(1);
		expect(near.path).toBe("/own?path");
		const text = next(far, "text");
		near.sendText("hello");
		expect(await text).toEqual(["hello"]);
	});
});

describe("new Connection(socket, options, callback)", () => {
	kept("is a client on a socket of the program's own", async (bench) => {
		const { Connection } = bench.implementation.classes;
		const port = await bench.listenRaw((wire) => {
			wire.head().then((head) => {
				wire.write(response(keyOf(head), { "X-Request": head.split(" ")[1] }));
			});
		});
		let calls = 0;
		const far = bench.own(
			new Connection(
				netConnect(port, "127.0.0.1"),
				{ path: "/mine", host: "example.test", extraHeaders: { "X-A": "1" } },
				() => {
					calls++;
				},
			),
		);
		expect(far.server).toBeNull();
		expect(far.path).toBe("/mine");
		expect(far.host).toBe("example.test");
		expect(far.key).toBeNull();
		expect(far.protocols).toEqual([]);
		await next(far, "connect");
		expect(calls).toBe(1);
		expect(far.headers["x-request"]).toBe("/mine");
	});
});

describe("an OutStream of the program's own", () => {
	kept("sends through the connection it is given", async (bench) => {
		const { OutStream } = bench.implementation.classes;
		const { near, wire } = await bench.rawClient();
		const stream = new OutStream(near, 3);
		stream.write("abcd");
		stream.end("e");
		expect(await wire.take(9)).toEqual(
			Buffer.from("020461626364" + "800165", "hex"),
		);
	});
});

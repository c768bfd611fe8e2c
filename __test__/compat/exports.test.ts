import { EventEmitter } from "node:events";
import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { next, within } from "../support/compat-wait.js";

describe("the main module", () => {
	kept("exports the four functions of 1.7", ({ implementation }) => {
		const { module } = implementation;
		expect(module.createServer).toBeTypeOf("function");
		expect(module.connect).toBeTypeOf("function");
		expect(module.setBinaryFragmentation).toBeTypeOf("function");
		expect(module.setMaxBufferLength).toBeTypeOf("function");
	});
});

describe("createServer", () => {
	kept("returns an EventEmitter without any argument", (bench) => {
		const server = bench.track(bench.implementation.module.createServer());
		expect(server).toBeInstanceOf(EventEmitter);
		expect(server).toBeInstanceOf(bench.implementation.classes.Server);
	});

	kept("takes the callback as its only argument", (bench) => {
		const callback = () => {};
		const server = bench.track(
			bench.implementation.module.createServer(callback),
		);
		expect(server.listeners("connection")).toContain(callback);
	});

	kept("adds the callback behind options as 'connection' listener", (bench) => {
		const callback = () => {};
		const server = bench.track(
			bench.implementation.module.createServer({}, callback),
		);
		expect(server.listeners("connection")).toContain(callback);
	});

	kept("calls the callback for every connection", async (bench) => {
		const seen: ConnectionLike[] = [];
		const { url } = await bench.serve({}, (connection) =>
			seen.push(connection),
		);
		await next(bench.connect(url), "connect");
		await next(bench.connect(url), "connect");
		expect(seen).toHaveLength(2);
		expect(seen[0]).not.toBe(seen[1]);
	});

	fixed("takes undefined or null for the options", async (bench) => {
		const { module } = bench.implementation;
		const callback = () => {};
		for (const nothing of [undefined, null]) {
			const server = bench.track(module.createServer(nothing, callback));
			expect(server.listeners("connection")).toContain(callback);
			const listening = next(server, "listening");
			server.listen(0, "127.0.0.1");
			await listening;
		}
	});

	formerly("undefined or null options threw", ({ ws }) => {
		expect(() => ws.createServer(undefined, () => {})).toThrow(TypeError);
		expect(() => ws.createServer(null)).toThrow(TypeError);
	});
});

describe("connect", () => {
	kept("returns a connecting Connection at once", async (bench) => {
		const { url } = await bench.serve();
		const connection = bench.connect(url);
		expect(connection).toBeInstanceOf(bench.implementation.classes.Connection);
		expect(connection).toBeInstanceOf(EventEmitter);
		expect(connection.readyState).toBe(connection.CONNECTING);
		await next(connection, "connect");
		expect(connection.readyState).toBe(connection.OPEN);
	});

	kept(
		"calls the callback once, without arguments, on the connection",
		async (bench) => {
			const { url } = await bench.serve();
			for (const options of [undefined, {}]) {
				let connection: ConnectionLike | undefined;
				const calls: { self: unknown; args: unknown[] }[] = [];
				const connected = within(
					"the callback",
					new Promise<void>((resolve) => {
						const callback = function (this: unknown, ...args: unknown[]) {
							calls.push({ self: this, args });
							resolve();
						};
						connection = bench.own(
							options === undefined
								? bench.ws.connect(url, callback)
								: bench.ws.connect(url, options, callback),
						);
					}),
				);
				await connected;
				expect(calls).toEqual([{ self: connection, args: [] }]);
				connection?.emit("connect");
				expect(calls).toHaveLength(1);
			}
		},
	);

	kept("writes host and port into the options it was given", async (bench) => {
		const { url, port } = await bench.serve();
		const options: { host?: unknown; port?: unknown } = {};
		await next(bench.connect(url, options), "connect");
		expect(options.host).toBe("127.0.0.1");
		expect(options.port).toBe(String(port));
	});

	kept(
		"takes host and port from the URL, not from the options",
		async (bench) => {
			const { url } = await bench.serve();
			const connection = bench.connect(url, { host: "192.0.2.1", port: 1 });
			await next(connection, "connect");
			expect(connection.readyState).toBe(connection.OPEN);
		},
	);

	kept("hands its options to net.connect", async (bench) => {
		const { url } = await bench.serve();
		const connection = bench.connect(url, {
			localAddress: "127.0.0.1",
			highWaterMark: 12_345,
		});
		await next(connection, "connect");
		expect(connection.socket.localAddress).toBe("127.0.0.1");
		expect(connection.socket.readableHighWaterMark).toBe(12_345);
	});

	kept("resolves names with the lookup of its options", async (bench) => {
		const { port } = await bench.serve();
		const names: string[] = [];
		const connection = bench.connect(`ws://somewhere.test:${port}/`, {
			autoSelectFamily: false,
			lookup: (
				name: string,
				_options: unknown,
				found: (error: null, address: string, family: number) => void,
			) => {
				names.push(name);
				found(null, "127.0.0.1", 4);
			},
		});
		await next(connection, "connect");
		expect(names).toEqual(["somewhere.test"]);
	});
});

describe("the global settings", () => {
	kept("setBinaryFragmentation sets the static, 512 KiB at first", (bench) => {
		const { module, classes } = bench.implementation;
		expect(classes.Connection.binaryFragmentation).toBe(524_288);
		bench.afterwards(() => module.setBinaryFragmentation(524_288));
		module.setBinaryFragmentation(1_000);
		expect(classes.Connection.binaryFragmentation).toBe(1_000);
	});

	kept(
		"setBinaryFragmentation counts when beginBinary is called",
		async (bench) => {
			const { module } = bench.implementation;
			const { far } = await bench.pair();
			bench.afterwards(() => module.setBinaryFragmentation(524_288));
			module.setBinaryFragmentation(10);
			expect(far.beginBinary().minSize).toBe(10);
		},
	);

	kept("the static binaryFragmentation can be assigned", async (bench) => {
		const { classes } = bench.implementation;
		const { near } = await bench.pair();
		bench.afterwards(() => {
			classes.Connection.binaryFragmentation = 524_288;
		});
		classes.Connection.binaryFragmentation = 77;
		expect(near.beginBinary().minSize).toBe(77);
	});

	kept("setMaxBufferLength sets the static, 2 MiB at first", (bench) => {
		const { module, classes } = bench.implementation;
		expect(classes.Connection.maxBufferLength).toBe(2_097_152);
		bench.afterwards(() => module.setMaxBufferLength(2_097_152));
		module.setMaxBufferLength(5_000);
		expect(classes.Connection.maxBufferLength).toBe(5_000);
	});
});

import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import { next, until, within } from "../support/compat-wait.js";

describe("a lost connection", () => {
	kept("by FIN without a close frame is 1006", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const closed = next(near, "close");
		wire.socket.end();
		expect(await closed).toEqual([1006, ""]);
	});

	kept("by FIN is 1006 on a client", async (bench) => {
		const { far, wire } = await bench.rawServer();
		const closed = next(far, "close");
		wire.socket.end();
		expect(await closed).toEqual([1006, ""]);
	});

	kept("by RST is 'error' for who listens, then 1006", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const order: unknown[] = [];
		near.on("error", (error: NodeJS.ErrnoException) => order.push(error.code));
		near.on("close", (code, reason) => order.push([code, reason]));
		const closed = next(near, "close");
		wire.reset();
		await closed;
		expect(order).toEqual(["ECONNRESET", [1006, ""]]);
	});

	kept(
		"by the program's own socket.destroy() is 1006 on both sides",
		async (bench) => {
			const { near, far } = await bench.pair();
			const closed = Promise.all([next(near, "close"), next(far, "close")]);
			far.socket.destroy();
			expect(await closed).toEqual([
				[1006, ""],
				[1006, ""],
			]);
		},
	);

	kept("by the program's own socket.end() is 1006", async (bench) => {
		const { near, far } = await bench.pair();
		const closed = Promise.all([next(near, "close"), next(far, "close")]);
		far.socket.end();
		expect(await closed).toEqual([
			[1006, ""],
			[1006, ""],
		]);
	});

	kept("before it was there is 'error', then 1006", async (bench) => {
		const { server, url } = await bench.serve();
		const free = next(server, "close");
		server.close();
		await free;
		const client = bench.connect(url);
		const order: unknown[] = [];
		client.on("error", (error: NodeJS.ErrnoException) =>
			order.push(error.code),
		);
		client.on("close", (...args) => order.push(args));
		await next(client, "close");
		expect(order).toEqual(["ECONNREFUSED", [1006, ""]]);
	});

	fixed("leaves the ready state at CLOSED", async (bench) => {
		const { near, far } = await bench.pair();
		const closed = Promise.all([next(near, "close"), next(far, "close")]);
		far.socket.destroy();
		await closed;
		await until("the end", () => near.socket.destroyed);
		expect([near.readyState, far.readyState]).toEqual([3, 3]);
	});

	formerly("the ready state became undefined", async (bench) => {
		const { near, far } = await bench.pair();
		far.socket.destroy();
		await next(near.socket, "close");
		expect([near.readyState, far.readyState]).toEqual([undefined, undefined]);
	});

	fixed("settles conn.closed with 1006, not clean", async (bench) => {
		const { near, wire } = await bench.rawClient();
		wire.socket.destroy();
		expect(await within("conn.closed", near.closed)).toEqual({
			code: 1006,
			reason: "",
			wasClean: false,
		});
	});
});

import { AsyncLocalStorage } from "node:async_hooks";
import type {
	Connection,
	ConnectOptions,
	ServerOptions,
} from "nodejs-websocket";
import { describe, expect, test } from "vitest";
import {
	next,
	record,
	recordOrder,
	turns,
	until,
	within,
} from "../support/compat-wait.js";
import { closeFrame, frame } from "../support/compat-wire.js";
import library from "../support/library.js";
import { type ApiBench, behaves } from "./api-bench.js";

async function failure(
	connection: Connection,
): Promise<{ error: unknown; order: string[] }> {
	const order = recordOrder(connection, ["connect", "error", "close"]);
	const errors = record(connection, "error");
	await within("the end", connection.closed);
	expect(connection.readyState).toBe(3);
	return { error: errors[0]?.[0], order };
}

/** A TCP server that accepts and says nothing. */
function mute(bench: ApiBench): Promise<number> {
	return bench.listenRaw(() => {});
}

describe("the signal of connect()", () => {
	behaves("that is aborted already fails the attempt", async (bench) => {
		const port = await mute(bench);
		const reason = new Error("why");
		const far = bench.connect(`ws://127.0.0.1:${port}/`, {
			signal: AbortSignal.abort(reason),
		});
		expect(far.readyState).toBe(0);
		const { error, order } = await failure(far);
		expect(error).toMatchObject({
			code: "WS_ERR_ABORTED",
			initiator: "local",
			cause: reason,
		});
		expect(order).toEqual(["error", "close"]);
	});

	behaves("fails the attempt while TCP connects", async (bench) => {
		const port = await mute(bench);
		const controller = new AbortController();
		const far = bench.connect(`ws://127.0.0.1:${port}/`, {
			signal: controller.signal,
		});
		expect(far.socket.connecting).toBe(true);
		const ended = failure(far);
		controller.abort();
		expect((await ended).error).toMatchObject({ code: "WS_ERR_ABORTED" });
		expect(far.socket.destroyed).toBe(true);
	});

	behaves("fails the attempt during the opening handshake", async (bench) => {
		const port = await mute(bench);
		const controller = new AbortController();
		const far = bench.connect(`ws://127.0.0.1:${port}/`, {
			signal: controller.signal,
		});
		await until("the request", () => far.key !== null);
		const ended = failure(far);
		controller.abort();
		expect((await ended).error).toMatchObject({ code: "WS_ERR_ABORTED" });
	});

	behaves("is nobody's error where nobody listens", async (bench) => {
		const uncaught = bench.uncaught();
		const far = bench.connect(`ws://127.0.0.1:${await mute(bench)}/`, {
			signal: AbortSignal.abort(),
		});
		expect(await within("the end", far.closed)).toMatchObject({
			code: 1006,
			wasClean: false,
		});
		await turns();
		expect(uncaught).toEqual([]);
	});

	behaves("has no effect once the connection is open", async (bench) => {
		const controller = new AbortController();
		const { near, far } = await bench.pair({}, { signal: controller.signal });
		const errors = record(far, "error");
		controller.abort();
		await turns(5);
		expect(far.readyState).toBe(1);
		const texts = record(far, "text");
		near.sendText("still");
		await until("the text", () => texts.length === 1);
		expect(errors).toEqual([]);
	});
});

describe("a peer that is silent", () => {
	behaves("fails the attempt after handshakeTimeoutMs", async (bench) => {
		const far = bench.connect(`ws://127.0.0.1:${await mute(bench)}/`, {
			handshakeTimeoutMs: 30,
		});
		const { error, order } = await failure(far);
		expect(error).toMatchObject({
			code: "WS_ERR_HANDSHAKE_TIMEOUT",
			initiator: "remote",
		});
		expect(order).toEqual(["error", "close"]);
	});

	behaves(
		"is answered with 408 by a server after handshakeTimeoutMs",
		async (bench) => {
			const served = await bench.serve({ handshakeTimeoutMs: 30 });
			const wire = await bench.dial(served.port);
			expect((await wire.rest()).toString()).toMatch(/^HTTP\/1\.1 408 /);
		},
	);

	behaves("after close() is given up after closeTimeoutMs", async (bench) => {
		const { near } = await bench.rawClient({ closeTimeoutMs: 30 });
		const errors = record(near, "error");
		near.close(1000);
		expect(await within("the end", near.closed)).toEqual({
			code: 1006,
			reason: "",
			wasClean: false,
		});
		expect(errors[0][0]).toMatchObject({ code: "WS_ERR_CLOSE_TIMEOUT" });
	});

	behaves(
		"that never sends FIN after the closing handshake is given up, too",
		async (bench) => {
			// Long enough for the peer's close frame.
			const { far, wire } = await bench.rawServer({ closeTimeoutMs: 1000 });
			far.close(1000);
			await wire.frame();
			wire.write(closeFrame(1000));
			expect(await within("the end", far.closed)).toEqual({
				code: 1000,
				reason: "",
				wasClean: true,
			});
		},
	);
});

describe("an option that is wrong", () => {
	const cases: [keyof ConnectOptions & keyof ServerOptions, unknown, string][] =
		[
			["engine", "fast", "WS_ERR_OPTION"],
			["maxMessageBytes", "1", "WS_ERR_OPTION"],
			["maxMessageBytes", -1, "WS_ERR_OPTION_RANGE"],
			["maxMessageBytes", Number.NaN, "WS_ERR_OPTION_RANGE"],
			["maxStreamBytes", null, "WS_ERR_OPTION"],
			["maxStreamBytes", -1, "WS_ERR_OPTION_RANGE"],
			["maxFragments", 0, "WS_ERR_OPTION_RANGE"],
			["maxFragments", {}, "WS_ERR_OPTION"],
			["handshakeTimeoutMs", 0, "WS_ERR_OPTION_RANGE"],
			["handshakeTimeoutMs", 2 ** 31, "WS_ERR_OPTION_RANGE"],
			["closeTimeoutMs", "1s", "WS_ERR_OPTION"],
			["closeTimeoutMs", Number.POSITIVE_INFINITY, "WS_ERR_OPTION_RANGE"],
			["idleTimeoutMs", 0, "WS_ERR_OPTION_RANGE"],
			["idleTimeoutMs", 2 ** 31, "WS_ERR_OPTION_RANGE"],
			["maxBufferedBytes", 0, "WS_ERR_OPTION_RANGE"],
			["overflowPolicy", "wait", "WS_ERR_OPTION"],
			["maxMessagesPerSecond", 0, "WS_ERR_OPTION_RANGE"],
			["maxBytesPerSecond", "1M", "WS_ERR_OPTION"],
			["maxControlFramesPerSecond", -1, "WS_ERR_OPTION_RANGE"],
			["ratePolicy", true, "WS_ERR_OPTION"],
		];
	test.each(cases)("%s: %j is told by createServer", (name, value, code) => {
		expect(() => library.createServer({ [name]: value })).toThrow(
			expect.objectContaining({ code, message: expect.stringContaining(name) }),
		);
	});

	test.each(cases)(
		"%s: %j is told by connect, before anything is opened",
		async (name, value, code) => {
			let accepted = 0;
			const server = library.createServer(() => {});
			server.socket.on("connection", () => accepted++);
			server.listen(0, "127.0.0.1");
			await next(server, "listening");
			const { port } = server.socket.address() as { port: number };
			expect(() =>
				library.connect(`ws://127.0.0.1:${port}/`, { [name]: value }),
			).toThrow(
				expect.objectContaining({
					code,
					message: expect.stringContaining(name),
				}),
			);
			await turns(5);
			await new Promise((resolve) => server.socket.getConnections(resolve));
			server.close();
			expect(accepted).toBe(0);
		},
	);

	const clientCases: [string, unknown, string][] = [
		["signal", 1, "WS_ERR_OPTION"],
		["signal", {}, "WS_ERR_OPTION"],
		["protocols", [1], "WS_ERR_OPTION"],
		["protocols", ["a", "a"], "WS_ERR_OPTION"],
		["protocols", ["a b"], "WS_ERR_OPTION"],
		["protocols", {}, "WS_ERR_OPTION"],
		["extraHeaders", { "X\r\nY": "z" }, "WS_ERR_INVALID_HEADER"],
		["extraHeaders", { X: "a\r\nb" }, "WS_ERR_INVALID_HEADER"],
	];
	test.each(clientCases)("%s: %j is told by connect", (name, value, code) => {
		expect(() =>
			library.connect("ws://127.0.0.1:9/", { [name]: value }),
		).toThrow(expect.objectContaining({ code }));
	});
});

describe("AsyncLocalStorage", () => {
	behaves("events of a client see the store of connect()", async (bench) => {
		const served = await bench.serve();
		const storage = new AsyncLocalStorage<string>();
		const accepted = served.accepted();
		const far = storage.run("of connect", () => bench.connect(served.url));
		const seen: Record<string, string | undefined> = {};
		for (const name of [
			"connect",
			"text",
			"message",
			"binary",
			"ping",
			"pong",
			"close",
		] as const) {
			far.on(name, () => {
				seen[name] = storage.getStore();
			});
		}
		await storage.run("of somebody else", async () => {
			await next(far, "connect");
			const near = await accepted;
			far.sendPing();
			near.sendText("t");
			near.sendBinary(Buffer.from("b"));
			near.sendPing();
			await until("the pong", () => "pong" in seen && "ping" in seen);
			near.close(1000);
			await within("the end", far.closed);
		});
		expect(seen).toEqual({
			connect: "of connect",
			text: "of connect",
			message: "of connect",
			binary: "of connect",
			ping: "of connect",
			pong: "of connect",
			close: "of connect",
		});
	});
});

describe("closed", () => {
	const masked = { mask: true };
	const ends: [
		string,
		(near: Connection) => void,
		Buffer | "fin" | "reset" | null,
		object,
	][] = [
		[
			"the peer's close",
			() => {},
			closeFrame(3000, "r", masked),
			{ code: 3000, reason: "r", wasClean: true },
		],
		[
			"the peer's close without a code",
			() => {},
			frame(8, "", masked),
			{ code: 1005, reason: "", wasClean: true },
		],
		["FIN", () => {}, "fin", { code: 1006, reason: "", wasClean: false }],
		["RST", () => {}, "reset", { code: 1006, reason: "", wasClean: false }],
		[
			"terminate()",
			(near) => near.terminate(),
			null,
			{ code: 1006, reason: "", wasClean: false },
		],
		[
			"close() and its answer",
			(near) => near.close(4000, "x"),
			closeFrame(4000, "x", masked),
			{ code: 4000, reason: "x", wasClean: true },
		],
		[
			"close() and FIN",
			(near) => near.close(4000, "x"),
			"fin",
			{ code: 1006, reason: "", wasClean: false },
		],
		[
			"a broken rule",
			() => {},
			frame(3, "", masked),
			{ code: 1006, reason: "", wasClean: false },
		],
	];
	for (const [how, locally, remotely, result] of ends) {
		behaves(
			`settles after ${how}, 'close' before it and once`,
			async (bench) => {
				const { near, wire } = await bench.rawClient();
				const order = recordOrder(near, ["close"]);
				const closed = near.closed.then((value) => {
					order.push("closed");
					return value;
				});
				locally(near);
				if (remotely === "fin") wire.socket.end();
				else if (remotely === "reset") wire.reset();
				else if (remotely !== null) {
					wire.write(remotely);
					wire.socket.end();
				}
				expect(await within("the end", closed)).toEqual(result);
				expect(order).toEqual(["close", "closed"]);
				expect(near.readyState).toBe(3);
				expect(near.socket.destroyed).toBe(true);
				// Also for who asks later, and nothing brings it back.
				near.terminate();
				near.close();
				expect(await near.closed).toEqual(result);
				expect(order).toEqual(["close", "closed"]);
			},
		);
	}

	behaves(
		"settles where close() or terminate() came while connecting",
		async (bench) => {
			for (const how of ["close", "terminate"] as const) {
				const far = bench.connect(`ws://127.0.0.1:${await mute(bench)}/`);
				const order = recordOrder(far, ["connect", "error", "close"]);
				far[how]();
				expect(order).toEqual(["close"]);
				expect(await within("the end", far.closed)).toEqual({
					code: 1006,
					reason: "",
					wasClean: false,
				});
				expect(order).toEqual(["close"]);
				expect(far.readyState).toBe(3);
			}
		},
	);
});

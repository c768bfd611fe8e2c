/** Who a server lets in: the options `authorize`, `origins` and `hosts`. */
import type { Authorize, AuthorizeResult, Connection } from "nodejs-websocket";
import { describe, expect } from "vitest";
import {
	deferred,
	next,
	nextValue,
	record,
	turns,
	until,
} from "../support/compat-wait.js";
import { frame, request } from "../support/compat-wire.js";
import { type ApiBench, behaves } from "./api-bench.js";

const masked = { mask: true };

/** The answer to a request with these headers, whole. */
async function ask(
	bench: ApiBench,
	port: number,
	headers: Record<string, string | null> = {},
): Promise<string> {
	const wire = await bench.dial(port);
	wire.write(request(headers));
	const head = await wire.head();
	wire.socket.end();
	return head.startsWith("HTTP/1.1 101")
		? head
		: head + (await wire.rest()).toString("latin1");
}

describe("authorize", () => {
	const answers: [name: string, answer: unknown, status: number][] = [
		["true", true, 101],
		["false", false, 403],
		["an object with a status", { statusCode: 402 }, 402],
		["nothing", undefined, 500],
		["null", null, 500],
		["a number", 1, 500],
		["a status of success", { statusCode: 200 }, 500],
		["a status that is a string", { statusCode: "401" }, 500],
		["an object without a status", { message: "no" }, 500],
		["a message that is no string", { statusCode: 401, message: 1 }, 500],
		["null for headers", { statusCode: 401, headers: null }, 500],
		[
			"a header with a line break",
			{ statusCode: 401, headers: { "X-A": "b\r\nSet-Cookie: c=d" } },
			500,
		],
		[
			"a header of the framing",
			{ statusCode: 401, headers: { "content-length": "0" } },
			500,
		],
	];
	for (const [name, answer, status] of answers) {
		for (const when of ["at once", "later"]) {
			behaves(`that says ${name} ${when} gives ${status}`, async (bench) => {
				const { server, port } = await bench.serve({
					authorize: () =>
						(when === "at once"
							? answer
							: Promise.resolve(answer)) as AuthorizeResult,
				});
				const errors = record(server, "handshakeError");
				const opened = record(server, "connection");
				const head = await ask(bench, port);
				expect(head.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
				expect(head).not.toContain("Set-Cookie");
				expect(opened).toHaveLength(status === 101 ? 1 : 0);
				expect(errors).toHaveLength(status === 101 ? 0 : 1);
				if (status === 500) {
					expect(errors[0][0]).toMatchObject({
						code: "WS_ERR_HANDSHAKE_CALLBACK",
						cause: { message: expect.stringContaining("authorize") },
					});
				}
			});
		}
	}

	const problem = new Error("no database");
	const failing: [string, Authorize][] = [
		[
			"throws",
			() => {
				throw problem;
			},
		],
		["rejects", () => Promise.reject(problem)],
	];
	for (const [name, authorize] of failing) {
		behaves(`that ${name} gives 500, and is told`, async (bench) => {
			const { server, port } = await bench.serve({ authorize });
			const errors = record(server, "handshakeError");
			const answer = await ask(bench, port);
			expect(answer).toMatch(/^HTTP\/1\.1 500 /);
			expect(answer).not.toContain("database");
			expect(errors[0][0]).toMatchObject({
				code: "WS_ERR_HANDSHAKE_CALLBACK",
				cause: problem,
			});
		});
	}

	behaves("answers in the words of the program", async (bench) => {
		const { port } = await bench.serve({
			authorize: () => ({
				statusCode: 401,
				headers: { "WWW-Authenticate": 'Basic realm="x"' },
				message: "Who are you?",
			}),
		});
		const answer = await ask(bench, port);
		expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
		expect(answer).toContain('\r\nWWW-Authenticate: Basic realm="x"\r\n');
		expect(answer).toMatch(/\r\n\r\nWho are you\?\n$/);
		const far = bench.connect(`ws://127.0.0.1:${port}/`);
		expect(await nextValue(far, "error")).toMatchObject({
			code: "WS_ERR_HANDSHAKE_STATUS",
			statusCode: 401,
		});
	});

	behaves(
		"sees the request, and a connection on which to leave a note",
		async (bench) => {
			const notes = new WeakMap<Connection, string>();
			const { server, port } = await bench.serve({
				authorize: async (request, connection) => {
					await turns(2);
					expect(connection.readyState).toBe(connection.CONNECTING);
					expect(request.socket).toBe(connection.socket);
					expect(connection.path).toBe(request.url);
					notes.set(connection, `${request.headers.cookie}`);
					return true;
				},
			});
			const accepted = nextValue<Connection>(server, "connection");
			const far = bench.connect(`ws://127.0.0.1:${port}/path?a=b`, {
				extraHeaders: { Cookie: "user=me" },
			});
			await next(far, "connect");
			expect(notes.get(await accepted)).toBe("user=me");
		},
	);

	behaves(
		"is asked for valid requests only, before selectProtocol",
		async (bench) => {
			const order: string[] = [];
			const { port } = await bench.serve({
				authorize: () => {
					order.push("authorize");
					return Promise.resolve(true);
				},
				selectProtocol: (_connection, [first]) => {
					order.push("selectProtocol");
					return first;
				},
			});
			expect(await ask(bench, port, { "Sec-WebSocket-Version": "8" })).toMatch(
				/^HTTP\/1\.1 426 /,
			);
			expect(order).toEqual([]);
			const answer = await ask(bench, port, { "Sec-WebSocket-Protocol": "a" });
			expect(answer).toContain("\r\nSec-WebSocket-Protocol: a\r\n");
			expect(order).toEqual(["authorize", "selectProtocol"]);
		},
	);

	behaves(
		"keeps what comes meanwhile, in order and within a cap",
		async (bench) => {
			const { promise, resolve } = deferred<boolean>();
			let socket: Connection["socket"] | undefined;
			const { server, port } = await bench.serve({
				authorize: (asked) => {
					process.nextTick(() => {
						socket = asked.socket;
					});
					return promise;
				},
			});
			const texts: string[] = [];
			server.on("connection", (connection) =>
				connection.on("text", (text) => texts.push(text)),
			);
			const wire = await bench.dial(port);
			const count = 4000;
			const frames = Array.from({ length: count }, (_, i) =>
				frame(1, `${i} `.padEnd(1000, "x"), masked),
			);
			// The first frame in the segment of the request, the others whenever TCP brings them.
			wire.write(request(), frames[0]);
			for (const each of frames.slice(1)) wire.socket.write(each);
			await until("a request", () => socket !== undefined);
			const bytesRead = () => socket?.bytesRead ?? 0;
			let before = -1;
			// No more is read once the socket's own buffer is full.
			while (before !== bytesRead()) {
				before = bytesRead();
				await turns(20);
			}
			expect(before).toBeLessThan(256 * 1024);
			expect(before).toBeGreaterThan(request().length);
			expect(server.connections).toHaveLength(0);
			expect(wire.pending).toHaveLength(0);

			resolve(true);
			await until("all", () => texts.length === count);
			expect(texts.map((text) => Number.parseInt(text, 10))).toEqual(
				Array.from({ length: count }, (_, i) => i),
			);
		},
	);

	behaves("that never decides gives 503 in the end", async (bench) => {
		const { promise, resolve } = deferred<boolean>();
		const { server, port } = await bench.serve({
			authorize: () => promise,
			// Long enough for the request, which is answered 408 where it comes later.
			handshakeTimeoutMs: 1000,
		});
		const opened = record(server, "connection");
		const errors = record(server, "handshakeError");
		expect(await ask(bench, port)).toMatch(/^HTTP\/1\.1 503 /);
		expect(errors[0][0]).toMatchObject({ statusCode: 503 });
		// Its word comes too late.
		resolve(true);
		await turns(5);
		expect(opened).toHaveLength(0);
		expect(server.pendingHandshakes).toBe(0);
	});

	behaves("is not waited for when the peer has gone", async (bench) => {
		const { promise, resolve } = deferred<boolean>();
		const { server, port } = await bench.serve({ authorize: () => promise });
		const opened = record(server, "connection");
		const errors = record(server, "handshakeError");
		const wire = await bench.dial(port);
		wire.write(request());
		await until("a handshake", () => server.pendingHandshakes === 1);
		await turns(5);
		wire.reset();
		await until("its end", () => server.pendingHandshakes === 0);
		resolve(true);
		await turns(5);
		expect(opened).toHaveLength(0);
		expect(errors).toHaveLength(0);
	});

	behaves("lets nobody in when the server has been closed", async (bench) => {
		const { promise, resolve } = deferred<boolean>();
		const { server, port } = await bench.serve({ authorize: () => promise });
		const opened = record(server, "connection");
		const wire = await bench.dial(port);
		wire.write(request());
		await until("a handshake", () => server.pendingHandshakes === 1);
		await turns(5);
		const closed = next(server, "close");
		server.close();
		resolve(true);
		expect(await wire.head()).toMatch(/^HTTP\/1\.1 503 /);
		wire.socket.end();
		await closed;
		expect(opened).toHaveLength(0);
	});

	const ends: [string, (connection: Connection) => void][] = [
		["close the connection itself", (connection) => connection.close()],
		["destroy the socket", ({ socket }) => socket.destroy()],
	];
	for (const [name, end] of ends) {
		behaves(`may ${name}`, async (bench) => {
			for (const isAsync of [false, true]) {
				const { server, port } = await bench.serve({
					authorize: (_request, connection) => {
						end(connection);
						return isAsync ? Promise.resolve(true) : true;
					},
				});
				const opened = record(server, "connection");
				const wire = await bench.dial(port);
				wire.write(request());
				expect(await wire.rest()).toHaveLength(0);
				wire.socket.end();
				await until("its end", () => server.pendingHandshakes === 0);
				expect(opened).toHaveLength(0);
			}
		});
	}

	behaves("has its listeners throw as ever", async (bench) => {
		const seen = bench.uncaught();
		const { server, port } = await bench.serve({
			authorize: () => Promise.resolve(true),
		});
		server.on("connection", () => {
			throw new Error("a listener's");
		});
		const wire = await bench.dial(port);
		wire.write(request());
		expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
		await until("the exception", () => seen.length === 1);
		expect(seen).toEqual(["a listener's"]);
	});
});

describe("origins and hosts", () => {
	behaves("let in only what they name", async (bench) => {
		const { server, port } = await bench.serve({
			origins: ["https://Example.com:443", null],
			hosts: ["localhost"],
		});
		const errors = record(server, "handshakeError");
		const status = async (headers: Record<string, string>) =>
			(await ask(bench, port, headers)).slice(9, 12);
		expect(await status({ Origin: "https://example.com" })).toBe("101");
		expect(await status({})).toBe("101");
		expect(await status({ Host: "LOCALHOST:1234" })).toBe("101");
		expect(errors).toHaveLength(0);
		expect(await status({ Origin: "https://evil.example" })).toBe("403");
		expect(await status({ Origin: "null" })).toBe("403");
		expect(await status({ Host: "evil.example" })).toBe("421");
		expect(
			errors.map(([error]) => (error as { statusCode: number }).statusCode),
		).toEqual([403, 403, 421]);
	});

	behaves("are checked before authorize is asked", async (bench) => {
		let asked = 0;
		const { port } = await bench.serve({
			origins: ["https://example.com"],
			authorize: () => {
				asked++;
				return true;
			},
		});
		expect(await ask(bench, port)).toMatch(/^HTTP\/1\.1 403 /);
		expect(asked).toBe(0);
		await ask(bench, port, { Origin: "https://example.com" });
		expect(asked).toBe(1);
	});
});

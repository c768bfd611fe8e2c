/** permessage-deflate (RFC 7692) as a program sees it. */
import { randomBytes } from "node:crypto";
import type { Connection, PerMessageDeflateOptions } from "nodejs-websocket";
import { describe, expect, test } from "vitest";
import { next, nextValue, record, until } from "../support/compat-wait.js";
import { request } from "../support/compat-wire.js";
import library from "../support/library.js";
import { type ApiBench, behaves } from "./api-bench.js";

const kinds: [string, PerMessageDeflateOptions][] = [
	["without context takeover", { threshold: 0 }],
	[
		"with context takeover",
		{ threshold: 0, contextTakeover: true, windowBits: 15, memoryLevel: 8 },
	],
];

/** Compressible text of about so many bytes. */
const words = (bytes: number) =>
	"some words, again and again; ".repeat(bytes / 29);

async function compressedPair(
	bench: ApiBench,
	server: PerMessageDeflateOptions | boolean = { threshold: 0 },
	client: PerMessageDeflateOptions | boolean = server,
) {
	const pair = await bench.pair(
		{ perMessageDeflate: server },
		{ perMessageDeflate: client },
	);
	return pair;
}

/** The messages that come at `connection`, in an array that grows. */
function messagesOf(connection: Connection): (string | Buffer)[] {
	const messages: (string | Buffer)[] = [];
	connection.on("message", (data) => messages.push(data));
	return messages;
}

/** A server with a raw client whose handshake has the headers given. */
async function rawClient(
	bench: ApiBench,
	perMessageDeflate: PerMessageDeflateOptions | boolean,
	offer: string,
) {
	const served = await bench.serve({ perMessageDeflate });
	const accepted = served.accepted();
	const wire = await bench.dial(served.port);
	wire.write(request({ "Sec-WebSocket-Extensions": offer }));
	const head = await wire.head();
	const answer = /sec-websocket-extensions: (.*)\r\n/i.exec(head)?.[1];
	return { served, wire, answer, near: await accepted };
}

describe("the extension", () => {
	behaves("is neither offered nor accepted by default", async (bench) => {
		const { near, far } = await bench.pair();
		expect([near.extensions, far.extensions]).toEqual(["", ""]);
		const { near: declined } = await bench.pair(
			{},
			{ perMessageDeflate: true },
		);
		expect(declined.extensions).toBe("");
	});

	behaves("is told by both ends", async (bench) => {
		const { near, far } = await compressedPair(bench, true);
		const agreed =
			"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12";
		expect([near.extensions, far.extensions]).toEqual([agreed, agreed]);
	});

	behaves(
		"in a list that breaks the grammar is refused with 400",
		async (bench) => {
			const { port } = await bench.serve({ perMessageDeflate: true });
			const wire = await bench.dial(port);
			wire.write(
				request({ "Sec-WebSocket-Extensions": 'permessage-deflate; x="' }),
			);
			expect(await wire.head()).toMatch(/^HTTP\/1\.1 400 /);
		},
	);

	behaves(
		"may be offered by a client that cannot limit its window",
		async (bench) => {
			const { answer } = await rawClient(bench, true, "permessage-deflate");
			expect(answer).toBe(
				"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12",
			);
		},
	);
});

for (const [kind, options] of kinds) {
	describe(kind, () => {
		behaves(
			"messages of every kind and size come as they were sent",
			async (bench) => {
				const { near, far } = await compressedPair(bench, options);
				const sent: (string | Buffer)[] = [];
				const received = { near: messagesOf(near), far: messagesOf(far) };
				for (const size of [0, 1, 125, 1000, 40_000, 70_000, 1_000_000]) {
					sent.push(words(size), `${words(size)}é€😀`);
					sent.push(randomBytes(size), Buffer.from(words(size)));
				}
				for (const message of sent) {
					near.send(message);
					far.send(message);
				}
				await until("all of them", () =>
					Object.values(received).every((each) => each.length === sent.length),
				);
				for (const messages of Object.values(received))
					for (const [index, message] of messages.entries())
						expect(
							Buffer.from(message as string).equals(
								Buffer.from(sent[index] as string),
							),
						).toBe(true);
			},
		);

		behaves("a streamed message is compressed as one", async (bench) => {
			const { near, far } = await compressedPair(bench, options);
			const message = Buffer.from(words(3_000_000));
			const received = messagesOf(far);
			const before = far.socket.bytesRead;
			const stream = near.beginBinary();
			for (let at = 0; at < message.length; at += 100_000)
				stream?.write(message.subarray(at, at + 100_000));
			stream?.end();
			// 3 MB are more than a message may have: it is read as a stream.
			const chunks: Buffer[] = [];
			far.removeAllListeners("message");
			far.on("binary", (inStream) =>
				inStream.on("data", (chunk) => chunks.push(chunk)),
			);
			await until(
				"the end",
				() => Buffer.concat(chunks).length === message.length,
			);
			expect(Buffer.concat(chunks).equals(message)).toBe(true);
			expect(received).toEqual([]);
			expect(far.socket.bytesRead - before).toBeLessThan(message.length / 20);
			near.send("and then");
			expect(await nextValue(far, "text")).toBe("and then");
		});
	});
}

describe("what is compressed", () => {
	/** The first bytes of the frames that a server sends for the messages of `send`. */
	async function firstBytes(
		bench: ApiBench,
		options: PerMessageDeflateOptions,
		send: (near: Connection) => void,
		count: number,
	): Promise<number[]> {
		const { near, wire } = await rawClient(
			bench,
			options,
			"permessage-deflate",
		);
		send(near);
		const firsts: number[] = [];
		for (let i = 0; i < count; i++) {
			const { fin, rsv, opcode } = (await wire.frame()) as never as Record<
				string,
				number
			>;
			firsts.push((Number(fin) << 7) | (Number(rsv ?? 0) << 4) | opcode);
		}
		return firsts;
	}

	behaves(
		"is what has the threshold, unless the send says otherwise",
		async (bench) => {
			const firsts = await firstBytes(
				bench,
				{ threshold: 100 },
				(near) => {
					near.send("x".repeat(99));
					near.send("x".repeat(100));
					near.send("é".repeat(50));
					near.send("é".repeat(49));
					near.send(Buffer.alloc(100));
					near.sendText("x".repeat(30), { compress: true });
					near.sendText("x".repeat(100), { compress: false });
					near.sendBinary(Buffer.alloc(99), { compress: true }, () => {});
					near.sendPing("x".repeat(120));
				},
				9,
			);
			expect(firsts).toEqual([
				0x81, 0xc1, 0xc1, 0x81, 0xc2, 0xc1, 0x81, 0xc2, 0x89,
			]);
		},
	);

	behaves(
		"is not what would get longer, where no context is kept",
		async (bench) => {
			const noise = randomBytes(500);
			const firsts = await firstBytes(
				bench,
				{ threshold: 0 },
				(near) => {
					near.send(noise);
					near.send(randomBytes(50_000));
					near.send("x".repeat(50));
				},
				3,
			);
			expect(firsts).toEqual([0x82, 0x82, 0xc1]);
		},
	);

	behaves(
		"texts that would get longer come as they were sent, also when the peer is slow",
		async (bench) => {
			const { near, far } = await compressedPair(bench, {
				threshold: 0,
				level: 0,
			});
			const received = messagesOf(far);
			const sent = Array.from({ length: 150 }, (_, index) =>
				String(index % 10).repeat(60_000 - index),
			);
			for (const text of sent) near.send(text);
			await until("every text", () => received.length === sent.length);
			expect(received.every((text, index) => text === sent[index])).toBe(true);
		},
	);

	test("is said by a boolean", async () => {
		const server = library.createServer();
		expect(() =>
			library
				.connect("ws://127.0.0.1:1", (() => {}) as never)
				.on("error", () => {})
				.sendText("x", { compress: 1 } as never),
		).toThrow(expect.objectContaining({ code: "WS_ERR_OPTION" }));
		server.close();
	});
});

describe("the order of sends", () => {
	behaves(
		"is kept behind a long message; pings may overtake",
		async (bench) => {
			const { near, far } = await compressedPair(bench);
			const events: string[] = [];
			far.on("message", (data) => events.push(`message of ${data.length}`));
			far.on("ping", () => events.push("ping"));
			far.on("close", (code) => events.push(`close ${code}`));
			const long = words(2_000_000).slice(0, 1_900_000);
			near.send(long);
			near.sendText("short", { compress: false });
			near.send(Buffer.alloc(70_000));
			near.send("last");
			near.sendPing();
			near.close(1000);
			await until("the close", () => events.length === 6);
			expect(events.filter((event) => event !== "ping")).toEqual([
				`message of ${long.length}`,
				"message of 5",
				"message of 70000",
				"message of 4",
				"close 1000",
			]);
			expect(await near.closed).toMatchObject({ wasClean: true });
		},
	);

	behaves(
		"does not have a ping wait for its answer until all is compressed",
		async (bench) => {
			const { near, far } = await compressedPair(bench);
			const events: string[] = [];
			far.on("message", () => events.push("message"));
			far.on("pong", () => events.push("pong"));
			for (let i = 0; i < 4; i++) near.send(words(1_900_000));
			far.sendPing();
			await until("all", () => events.length === 5);
			expect(events.at(-1)).toBe("message");
		},
	);

	behaves(
		"is kept before what the program writes to the socket itself",
		async (bench) => {
			const { near, far } = await compressedPair(bench);
			const received = messagesOf(far);
			near.send(words(500_000));
			near.socket.write(Buffer.from([0x81, 1, 0x78]));
			await until("both", () => received.length === 2);
			expect(received[1]).toBe("x");
		},
	);

	behaves("and the callbacks tell the truth", async (bench) => {
		const { near, far } = await compressedPair(bench);
		const drains = record(near, "drain");
		const done: (Error | null | undefined)[] = [];
		const long = words(1_000_000);
		expect(near.sendText(long, (error) => done.push(error))).toBe(false);
		near.sendText("behind", null, (error) => done.push(error));
		expect(near.bufferedAmount).toBeGreaterThanOrEqual(long.length);
		expect(done).toEqual([]);
		messagesOf(far);
		await until("the drain", () => drains.length === 1);
		expect(done).toEqual([null, null]);
		expect(near.bufferedAmount).toBe(0);
	});

	behaves(
		"what waits at the end fails, in the order it was sent",
		async (bench) => {
			const { near, far } = await compressedPair(bench);
			far.pause();
			const told: [name: string, code: string | undefined][] = [];
			const callback = (name: string) => (error?: Error | null) =>
				told.push([name, (error as { code?: string } | null)?.code]);
			// More than the operating system takes, then what is being compressed, and what waits behind it.
			const plain = { compress: false };
			near.sendBinary(Buffer.alloc(20_000_000), plain, callback("sent"));
			near.sendText(words(1_000_000), callback("being compressed"));
			near.sendText("behind", callback("behind"));
			near.sendText("behind it", plain, callback("last"));
			near.terminate();
			expect(told).toEqual([]);
			await until("all", () => told.length === 4);
			expect(told.map(([name]) => name)).toEqual([
				"sent",
				"being compressed",
				"behind",
				"last",
			]);
			for (const [name, code] of told.slice(1))
				expect(code, name).toBe("WS_ERR_CONNECTION_CLOSED");
		},
	);

	behaves(
		"a server that is closed waits for what is being compressed",
		async (bench) => {
			const perMessageDeflate = { threshold: 0 };
			const served = await bench.serve({ perMessageDeflate });
			const accepted = served.accepted();
			const far = bench.connect(served.url, { perMessageDeflate });
			const received = messagesOf(far);
			const near = await accepted;
			const text = words(1_500_000);
			const ended = next(served.server, "close");
			near.send(text);
			near.send("last");
			near.close(1001);
			served.server.close();
			await ended;
			expect(received).toEqual([text, "last"]);
			expect(await far.closed).toMatchObject({ code: 1001, wasClean: true });
		},
	);

	behaves(
		"a socket that is destroyed is not kept waiting by what is not compressed yet",
		async (bench) => {
			const { near, far } = await compressedPair(bench);
			const received = messagesOf(far);
			const ended = next(far, "close");
			const codes: (string | undefined)[] = [];
			const callback = (error?: Error | null) =>
				codes.push((error as { code?: string } | null)?.code);
			near.sendText("first", callback);
			near.sendText(words(1_000_000), callback);
			near.sendText("behind", callback);
			near.socket.destroy();
			await ended;
			await until("all callbacks", () => codes.length === 3);
			expect(received).toEqual(["first"]);
			expect(
				codes.filter((code) => code === "WS_ERR_CONNECTION_CLOSED"),
			).toHaveLength(2);
			expect(near.bufferedAmount).toBe(0);
		},
	);

	behaves("a buffer may be used again when the send returns", async (bench) => {
		const { near, far } = await compressedPair(bench);
		const received = messagesOf(far);
		const lengths = [1000, 65_536, 65_537, 200_000];
		for (const length of lengths) {
			const data = Buffer.alloc(length, "a");
			near.send(data);
			data.fill("b");
			near.send(data);
			data.fill("c");
		}
		await until("all", () => received.length === 2 * lengths.length);
		const seen = received.map((data) => new Set(data as Buffer));
		expect(seen).toEqual(lengths.flatMap(() => [new Set([97]), new Set([98])]));
	});
});

describe("a message for many connections", () => {
	behaves("is read by all, though their settings differ", async (bench) => {
		const served = await bench.serve({
			perMessageDeflate: {
				threshold: 0,
				windowBits: 15,
				contextTakeover: true,
			},
		});
		const received: unknown[] = [];
		for (const client of [
			{ windowBits: 9 },
			{ windowBits: 15 },
			{ contextTakeover: true },
			{ windowBits: 9 },
			false,
		]) {
			const far = bench.connect(served.url, { perMessageDeflate: client });
			far.on("message", (data) => received.push(data));
			await next(far, "connect");
		}
		const text = words(20_000);
		for (const near of served.server.connections) near.send(text);
		await until("all", () => received.length === 5);
		expect(new Set(received)).toEqual(new Set([text]));
	});
});

describe("reading", () => {
	behaves(
		"stops between the messages of a chunk, and goes on",
		async (bench) => {
			const { near, far } = await compressedPair(bench);
			const received: number[] = [];
			far.on("message", (data) => {
				received.push(data.length);
				far.pause();
				setImmediate(() => far.resume());
			});
			const lengths = [10, 100_000, 20, 300_000, 30];
			for (const length of lengths) near.send("x".repeat(length));
			await until("all", () => received.length === lengths.length);
			expect(received).toEqual(lengths);
		},
	);

	behaves(
		"ends only when what came before the end is inflated",
		async (bench) => {
			const { near, far } = await compressedPair(bench);
			const received = messagesOf(far);
			const ends = record(far, "close");
			near.send("x".repeat(1_500_000));
			near.send("last");
			near.close();
			await until("the end", () => ends.length === 1);
			expect(received.map((data) => data.length)).toEqual([1_500_000, 4]);
		},
	);

	behaves(
		"a handler that throws takes nothing but its own message",
		async (bench) => {
			const uncaught = bench.uncaught();
			const { near, far } = await compressedPair(bench);
			const received: number[] = [];
			far.on("text", (text) => {
				received.push(text.length);
				throw new Error(`thrown at ${text.length}`);
			});
			for (const length of [10, 200_000, 20]) near.send("x".repeat(length));
			await until("all", () => received.length === 3);
			await until("the errors", () => uncaught.length === 3);
			expect(received).toEqual([10, 200_000, 20]);
		},
	);
});

/** More connections than the budget of the tests has room for. */
const COUNT = 30;

describe("the budget for context takeover", () => {
	behaves(
		"leaves new connections uncompressed when it is used up, and is free again",
		async (bench) => {
			const options = { contextTakeover: true, threshold: 0 };
			bench.afterwards(() => library.setMaxCompressionBytes(256 * 1024 * 1024));
			library.setMaxCompressionBytes(0);
			const none = await compressedPair(bench, options);
			expect([none.near.extensions, none.far.extensions]).toEqual(["", ""]);
			none.near.send("plain");
			expect(await nextValue(none.far, "text")).toBe("plain");
			const kept = await compressedPair(bench, { threshold: 0 });
			expect(kept.near.extensions).not.toBe("");

			library.setMaxCompressionBytes(256 * 1024 * 1024);
			const first = await compressedPair(bench, options);
			expect(first.near.extensions).not.toBe("");
			// Less than the first pair keeps.
			library.setMaxCompressionBytes(8 * 1024);
			const second = await compressedPair(bench, options);
			expect(second.near.extensions).toBe("");
			first.near.send("still compressed");
			expect(await nextValue(first.far, "text")).toBe("still compressed");
			first.near.close();
			await Promise.all([first.near.closed, first.far.closed]);
			library.setMaxCompressionBytes(200_000);
			const third = await compressedPair(bench, options);
			expect(third.near.extensions).not.toBe("");
		},
	);

	behaves(
		"is not overdrawn by many that open at once, and nothing is left booked",
		async (bench) => {
			const perMessageDeflate = { contextTakeover: true, windowBits: 15 };
			const { url } = await bench.serve({ perMessageDeflate });
			const open = async () => {
				const connection = bench.connect(url, { perMessageDeflate });
				await next(connection, "connect");
				return connection;
			};
			/** How many of `connections` are compressed; ends them. */
			const countAndClose = async (connections: Connection[]) => {
				for (const connection of connections) connection.close();
				await Promise.all(connections.map(({ closed }) => closed));
				return connections.filter(({ extensions }) => extensions !== "").length;
			};
			bench.afterwards(() => library.setMaxCompressionBytes(256 * 1024 * 1024));
			library.setMaxCompressionBytes(2 * 1024 * 1024);
			const inTurn: Connection[] = [];
			for (let i = 0; i < COUNT; i++) inTurn.push(await open());
			const most = await countAndClose(inTurn);
			expect(most).toBeGreaterThan(0);
			expect(most).toBeLessThan(COUNT);
			for (let round = 0; round < 3; round++) {
				const atOnce = await Promise.all(Array.from({ length: COUNT }, open));
				const count = await countAndClose(atOnce);
				// Those of this end may have taken what the server's would need.
				expect(count).toBeLessThanOrEqual(most);
			}
			// Nobody answers these, and nobody lets them in.
			const { port } = await bench.serve({ maxConnections: 0 });
			for (let i = 0; i < COUNT; i++) {
				const refused = bench.connect(`ws://127.0.0.1:${port}`, {
					perMessageDeflate,
				});
				const given = bench.connect(url, { perMessageDeflate });
				given.close();
				await Promise.all([refused.closed, given.closed]);
			}
			const last: Connection[] = [];
			for (let i = 0; i < COUNT; i++) last.push(await open());
			expect(await countAndClose(last)).toBe(most);
		},
	);

	test.each([-1, Number.NaN, "1"])("is a number of bytes, not %j", (bytes) => {
		expect(() => library.setMaxCompressionBytes(bytes as number)).toThrow(
			expect.objectContaining({ code: "WS_ERR_OPTION_RANGE" }),
		);
	});
});

describe("options", () => {
	test.each([
		[1, "WS_ERR_OPTION"],
		["yes", "WS_ERR_OPTION"],
		[{ level: 10 }, "WS_ERR_OPTION_RANGE"],
		[{ level: 1.5 }, "WS_ERR_OPTION_RANGE"],
		[{ memoryLevel: 0 }, "WS_ERR_OPTION_RANGE"],
		[{ windowBits: 8 }, "WS_ERR_OPTION_RANGE"],
		[{ windowBits: 16 }, "WS_ERR_OPTION_RANGE"],
		[{ windowBits: "9" }, "WS_ERR_OPTION"],
		[{ contextTakeover: 1 }, "WS_ERR_OPTION"],
		[{ threshold: -1 }, "WS_ERR_OPTION_RANGE"],
	])("%j is refused", (perMessageDeflate, code) => {
		const options = { perMessageDeflate } as never;
		expect(() => library.createServer(options)).toThrow(
			expect.objectContaining({ code }),
		);
		expect(() => library.connect("ws://127.0.0.1:1", options)).toThrow(
			expect.objectContaining({ code }),
		);
	});
});

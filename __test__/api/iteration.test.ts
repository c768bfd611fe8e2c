import type { Connection } from "nodejs-websocket";
import { describe, expect } from "vitest";
import { next, record, turns, until, within } from "../support/compat-wait.js";
import { closeFrame, frame } from "../support/compat-wire.js";
import { behaves } from "./api-bench.js";

const masked = { mask: true };

/** What a loop over the connection got, and how the loop ended. */
async function loop(
	messages: AsyncIterable<string | Buffer>,
): Promise<{ got: string[]; error: unknown }> {
	const got: string[] = [];
	const run = async () => {
		for await (const message of messages) got.push(String(message));
	};
	let error: unknown;
	await within(
		"the end of the loop",
		run().catch((thrown: unknown) => {
			error = thrown;
		}),
	);
	return { got, error };
}

describe("for await over a connection", () => {
	behaves(
		"gives text and binary messages whole and in order",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const iterator = near[Symbol.asyncIterator]();
			wire.write(
				frame(1, "a", masked),
				frame(2, "b", { mask: true, fin: false }),
				frame(0, "c", masked),
				closeFrame(1000, "", masked),
			);
			const first = await iterator.next();
			const second = await iterator.next();
			const third = await iterator.next();
			expect(first).toEqual({ value: "a", done: false });
			expect(second).toEqual({ value: Buffer.from("bc"), done: false });
			expect(third).toEqual({ value: undefined, done: true });
			expect(await iterator.next()).toEqual({ value: undefined, done: true });
		},
	);

	behaves("starts when the iterator is made", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const texts = record(near, "text");
		wire.write(frame(1, "before", masked));
		await until("the first", () => texts.length === 1);
		const iterator = near[Symbol.asyncIterator]();
		wire.write(frame(1, "after", masked));
		await until("the second", () => texts.length === 2);
		expect((await iterator.next()).value).toBe("after");
	});

	for (const code of [1000, 1001]) {
		behaves(`ends when the peer closes with ${code}`, async (bench) => {
			const { near, wire } = await bench.rawClient();
			wire.write(frame(1, "last", masked), closeFrame(code, "", masked));
			expect(await loop(near)).toEqual({ got: ["last"], error: undefined });
		});
	}

	behaves("ends when the peer closes without a code", async (bench) => {
		const { near, wire } = await bench.rawClient();
		wire.write(frame(1, "last", masked), frame(8, "", masked));
		expect(await loop(near)).toEqual({ got: ["last"], error: undefined });
	});

	behaves("ends at a local close(), whatever its code", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const texts = record(near, "text");
		const iterator = near[Symbol.asyncIterator]();
		wire.write(frame(1, "kept", masked));
		await until("the message", () => texts.length === 1);
		near.close(4000, "enough");
		expect(await loop(iterator)).toEqual({ got: ["kept"], error: undefined });
	});

	behaves(
		"throws where the peer closes with another code, after what came before",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			wire.write(
				frame(1, "a", masked),
				frame(1, "b", masked),
				closeFrame(4001, "no more", masked),
			);
			const { got, error } = await loop(near);
			expect(got).toEqual(["a", "b"]);
			expect(error).toMatchObject({
				code: "WS_ERR_CLOSED_BY_PEER",
				initiator: "remote",
				closeCode: 4001,
			});
			expect((error as Error).message).toContain("no more");
		},
	);

	behaves("throws where the connection is lost", async (bench) => {
		const { near, wire } = await bench.rawClient();
		wire.write(frame(1, "a", masked));
		wire.socket.end();
		const { got, error } = await loop(near);
		expect(got).toEqual(["a"]);
		expect(error).toMatchObject({
			code: "WS_ERR_CONNECTION_LOST",
			initiator: "network",
		});
	});

	behaves("throws what the peer broke", async (bench) => {
		const { near, wire } = await bench.rawClient();
		wire.write(frame(1, "a", masked), frame(1, Buffer.from([0xff]), masked));
		const { got, error } = await loop(near);
		expect(got).toEqual(["a"]);
		expect(error).toMatchObject({
			code: "WS_ERR_INVALID_UTF8",
			closeCode: 1007,
		});
	});

	behaves("throws after terminate()", async (bench) => {
		const { near } = await bench.rawClient();
		const ended = loop(near);
		near.terminate();
		expect((await ended).error).toMatchObject({
			code: "WS_ERR_CONNECTION_LOST",
		});
	});

	behaves("throws where the connection was never made", async (bench) => {
		const port = await bench.listenRaw((wire) => {
			wire.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
		});
		const far = bench.connect(`ws://127.0.0.1:${port}/`);
		const { got, error } = await loop(far);
		expect(got).toEqual([]);
		expect(error).toMatchObject({
			code: "WS_ERR_HANDSHAKE_STATUS",
			statusCode: 403,
		});
	});

	behaves("made after the end it ends, or throws, at once", async (bench) => {
		const one = await bench.rawClient();
		one.wire.write(closeFrame(1000, "", masked));
		await next(one.near, "close");
		expect(await loop(one.near)).toEqual({ got: [], error: undefined });
		const two = await bench.rawClient();
		two.wire.write(closeFrame(1011, "", masked));
		await next(two.near, "close");
		expect((await loop(two.near)).error).toMatchObject({ closeCode: 1011 });
	});

	behaves("leaving the loop keeps the connection open", async (bench) => {
		const { near, wire } = await bench.rawClient();
		wire.write(frame(1, "stop", masked), frame(1, "missed", masked));
		for await (const message of near) {
			expect(message).toBe("stop");
			break;
		}
		expect(near.readyState).toBe(1);
		const texts = record(near, "text");
		const messages = loop(near);
		wire.write(frame(1, "again", masked), closeFrame(1000, "", masked));
		expect((await messages).got.at(-1)).toBe("again");
		expect(texts.at(-1)).toEqual(["again"]);
	});

	behaves("two loops get every message each", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const both = Promise.all([loop(near), loop(near)]);
		wire.write(
			...["a", "b", "c"].map((text) => frame(1, text, masked)),
			closeFrame(4002, "", masked),
		);
		for (const { got, error } of await both) {
			expect(got).toEqual(["a", "b", "c"]);
			expect(error).toMatchObject({ closeCode: 4002 });
		}
	});

	behaves("next() may be called several times ahead", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const iterator = near[Symbol.asyncIterator]();
		const ahead = [1, 2, 3, 4].map(() => iterator.next());
		wire.write(
			frame(1, "a", masked),
			frame(1, "b", masked),
			closeFrame(4003, "", masked),
		);
		const results = await within("all", Promise.allSettled(ahead));
		expect(results[0]).toMatchObject({ value: { value: "a", done: false } });
		expect(results[1]).toMatchObject({ value: { value: "b", done: false } });
		expect(results[2]).toMatchObject({ reason: { closeCode: 4003 } });
		expect(results[3]).toMatchObject({ value: { done: true } });
	});

	behaves("return() settles what next() waits for", async (bench) => {
		const { near } = await bench.rawClient();
		const iterator = near[Symbol.asyncIterator]();
		const waiting = iterator.next();
		await iterator.return?.();
		expect(await within("the result", waiting)).toEqual({
			value: undefined,
			done: true,
		});
		expect(near.readyState).toBe(1);
	});

	behaves(
		"a 'text' listener that throws does not take its message",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const iterator = near[Symbol.asyncIterator]();
			const uncaught = bench.uncaught();
			near.on("text", (text) => {
				if (text === "a") throw new Error("a handler's own");
			});
			wire.write(frame(1, "a", masked), frame(1, "b", masked));
			expect((await within("a", iterator.next())).value).toBe("a");
			expect((await within("b", iterator.next())).value).toBe("b");
			expect(uncaught).toEqual(["a handler's own"]);
		},
	);
});

/** Sends text messages of 16 KiB until the peer's reading stops, and returns how many the peer has seen. */
async function fill(from: Connection): Promise<number> {
	const text = "x".repeat(16 * 1024);
	let sent = 0;
	// More than the system's socket buffers and all high-water marks together, where the peer does not read.
	while (from.bufferedAmount < 1024 * 1024 && sent < 4096) {
		from.sendText(text);
		sent++;
		if (sent % 16 === 0) await turns(1);
	}
	return sent;
}

describe("an iterator that is not read", () => {
	behaves(
		"stops reading at its high-water mark, and goes on when read",
		async (bench) => {
			const { near, far } = await bench.pair();
			const seen = record(near, "text");
			const iterator = near[Symbol.asyncIterator]();
			const sent = await fill(far);
			// The peer sees the back-pressure.
			expect(far.bufferedAmount).toBeGreaterThanOrEqual(1024 * 1024);
			await until("the mark", () => seen.length >= 4);
			await turns(20);
			expect(seen.length).toBe(4);
			far.close(1000);
			expect((await loop(iterator)).got).toHaveLength(sent);
			expect(seen.length).toBe(sent);
			expect(far.bufferedAmount).toBe(0);
		},
	);

	behaves("counts messages too: 256 of them", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const seen = record(near, "text");
		const iterator = near[Symbol.asyncIterator]();
		wire.write(
			...Array.from({ length: 1000 }, (_, i) => frame(1, `${i}`, masked)),
			closeFrame(1000, "", masked),
		);
		await until("the mark", () => seen.length >= 256);
		await turns(10);
		expect(seen.length).toBe(256);
		const { got } = await loop(iterator);
		expect(got).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
	});

	behaves("leaving the loop lifts its pause", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const seen = record(near, "text");
		const iterator = near[Symbol.asyncIterator]();
		wire.write(
			...Array.from({ length: 600 }, (_, i) => frame(1, `${i}`, masked)),
		);
		await until("the mark", () => seen.length >= 256);
		await turns(5);
		expect(seen.length).toBe(256);
		await iterator.return?.();
		await until("the rest", () => seen.length === 600);
		expect(near.readyState).toBe(1);
	});

	behaves(
		"holds the other iterators back, until all have room",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const slow = near[Symbol.asyncIterator]();
			const quick = loop(near);
			const seen = record(near, "text");
			wire.write(
				...Array.from({ length: 600 }, (_, i) => frame(1, `${i}`, masked)),
				closeFrame(1000, "", masked),
			);
			await until("the mark", () => seen.length >= 256);
			await turns(5);
			expect(seen.length).toBe(256);
			expect((await loop(slow)).got).toHaveLength(600);
			expect((await quick).got).toHaveLength(600);
		},
	);

	behaves("lets a local close() through", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const seen = record(near, "text");
		const iterator = near[Symbol.asyncIterator]();
		wire.write(
			...Array.from({ length: 600 }, (_, i) => frame(1, `${i}`, masked)),
			closeFrame(1000, "", masked),
		);
		await until("the mark", () => seen.length >= 256);
		near.close();
		wire.socket.end();
		expect(await within("the end", near.closed)).toMatchObject({
			wasClean: true,
		});
		expect((await loop(iterator)).got).toHaveLength(256);
	});
});

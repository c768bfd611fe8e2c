import { AsyncLocalStorage } from "node:async_hooks";
import type { Connection } from "nodejs-websocket";
import { describe, expect } from "vitest";
import {
	called,
	record,
	turns,
	until,
	within,
} from "../support/compat-wait.js";
import { behaves } from "./api-bench.js";

const MIB = 1024 * 1024;

/** Sends blocks of 1 MiB until they stay here, for the peer does not read. Returns how many. */
async function congest(connection: Connection): Promise<number> {
	const block = Buffer.alloc(MIB);
	let sent = 0;
	while (connection.bufferedAmount < MIB) {
		connection.sendBinary(block);
		sent++;
		await turns(1);
	}
	return sent;
}

describe("a send", () => {
	behaves("returns true while the peer keeps up", async (bench) => {
		const { near, far } = await bench.pair();
		expect(near.sendText("a")).toBe(true);
		expect(far.sendBinary(Buffer.from("b"))).toBe(true);
		expect(far.send("c")).toBe(true);
	});

	behaves(
		"returns false over the high-water mark, and 'drain' follows once",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			wire.socket.pause();
			const drains = record(near, "drain");
			await congest(near);
			// Until the peer's buffers were full the operating system drained more than once.
			drains.length = 0;
			expect(near.sendText("more")).toBe(false);
			expect(near.sendText("and more")).toBe(false);
			await turns(10);
			expect(drains).toHaveLength(0);
			wire.socket.resume();
			await until("the drain", () => drains.length > 0);
			expect(near.bufferedAmount).toBe(0);
			await turns(10);
			expect(drains).toHaveLength(1);
			expect(near.sendText("again")).toBe(true);
			await turns(10);
			expect(drains).toHaveLength(1);
		},
	);

	behaves(
		"that is false is followed by 'drain' also where the operating system takes all at once",
		async (bench) => {
			// The native transport is not behind before the operating system is.
			const { near } = await bench.pair({ transport: "socket" });
			const drains = record(near, "drain");
			let isBehind = false;
			for (let i = 0; i < 100 && !isBehind; i++)
				isBehind = near.sendText("x".repeat(1000)) === false;
			expect(isBehind).toBe(true);
			expect(drains).toHaveLength(0);
			await until("the drain", () => drains.length === 1);
			expect(near.bufferedAmount).toBe(0);
			await turns(5);
			expect(drains).toHaveLength(1);
		},
	);

	behaves("of a client returns false and drains likewise", async (bench) => {
		const { far, wire } = await bench.rawServer();
		wire.socket.pause();
		const drains = record(far, "drain");
		await congest(far);
		expect(far.sendText("more")).toBe(false);
		wire.socket.resume();
		await until("the drain", () => drains.length === 1);
		expect(far.bufferedAmount).toBe(0);
	});

	behaves(
		"counts in bufferedAmount with its header until it has left",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			expect(near.bufferedAmount).toBe(0);
			near.sendText("hello");
			expect(near.bufferedAmount).toBe(7);
			near.sendBinary(Buffer.alloc(200));
			expect(near.bufferedAmount).toBe(7 + 204);
			near.sendText("é");
			expect(near.bufferedAmount).toBe(7 + 204 + 4);
			await wire.frame();
			await until("all to leave", () => near.bufferedAmount === 0);
		},
	);

	behaves(
		"calls its callback once with null when the data has left",
		async (bench) => {
			const { near } = await bench.pair();
			const calls: unknown[][] = [];
			near.sendText("a", (...args) => calls.push(["a", ...args]));
			near.sendBinary(Buffer.alloc(100_000), (...args) =>
				calls.push(["b", ...args]),
			);
			near.send("c", (...args) => calls.push(["c", ...args]));
			near.sendText("d", undefined);
			expect(calls).toEqual([]);
			await until("three calls", () => calls.length === 3);
			await turns(5);
			expect(calls).toEqual([
				["a", null],
				["b", null],
				["c", null],
			]);
		},
	);

	behaves(
		"calls its callback with the error where the connection is lost",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			wire.socket.pause();
			await congest(near);
			const calls: unknown[] = [];
			near.sendBinary(Buffer.alloc(10), (error) => calls.push(error));
			await turns();
			near.sendText("not handed over yet", (error) => calls.push(error));
			near.terminate();
			await within("the end", near.closed);
			await until("both", () => calls.length === 2);
			await turns(5);
			expect(calls).toHaveLength(2);
			for (const error of calls) expect(error).toBeInstanceOf(Error);
		},
	);

	for (const [name, end] of [
		["terminate()", (near: Connection) => near.terminate()],
		["the socket's destroy()", (near: Connection) => near.socket.destroy()],
		["a reset by the peer", null],
	] as const) {
		behaves(
			`tells no callback that all was taken of what ${name} has cut off`,
			async (bench) => {
				const { near, wire } = await bench.rawClient();
				wire.socket.pause();
				near.on("error", () => {});
				const results: (Error | null | undefined)[] = [];
				// In one tick, so that all leave in one write.
				for (let i = 0; i < 40; i++)
					near.sendBinary(Buffer.alloc(MIB), (error) => results.push(error));
				await turns(20);
				const taken = results.length;
				expect(taken).toBeLessThan(40);
				if (end === null) wire.reset();
				else end(near);
				await within("the end", near.closed);
				await until("all callbacks", () => results.length === 40);
				expect(results.slice(0, taken).every((e) => e === null)).toBe(true);
				for (const error of results.slice(taken))
					expect(error).toMatchObject({ code: "WS_ERR_CONNECTION_CLOSED" });
			},
		);
	}

	behaves(
		"calls its callback in the AsyncLocalStorage of the send",
		async (bench) => {
			const { near, far } = await bench.pair();
			const storage = new AsyncLocalStorage<string>();
			const seen: unknown[] = [];
			const send = (name: string) =>
				storage.run(name, () =>
					near.sendText(name, () => seen.push(storage.getStore())),
				);
			near.on("text", () => {
				send("one");
				send("two");
			});
			far.sendText("go");
			await until("both", () => seen.length === 2);
			send("three");
			await until("the third", () => seen.length === 3);
			expect(seen).toEqual(["one", "two", "three"]);
		},
	);

	behaves(
		"after the end calls its callback with the typed error",
		async (bench) => {
			const { near } = await bench.pair();
			near.on("error", () => {});
			near.close();
			const error = await called((callback) => {
				expect(near.sendText("late", callback)).toBeUndefined();
			});
			expect(error).toMatchObject({
				code: "WS_ERR_NOT_OPEN",
				initiator: "local",
			});
		},
	);

	behaves(
		"after the user has ended the socket calls its callback with the error",
		async (bench) => {
			const { near } = await bench.pair();
			near.socket.end();
			const error = await called((callback) => near.sendText("late", callback));
			expect(error).toMatchObject({ code: "WS_ERR_CONNECTION_CLOSED" });
		},
	);
});

describe("a callback that throws", () => {
	behaves("takes no other callback with it", async (bench) => {
		const uncaught = bench.uncaught();
		const { near } = await bench.pair();
		const calls: string[] = [];
		near.sendText("a", () => {
			calls.push("a");
			throw new Error("of a");
		});
		near.sendText("b", () => calls.push("b"));
		near.sendText("c", () => {
			calls.push("c");
			throw new Error("of c");
		});
		near.sendText("d", () => calls.push("d"));
		await until("all", () => calls.length === 4 && uncaught.length === 2);
		await turns(5);
		expect(calls).toEqual(["a", "b", "c", "d"]);
		expect(uncaught).toEqual(["of a", "of c"]);
	});

	behaves("does not keep the socket from ending", async (bench) => {
		const uncaught = bench.uncaught();
		const { near, wire } = await bench.rawClient();
		wire.socket.pause();
		await congest(near);
		near.sendText("last", () => {
			throw new Error("of the last");
		});
		await turns();
		near.socket.end();
		wire.socket.resume();
		await within("the peer's FIN", wire.ended);
		expect(uncaught).toEqual(["of the last"]);
	});
});

describe("a message of each type", () => {
	behaves(
		"Uint8Array, DataView, ArrayBuffer and SharedArrayBuffer are binary",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const bytes = Uint8Array.from([1, 2, 3, 4, 5]);
			const shared = new SharedArrayBuffer(2);
			new Uint8Array(shared).set([8, 9]);
			near.send(bytes.subarray(1, 3));
			near.send(new DataView(bytes.buffer, 2, 2));
			near.send(bytes.buffer);
			near.send(shared);
			near.send(new Uint8Array(shared));
			const got: number[][] = [];
			for (let i = 0; i < 5; i++) {
				const { opcode, payload } = await wire.frame();
				expect(opcode).toBe(2);
				got.push([...payload]);
			}
			expect(got).toEqual([
				[2, 3],
				[3, 4],
				[1, 2, 3, 4, 5],
				[8, 9],
				[8, 9],
			]);
		},
	);

	behaves("bytes sent as text have to be UTF-8", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.sendText(Buffer.from("é"));
		expect(() => near.sendText(Buffer.from([0xff]))).toThrow(
			expect.objectContaining({ code: "WS_ERR_TEXT_TYPE" }),
		);
		expect((await wire.frame()).payload.toString()).toBe("é");
	});
});

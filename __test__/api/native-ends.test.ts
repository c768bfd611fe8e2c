/** Ends of native connections: whoever brings them about, each is told once, and no descriptor stays behind. */
import type { Connection } from "nodejs-websocket";
import { describe, expect } from "vitest";
import {
	deferred,
	next,
	record,
	turns,
	until,
	within,
} from "../support/compat-wait.js";
import {
	closeFrame,
	frame,
	request,
	type Wire,
} from "../support/compat-wire.js";
import type { ApiBench } from "./api-bench.js";
import { behavesNatively, descriptors, native } from "./native-bench.js";

const masked = { mask: true };

describe("a reset", () => {
	const states: [string, (near: Connection, wire: Wire) => Promise<unknown>][] =
		[
			["of an idle connection", () => turns()],
			[
				"in the middle of a header",
				async (_near, wire) => {
					wire.write(frame(1, "x", masked).subarray(0, 1));
					await turns();
				},
			],
			[
				"in the middle of a text",
				async (_near, wire) => {
					wire.write(frame(1, "x".repeat(300), masked).subarray(0, 100));
					await turns();
				},
			],
			[
				"in the middle of a binary message",
				async (_near, wire) => {
					wire.write(frame(2, "x".repeat(300), masked).subarray(0, 100));
					await turns();
				},
			],
			[
				"while output waits",
				async (near, wire) => {
					wire.socket.pause();
					while (near.bufferedAmount === 0)
						near.sendBinary(Buffer.alloc(1 << 20));
				},
			],
			[
				"after this side has closed",
				async (near) => {
					near.close();
				},
			],
			[
				"after the peer has closed",
				async (_near, wire) => {
					wire.write(closeFrame(1000, "", masked));
				},
			],
		];
	for (const [state, reach] of states) {
		behavesNatively(`${state} is the end of it`, async (bench) => {
			const { near, wire } = await bench.rawClient(native);
			const closes = record(near, "close");
			await reach(near, wire);
			wire.socket.resetAndDestroy();
			await within("the end", near.closed);
			expect(closes).toHaveLength(1);
			expect(near.bufferedAmount).toBe(0);
			await until("the socket's end", () => near.socket.destroyed);
		});
	}

	// What is sent fails, and so does what is sent for the last time as the connection is let go.
	for (const [how, answer] of [
		["short texts", "x"],
		["a large message", Buffer.alloc(300_000)],
	] as const) {
		behavesNatively(`before ${how} leave is the end of it`, async (bench) => {
			const { near, wire } = await bench.rawClient(native);
			const closes = record(near, "close");
			near.on("text", () => {
				wire.socket.resetAndDestroy();
				near.send(answer);
				near.send("x");
			});
			wire.write(frame(1, "x", masked));
			await within("the end", near.closed);
			expect(closes).toHaveLength(1);
			expect(near.bufferedAmount).toBe(0);
		});
	}

	behavesNatively("is found out about after a pause", async (bench) => {
		const { near, wire } = await bench.rawClient(native);
		near.pause();
		wire.socket.resetAndDestroy();
		await turns(10);
		near.resume();
		await within("the end", near.closed);
	});
});

/** Clients of one server, each with its connection there. */
async function crowd(
	bench: ApiBench,
	count: number,
	onConnection: (connection: Connection) => void,
): Promise<{ wires: Wire[]; nears: readonly Connection[] }> {
	const served = await bench.serve(native, onConnection);
	const wires: Wire[] = [];
	for (let i = 0; i < count; i++) {
		const wire = await bench.dial(served.port);
		wire.write(request());
		await wire.head();
		wires.push(wire);
	}
	await until("all", () => served.server.connections.length === count);
	return { wires, nears: [...served.server.connections] };
}

describe("within a handler", () => {
	behavesNatively(
		"destroying every connection leaves the rest of the batch unread",
		async (bench) => {
			let all: readonly Connection[] = [];
			let texts = 0;
			const { wires, nears } = await crowd(bench, 20, (connection) => {
				connection.on("text", () => {
					texts++;
					for (const other of all) other.socket.destroy();
				});
			});
			all = nears;
			for (const wire of wires) wire.socket.write(frame(1, "x", masked));
			for (const near of nears) await within("the end", near.closed);
			expect(texts).toBe(1);
		},
	);

	behavesNatively(
		"an exception takes nothing from the other connections of the batch",
		async (bench) => {
			const thrown = bench.uncaught();
			const { wires } = await crowd(bench, 20, (connection) => {
				connection.on("text", (text) => {
					connection.sendText(text);
					throw new Error(text);
				});
			});
			wires.forEach((wire, i) => {
				wire.socket.write(
					Buffer.concat([frame(1, `${i}a`, masked), frame(1, `${i}b`, masked)]),
				);
			});
			for (const [i, wire] of wires.entries()) {
				expect((await wire.frame()).payload.toString()).toBe(`${i}a`);
				expect((await wire.frame()).payload.toString()).toBe(`${i}b`);
			}
			expect(thrown).toHaveLength(40);
			expect(new Set(thrown).size).toBe(40);
		},
	);

	behavesNatively(
		"pausing another connection holds back what was read of it",
		async (bench) => {
			const order: string[] = [];
			const nearby: Connection[] = [];
			const { wires, nears } = await crowd(bench, 2, (connection) => {
				const name = `${nearby.push(connection)}`;
				connection.on("text", (text) => {
					order.push(name + text);
					for (const other of nearby) if (other !== connection) other.pause();
				});
			});
			for (const wire of wires)
				wire.socket.write(
					Buffer.concat([frame(1, "a", masked), frame(1, "b", masked)]),
				);
			await until("the first", () => order.length === 2);
			await turns(10);
			expect(order).toHaveLength(2);
			for (const near of nears) near.resume();
			await until("one more", () => order.length >= 4);
			expect(new Set(order)).toEqual(new Set(["1a", "1b", "2a", "2b"]));
		},
	);

	behavesNatively("closing the server lets the others be", async (bench) => {
		const served = await bench.serve(native);
		const accepted = served.accepted();
		const far = bench.connect(served.url, native);
		const near = await accepted;
		await next(far, "connect");
		const closed = deferred<void>();
		near.on("text", (text) => {
			served.server.close(closed.resolve);
			near.sendText(text);
		});
		far.sendText("echo");
		await next(far, "text");
		far.close();
		await within("the server's end", closed.promise);
	});
});

describe("descriptors", () => {
	behavesNatively(
		"are used again at once and never mixed up",
		async (bench) => {
			const served = await bench.serve(native, (connection) => {
				connection.on("text", (text) => connection.sendText(text));
			});
			// The server's listening socket is taken over, which takes a descriptor.
			await turns();
			const before = descriptors();
			for (let round = 0; round < 50; round++) {
				const farAll = [0, 1, 2, 3].map(() =>
					bench.connect(served.url, native),
				);
				await Promise.all(
					farAll.map(async (far, i) => {
						await next(far, "connect");
						const text = `${round} ${i}`;
						far.sendText(text);
						const [echo] = await next(far, "text");
						expect(echo).toBe(text);
						if (i % 2 === 0) far.socket.destroy();
						else far.close();
						await within("the end", far.closed);
					}),
				);
			}
			await until(
				"the server's ends",
				() => served.server.connections.length === 0,
			);
			await until("the same number", () => descriptors() <= before);
		},
	);
});

describe("a peer that sends a byte at a time", () => {
	behavesNatively("is understood", async (bench) => {
		const { near, wire } = await bench.rawClient(native);
		const messages = record(near, "message");
		wire.socket.setNoDelay(true);
		const bytes = Buffer.concat([
			frame(1, "héllo", masked),
			frame(2, Buffer.alloc(130, 7), masked),
			frame(1, "a", { ...masked, fin: false }),
			frame(9, "p", masked),
			frame(0, "b", masked),
		]);
		for (const byte of bytes) {
			wire.socket.write(Buffer.of(byte));
			await new Promise((resolve) => setImmediate(resolve));
		}
		await until("three", () => messages.length === 3);
		expect(messages.map(([data]) => data)).toEqual([
			"héllo",
			Buffer.alloc(130, 7),
			"ab",
		]);
	});
});

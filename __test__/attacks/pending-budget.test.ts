/** What many connections together may hold of incomplete messages. */
import { describe, expect } from "vitest";
import { next, record, until, within } from "../support/compat-wait.js";
import { frame, request } from "../support/compat-wire.js";
import { library } from "../support/library.js";
import { onEachEngine } from "../support/peer-engines.js";

const DEFAULT = 256 * 1024 * 1024;

describe("the budget for incomplete messages", () => {
	onEachEngine(
		"fails the connection that exceeds it with 1013, and is free again afterwards",
		async (bench) => {
			const { server, port } = await bench.serve();
			bench.afterwards(() => library.setMaxPendingBytes(DEFAULT));
			library.setMaxPendingBytes(1_000_000);
			const lost: unknown[][] = [];
			server.on("connection", (connection) => {
				connection.on("error", (error: { code: string }) =>
					lost.push([error.code]),
				);
			});
			const part = frame(1, "x".repeat(300_000), {
				claim: 400_000,
				mask: true,
			});
			const wires = [];
			for (let i = 0; i < 4; i++) {
				const wire = await bench.dial(port);
				wire.write(request());
				await wire.head();
				wire.write(part);
				wires.push(wire);
				if (i < 3)
					await until(
						"the bytes",
						() => (server.connections[i]?.socket.bytesRead ?? 0) > 300_000,
					);
			}
			const { opcode, payload } = await wires[3].frame();
			expect([opcode, payload.readUInt16BE(0)]).toEqual([8, 1013]);
			expect(await wires[3].rest()).toHaveLength(0);
			wires[3].socket.end();
			expect(lost).toEqual([["WS_ERR_PENDING_BYTES"]]);

			// The others are as they were, and can end their messages.
			const texts: string[] = [];
			for (const near of server.connections)
				near.on("text", (text: string) => texts.push(text));
			expect(server.connections).toHaveLength(3);
			const tail = frame(1, "x".repeat(400_000), { mask: true }).subarray(
				part.length,
			);
			wires[0].socket.write(tail);
			await until("the text", () => texts.length === 1);
			expect(texts[0]).toHaveLength(400_000);

			// A complete message, and a lost connection, give back what they held.
			wires[1].reset();
			wires[2].reset();
			await until("the end", () => server.connections.length === 1);
			const big = await bench.dial(port);
			big.write(request());
			await big.head();
			const near = server.connections[1];
			const text = next(near, "text");
			const whole = frame(1, "y".repeat(900_000), { mask: true });
			big.socket.write(whole.subarray(0, 890_000));
			await until("the bytes", () => near.socket.bytesRead > 890_000);
			big.socket.write(whole.subarray(890_000));
			expect((await text)[0]).toHaveLength(900_000);
		},
	);

	onEachEngine("does not count what is streamed to a reader", async (bench) => {
		const { near, wire } = await bench.rawClient();
		bench.afterwards(() => library.setMaxPendingBytes(DEFAULT));
		library.setMaxPendingBytes(100_000);
		let length = 0;
		const ended = new Promise((resolve) => {
			near.on("binary", (stream) => {
				stream.on("data", (piece: Buffer) => {
					length += piece.length;
				});
				stream.on("end", resolve);
			});
		});
		const closes = record(near, "close");
		wire.socket.write(frame(2, Buffer.alloc(3_000_000), { mask: true }));
		await within("the end of the stream", ended);
		expect(length).toBe(3_000_000);
		expect(closes).toEqual([]);
	});

	onEachEngine(
		"does not delay other connections by a chunk of tiny frames",
		async (bench) => {
			const { server, port } = await bench.serve({}, (connection) => {
				connection.on("text", (text: string) => connection.sendText(text));
			});
			const flood = await bench.dial(port);
			flood.write(request());
			await flood.head();
			const other = await bench.dial(port);
			other.write(request());
			await other.head();
			let before = 0;
			server.connections[0].on("text", () => before++);
			// One chunk, as if the kernel had handed it over at once.
			server.connections[0].socket.emit(
				"data",
				Buffer.concat(Array(40_000).fill(frame(1, "", { mask: true }))),
			);
			// It is being delivered in turns; the other connection comes between two of them.
			expect(before).toBeLessThan(40_000);
			const answered = other.frame();
			other.write(frame(1, "me too", { mask: true }));
			expect((await answered).payload.toString()).toBe("me too");
			await until("all of them", () => before === 40_000);
		},
	);
});

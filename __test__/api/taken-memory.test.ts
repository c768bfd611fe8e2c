/** Handlers that transfer away the memory that more than their message is in. */
import { setTimeout as delay } from "node:timers/promises";
import type { Connection, ServerOptions } from "nodejs-websocket";
import { describe, expect } from "vitest";
import { record, until, within } from "../support/compat-wait.js";
import { closeFrame, frame } from "../support/compat-wire.js";
import { type ApiBench, behaves } from "./api-bench.js";

/** Long enough that what is received first is memory of its own, and no piece of Node's pool, which cannot be transferred. */
const PAYLOAD = Buffer.alloc(5000, "x");

/** From Node.js 22 on what the native transport receives is not transferred: whoever tries gets an exception or a copy. */
const mayBeTaken: ServerOptions =
	"transfer" in ArrayBuffer.prototype ? { transport: "socket" } : {};

const taken = expect.objectContaining({
	code: "WS_ERR_BUFFER",
	initiator: "local",
	message: expect.stringContaining("copy a payload before transferring it"),
});

/** A server's connection that has been sent three messages at once; `receive` handles them. */
async function receiving(
	bench: ApiBench,
	receive: (near: Connection, data: string | Buffer) => void,
) {
	const { near, wire } = await bench.rawClient(mayBeTaken);
	let messages = 0;
	near.on("message", (data) => {
		messages++;
		receive(near, data);
	});
	const closes = record(near, "close");
	wire.write(
		Buffer.concat(
			[1, 2, 3].map(() => frame(2, Buffer.from(PAYLOAD), { mask: true })),
		),
	);
	return { near, wire, closes, messages: () => messages };
}

function takeAway(data: string | Buffer): void {
	const { buffer } = data as Buffer;
	structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
}

describe("a handler that takes away the chunk that is being delivered", () => {
	behaves("fails its connection, which is told", async (bench) => {
		const errors: unknown[] = [];
		const { near, wire, closes, messages } = await receiving(
			bench,
			(near, data) => {
				if (errors.length === 0)
					near.on("error", (error) => errors.push(error));
				takeAway(data);
			},
		);
		const { opcode, payload } = await wire.frame();
		expect(opcode).toBe(8);
		expect(payload.readUInt16BE(0)).toBe(1011);
		expect(errors).toEqual([taken]);
		expect(closes).toEqual([[1011, undefined]]);
		expect(messages()).toBe(1);
		wire.write(closeFrame(1011, "", { mask: true }));
		wire.socket.end();
		await within("the end", near.closed);
	});

	behaves(
		"throws where nobody listens for 'error', and fails it all the same",
		async (bench) => {
			const thrown = bench.uncaught();
			const { near, wire, closes } = await receiving(bench, (_near, data) =>
				takeAway(data),
			);
			expect((await wire.frame()).opcode).toBe(8);
			await until("the exception", () => thrown.length === 1);
			expect(thrown[0]).toContain("copy a payload before transferring it");
			expect(closes).toEqual([[1011, undefined]]);
			wire.socket.end();
			await within("the end", near.closed);
		},
	);

	behaves("fails it also where it throws itself", async (bench) => {
		const thrown = bench.uncaught();
		const errors: unknown[] = [];
		const { wire, closes } = await receiving(bench, (near, data) => {
			near.on("error", (error) => errors.push(error));
			takeAway(data);
			throw new Error("its own");
		});
		expect((await wire.frame()).opcode).toBe(8);
		await until("the exception", () => thrown.length === 1);
		expect(thrown).toEqual(["its own"]);
		expect(errors).toEqual([taken]);
		expect(closes).toEqual([[1011, undefined]]);
	});

	behaves("leaves it as it was behind its last message", async (bench) => {
		let count = 0;
		const { near, wire, closes } = await receiving(bench, (_near, data) => {
			if (++count === 3) takeAway(data);
		});
		await until("three", () => count === 3);
		near.on("text", (text) => near.sendText(text));
		wire.write(frame(1, "goes on", { mask: true }));
		expect((await wire.frame()).payload.toString()).toBe("goes on");
		expect(closes).toEqual([]);
	});
});

describe("a handler that takes away the chunk that another message has begun in", () => {
	behaves(
		"fails its connection before that message is whole",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const errors: unknown[] = [];
			const closes = record(near, "close");
			const messages: Buffer[] = [];
			near.on("message", (data) => messages.push(data as Buffer));
			near.on("error", (error) => errors.push(error));
			const second = frame(2, Buffer.alloc(500_000, "y"), { mask: true });
			const cut = 40_000;
			wire.write(
				Buffer.concat([
					frame(2, PAYLOAD, { mask: true }),
					second.subarray(0, cut),
				]),
			);
			await until("the first message", () => messages.length === 1);
			// All that was written has come: the begin of the second message is held.
			await delay(50);
			const [first] = messages;
			try {
				takeAway(first);
			} catch {
				// Memory that several connections share is not transferred: Node.js 22 and newer refuse.
			}
			const isGone = first.length === 0;
			wire.write(second.subarray(cut));
			wire.write(frame(1, "behind it", { mask: true }));
			await until(
				"the outcome",
				() => errors.length === 1 || messages.length === 3,
			);
			if (isGone) {
				expect(errors).toEqual([taken]);
				expect(closes).toEqual([[1011, undefined]]);
				expect(messages.length).toBe(1);
			} else {
				expect(errors).toEqual([]);
				expect(messages[1].equals(Buffer.alloc(500_000, "y"))).toBe(true);
				expect(messages[2]).toBe("behind it");
			}
			wire.socket.destroy();
			await within("the end", near.closed);
		},
	);
});

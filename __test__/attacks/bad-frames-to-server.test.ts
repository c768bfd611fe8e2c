/** What a server does with frames that break a rule: the close code the peer reads, FIN, and everybody else is served. */
import { describe, expect } from "vitest";
import { next, record, within } from "../support/compat-wait.js";
import { frame, request } from "../support/compat-wire.js";
import { onEachEngine } from "../support/peer-engines.js";
import { badFrames, limits, unmaskedFrame } from "./bad-frames.js";

describe("a server that receives", () => {
	for (const bad of [...badFrames, unmaskedFrame]) {
		onEachEngine(`${bad.name} fails with ${bad.closeCode}`, async (bench) => {
			const { server, near, wire, port } = await bench.rawClient(limits);
			server.on("connection", (connection) =>
				connection.on("text", (text: string) => connection.sendText(text)),
			);
			if (bad.isCollected) near.on("message", () => {});
			const errors = record(near, "error");
			const closes = record(near, "close");

			wire.write(bad.bytes(true));
			const { opcode, payload, masked } = await wire.frame();
			expect({ opcode, masked, code: payload.readUInt16BE(0) }).toEqual({
				opcode: 8,
				masked: false,
				code: bad.closeCode,
			});
			// Nothing behind the close frame but FIN.
			expect(await wire.rest()).toHaveLength(0);
			wire.socket.end();
			expect(await within("the end", near.closed)).toEqual({
				code: 1006,
				reason: "",
				wasClean: false,
			});
			expect(closes).toEqual([[bad.closeCode, undefined]]);
			expect(errors).toHaveLength(1);
			expect(errors[0][0]).toMatchObject({
				code: bad.error,
				closeCode: bad.closeCode,
			});
			expect(near.readyState).toBe(3);
			expect(server.connections).toHaveLength(0);

			const other = await bench.dial(port);
			other.write(request());
			await other.head();
			other.write(frame(1, "still here", { mask: true }));
			expect((await other.frame()).payload.toString()).toBe("still here");
		});
	}

	onEachEngine(
		"a bad frame does not crash where nobody listens for 'error'",
		async (bench) => {
			const { near, wire } = await bench.rawClient(limits);
			const closed = next(near, "close");
			wire.write(frame(3, "", { mask: true }));
			expect(await closed).toEqual([1002, undefined]);
		},
	);

	onEachEngine(
		"good messages before a bad frame gets all of them",
		async (bench) => {
			const { near, wire } = await bench.rawClient(limits);
			const texts = record(near, "text");
			const closed = next(near, "close");
			const good = [..."abcdef"].map((text) => frame(1, text, { mask: true }));
			wire.write(...good, frame(3, "", { mask: true }), ...good);
			await closed;
			expect(texts.flat().join("")).toBe("abcdef");
		},
	);

	onEachEngine("a bad frame byte by byte fails the same way", async (bench) => {
		for (const bad of badFrames) {
			const { near, wire } = await bench.rawClient(limits);
			wire.socket.setNoDelay(true);
			if (bad.isCollected) near.on("message", () => {});
			const closed = next(near, "close");
			// The handler of 'data' sees every byte on its own, whatever TCP joins.
			for (const byte of bad.bytes(true)) {
				near.socket.emit("data", Buffer.of(byte));
			}
			expect(await closed, bad.name).toEqual([bad.closeCode, undefined]);
			wire.socket.destroy();
		}
	});
});

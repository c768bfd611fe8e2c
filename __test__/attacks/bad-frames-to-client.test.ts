/** What a client does with frames of a server that break a rule. */
import { describe, expect } from "vitest";
import { next, record, within } from "../support/compat-wait.js";
import { frame } from "../support/compat-wire.js";
import { onEachEngine } from "../support/peer-engines.js";
import { badFrames, limits, maskedFrame } from "./bad-frames.js";

describe("a client that receives", () => {
	for (const bad of [...badFrames, maskedFrame]) {
		onEachEngine(`${bad.name} fails with ${bad.closeCode}`, async (bench) => {
			const { far, wire } = await bench.rawServer(limits);
			if (bad.isCollected) far.on("message", () => {});
			const errors = record(far, "error");
			const closes = record(far, "close");

			wire.write(bad.bytes(false));
			const { opcode, payload, masked } = await wire.frame();
			expect({ opcode, masked, code: payload.readUInt16BE(0) }).toEqual({
				opcode: 8,
				masked: true,
				code: bad.closeCode,
			});
			expect(await wire.rest()).toHaveLength(0);
			wire.socket.end();
			expect(await within("the end", far.closed)).toEqual({
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
			expect(far.readyState).toBe(3);
		});
	}

	onEachEngine(
		"a bad frame does not crash where nobody listens for 'error'",
		async (bench) => {
			const { far, wire } = await bench.rawServer(limits);
			const closed = next(far, "close");
			wire.write(frame(3));
			expect(await closed).toEqual([1002, undefined]);
		},
	);
});

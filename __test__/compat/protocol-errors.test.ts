import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import { next, record } from "../support/compat-wait.js";
import { frame } from "../support/compat-wire.js";

const masked = { mask: true };

describe("a protocol error of the peer", () => {
	const violations: Record<string, Buffer> = {
		"RSV1 set": frame(1, "x", { mask: true, rsv: 4 }),
		"RSV2 set": frame(1, "x", { mask: true, rsv: 2 }),
		"RSV3 set": frame(2, "x", { mask: true, rsv: 1 }),
		"the reserved opcode 3": frame(3, "x", masked),
		"the reserved opcode 11": frame(11, "x", masked),
		"a fragmented ping": frame(9, "x", { mask: true, fin: false }),
		"a fragmented close": frame(8, "", { mask: true, fin: false }),
		"a continuation of nothing": frame(0, "x", masked),
		"a frame without a mask": frame(1, "x"),
		"a text inside a fragmented text": Buffer.concat([
			frame(1, "a", { mask: true, fin: false }),
			frame(1, "b", masked),
		]),
		"a binary inside a fragmented text": Buffer.concat([
			frame(1, "a", { mask: true, fin: false }),
			frame(2, "b", masked),
		]),
	};
	for (const [what, bytes] of Object.entries(violations)) {
		kept(`(${what}) closes with 1002 and no reason`, async (bench) => {
			const { near, wire } = await bench.rawClient();
			const closed = next(near, "close");
			wire.write(bytes);
			const { opcode, payload } = await wire.frame();
			expect([opcode, payload.toString("hex", 0, 2)]).toEqual([8, "03ea"]);
			expect(await closed).toEqual([1002, undefined]);
		});
	}

	kept(
		"(a masked frame) closes a client's connection with 1002",
		async (bench) => {
			const { far, wire } = await bench.rawServer();
			const closed = next(far, "close");
			wire.write(frame(1, "x", masked));
			expect((await wire.frame()).payload.readUInt16BE()).toBe(1002);
			expect((await closed)[0]).toBe(1002);
		},
	);

	fixed(
		"(a length not in the fewest bytes) closes with 1002",
		async (bench) => {
			for (const lengthBytes of [2, 8] as const) {
				const { wire } = await bench.rawClient();
				wire.write(frame(1, "x", { mask: true, lengthBytes }));
				expect((await wire.frame()).payload.readUInt16BE()).toBe(1002);
			}
		},
	);

	formerly("a length in more bytes than needed was accepted", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const text = next(near, "text");
		const short = "x".repeat(125);
		wire.write(frame(1, short, { mask: true, lengthBytes: 2 }));
		expect(await text).toEqual([short]);
	});

	kept(
		"still delivers what came before it in the same chunk",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const texts = record(near, "text");
			const closed = next(near, "close");
			wire.write(frame(1, "good", masked), frame(3, "bad", masked));
			await closed;
			expect(texts).toEqual([["good"]]);
		},
	);
});

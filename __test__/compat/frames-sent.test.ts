import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import { keyOf } from "../support/compat-bench.js";

describe("the frames on the wire", () => {
	kept("of a server's text are these bytes", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.sendText("hi");
		expect(await wire.take(4)).toEqual(Buffer.from("81026869", "hex"));
		near.sendText("");
		expect(await wire.take(2)).toEqual(Buffer.from("8100", "hex"));
		near.sendText("é€😀");
		expect(await wire.take(11)).toEqual(
			Buffer.from("8109c3a9e282acf09f9880", "hex"),
		);
	});

	kept("of a server's binary are these bytes", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.sendBinary(Buffer.from([0, 255, 128]));
		expect(await wire.take(5)).toEqual(Buffer.from("820300ff80", "hex"));
		near.sendBinary(Buffer.alloc(0));
		expect(await wire.take(2)).toEqual(Buffer.from("8200", "hex"));
	});

	kept("have the shortest length that fits", async (bench) => {
		const { near, wire } = await bench.rawClient();
		for (const [length, header] of [
			[125, "827d"],
			[126, "827e007e"],
			[65_535, "827effff"],
			[65_536, "827f0000000000010000"],
		] as const) {
			const data = Buffer.alloc(length, 7);
			near.sendBinary(data);
			const { bytes, payload } = await wire.frame();
			expect(bytes.toString("hex", 0, bytes.length - length)).toBe(header);
			expect(payload.equals(data)).toBe(true);
		}
	});

	kept("of a client are masked, each with a key of its own", async (bench) => {
		const { far, wire } = await bench.rawServer();
		const keys = new Set<string>();
		for (let i = 0; i < 8; i++) {
			far.sendText("hello");
			const frame = await wire.frame();
			expect(frame).toMatchObject({ fin: true, opcode: 1, masked: true });
			expect(frame.payload.toString()).toBe("hello");
			keys.add(String(frame.key?.toString("hex")));
		}
		expect(keys.size).toBeGreaterThan(4);
	});

	fixed(
		"of a client have masking keys that Math.random does not make",
		async (bench) => {
			const random = Math.random;
			bench.afterwards(() => {
				Math.random = random;
			});
			Math.random = () => 0;
			const { far, wire, head } = await bench.rawServer();
			const keys = new Set<string>();
			for (let i = 0; i < 4; i++) {
				far.sendText("hello");
				keys.add(String((await wire.frame()).key?.toString("hex")));
			}
			expect(keys.size).toBe(4);
			expect(keyOf(head)).not.toBe(Buffer.alloc(16).toString("base64"));
		},
	);

	formerly("Math.random made the keys", async (bench) => {
		const random = Math.random;
		bench.afterwards(() => {
			Math.random = random;
		});
		Math.random = () => 0;
		const { far, wire, head } = await bench.rawServer();
		far.sendText("hello");
		expect((await wire.frame()).key).toEqual(Buffer.alloc(4));
		expect(keyOf(head)).toBe(Buffer.alloc(16).toString("base64"));
	});

	kept("of one sendBinary are one, however long", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const data = Buffer.alloc(1_500_000, "abc");
		near.sendBinary(data);
		const { fin, opcode, payload } = await wire.frame();
		expect({ fin, opcode }).toEqual({ fin: true, opcode: 2 });
		expect(payload.equals(data)).toBe(true);
	});

	kept("of one sendText are one, however long", async (bench) => {
		const { far, wire } = await bench.rawServer();
		const text = "aé€😀".repeat(50_000);
		far.sendText(text);
		const { fin, opcode, payload } = await wire.frame();
		expect({ fin, opcode }).toEqual({ fin: true, opcode: 1 });
		expect(payload.toString() === text).toBe(true);
	});

	kept("leave the caller's Buffer as it was", async (bench) => {
		const { far, wire } = await bench.rawServer();
		const data = Buffer.from("unchanged");
		far.sendBinary(data);
		expect((await wire.frame()).payload.toString()).toBe("unchanged");
		expect(data.toString()).toBe("unchanged");
	});
});

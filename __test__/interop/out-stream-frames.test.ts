/** The frames of an OutStream: a receiver with a limit per frame, as 1.7.2 is one, depends on them. */
import { describe, expect } from "vitest";
import { kept } from "../support/both.js";

const DEFAULT = 512 * 1024;

describe("an OutStream", () => {
	kept(
		"sends every write that is long enough in a frame of its own, however fast they come",
		async (bench) => {
			bench.afterwards(() => bench.ws.setBinaryFragmentation(DEFAULT));
			bench.ws.setBinaryFragmentation(10);
			const { near, wire } = await bench.rawClient();
			const out = near.beginBinary();
			out.write("0123456789ab");
			out.write("c");
			out.write("defghijkl");
			out.write("mnopqrstuvwxyz");
			out.end("!");
			const frames = [];
			for (let i = 0; i < 4; i++) {
				const { fin, opcode, payload } = await wire.frame();
				frames.push([fin, opcode, payload.toString()]);
			}
			expect(frames).toEqual([
				[false, 2, "0123456789ab"],
				[false, 0, "cdefghijkl"],
				[false, 0, "mnopqrstuvwxyz"],
				[true, 0, "!"],
			]);
		},
	);
});

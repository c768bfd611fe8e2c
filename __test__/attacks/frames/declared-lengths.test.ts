/** Lengths that headers declare, with all limits at their defaults: judged at the header, and nothing is reserved on their word. */
import { describe } from "vitest";
import { frame, type Wire } from "../../support/compat-wire.js";
import { on, roles } from "../support/attack.js";
import { flood } from "../support/flood.js";
import { lastFramesOn } from "../support/sight.js";
import { header } from "./bad-frames.js";

const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;

interface Kind {
	name: string;
	opcode: number;
	/** How the victim's program takes such a message. */
	habit: string;
	/** Bytes the library holds of one byte of it. */
	held: number;
}

const kinds: Kind[] = [
	{ name: "a text", opcode: 1, habit: "echoes", held: 1 },
	{
		name: "a binary message that is collected",
		opcode: 2,
		habit: "collects",
		held: 1,
	},
	{
		name: "a binary message that is streamed",
		opcode: 2,
		habit: "streams",
		held: 0,
	},
];

/** Lengths that cannot be, with the close code for each. */
const impossible: [length: bigint, closeCode: number][] = [
	[1n << 63n, 1002],
	[(1n << 64n) - 1n, 1002],
	// With the header's own length it would be zero again.
	[(1n << 64n) - 14n, 1002],
	[1n << 53n, 1009],
	[(1n << 63n) - 1n, 1009],
];

for (const role of roles) {
	describe(`a ${role}`, () => {
		for (const { name, opcode, habit } of kinds) {
			on(role, {
				name: `fails at the header of ${name} of 2^53 bytes and more, first or further fragment`,
				habit,
				async run(peer) {
					const codes: number[] = [];
					for (const [length] of impossible) {
						const whole = await peer.open();
						whole.write(header(opcode, length)(peer.mask));
						codes.push((await lastFramesOn(whole)).closeCode);
						const fragmented = await peer.open();
						fragmented.write(
							frame(opcode, "begun", { fin: false, mask: peer.mask }),
							header(0, length)(peer.mask),
						);
						codes.push((await lastFramesOn(fragmented)).closeCode);
					}
					return { codes };
				},
				sees: { codes: impossible.flatMap(([, code]) => [code, code]) },
			});
		}

		for (const { name, opcode, habit, held } of kinds) {
			on(role, {
				name: `holds of ${name} what has come, whatever is declared`,
				habit,
				async run(peer) {
					const before = await peer.victim.measure();
					const wires: Wire[] = [];
					for (let i = 0; i < 50; i++) wires.push(await peer.open());
					for (const wire of wires)
						wire.write(
							frame(opcode, "x", { claim: MAX_MESSAGE_BYTES, mask: peer.mask }),
						);
					await peer.victim.until("pendingBytes", 50 * held);
					const after = await peer.victim.measure();
					const grown =
						after.heapUsed + after.external - before.heapUsed - before.external;
					const seen = wires.filter(({ pending }) => pending.length > 0).length;
					for (const wire of wires) wire.reset();
					return { isBounded: grown < 50 * 80 * 1024, seen };
				},
				sees: { isBounded: true, seen: 0 },
			});
		}

		on(role, {
			name: "fails a message that is begun and never goes on with 1001, where silence has a limit",
			options: { idleTimeoutMs: 300 },
			async run(peer) {
				const wire = await peer.open();
				wire.write(
					frame(1, "x", { claim: MAX_MESSAGE_BYTES, mask: peer.mask }),
				);
				return lastFramesOn(wire);
			},
			sees: { closeCode: 1001, behind: 0, end: "FIN" },
			told: { connections: [{ errors: [{ code: "WS_ERR_IDLE_TIMEOUT" }] }] },
		});

		for (const { name, opcode, habit } of kinds.slice(0, 2)) {
			on(role, {
				name: `fails ${name} of one byte too many at its header, and discards 32 MB that follow`,
				habit,
				async run(peer) {
					const wire = await peer.open();
					wire.write(
						frame(opcode, "", {
							claim: MAX_MESSAGE_BYTES + 1,
							mask: peer.mask,
						}),
					);
					const [seen] = await Promise.all([
						lastFramesOn(wire),
						flood(wire, Buffer.alloc(64 * 1024, "x"), 32_000_000),
					]);
					return seen;
				},
				sees: { closeCode: 1009, behind: 0 },
				told: {
					connections: [{ texts: 0, binaries: 0, closes: [[1009, undefined]] }],
				},
			});
		}
	});
}

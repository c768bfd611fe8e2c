/** Pings and pongs that come faster than anybody needs them, from peers that read the answers and from peers that do not. */
import { describe } from "vitest";
import { frame } from "../../support/compat-wire.js";
import { on, roles } from "../support/attack.js";
import { flood } from "../support/flood.js";
import { closeOn, lastFramesOn } from "../support/sight.js";

const PAYLOAD = "p".repeat(125);

for (const role of roles) {
	describe(`a ${role}`, () => {
		for (const [name, opcode] of [
			["pings", 9],
			["pongs nobody asked for", 10],
		] as const) {
			on(role, {
				name: `fails a flood of ${name} with 1008`,
				options: { closeTimeoutMs: 20_000 },
				async run(peer) {
					const wire = await peer.open();
					const many = Buffer.concat(
						Array(500).fill(frame(opcode, PAYLOAD, { mask: peer.mask })),
					);
					const [{ before, ...seen }] = await Promise.all([
						lastFramesOn(wire),
						flood(wire, many, 8_000_000),
					]);
					return {
						...seen,
						// A second's worth at once, and what comes of the next before they are read.
						isBounded: (before[10] ?? 0) < 5000,
					};
				},
				sees: { closeCode: 1008, behind: 0, isBounded: true },
				told: {
					connections: [
						{ errors: [{ code: "WS_ERR_RATE" }], closes: [[1008, undefined]] },
					],
				},
			});
		}

		on(role, {
			name: "keeps one pong, the last, for a peer that pings 32 MB and reads nothing",
			options: { maxControlFramesPerSecond: Number.POSITIVE_INFINITY },
			async run(peer) {
				const wire = await peer.open();
				// What comes with the handshake is read before it stops.
				wire.write(frame(9, "", { mask: peer.mask }));
				await wire.frame();
				wire.socket.pause();
				const count = 250_000;
				const many = Buffer.concat(
					Array(500).fill(frame(9, PAYLOAD, { mask: peer.mask })),
				);
				const before = await peer.victim.measure();
				await flood(wire, many, (many.length * count) / 500);
				wire.write(frame(9, "the last", { mask: peer.mask }));
				const { heapUsed, external } = await peer.victim.measure();
				const held = heapUsed + external - before.heapUsed - before.external;
				wire.socket.resume();
				let pongs = 0;
				while ((await wire.frame()).payload.toString() !== "the last") pongs++;
				await closeOn(wire, peer.mask);
				return { isCoalesced: pongs < count / 2, isBounded: held < 8_000_000 };
			},
			sees: { isCoalesced: true, isBounded: true },
			told: { connections: [{ errors: [], closes: [[1005, ""]] }] },
		});

		on(role, {
			name: "answers pings between the fragments of a message, before its end",
			async run(peer) {
				const wire = await peer.open();
				const { mask } = peer;
				wire.write(
					frame(1, "a", { fin: false, mask }),
					frame(9, "1", { mask }),
					frame(0, "b", { fin: false, mask }),
					frame(9, "2", { mask }),
					frame(0, "c", { mask }),
				);
				const came: string[] = [];
				for (let i = 0; i < 3; i++)
					came.push((await wire.frame()).payload.toString());
				await closeOn(wire, mask);
				return { came };
			},
			sees: { came: ["1", "2", "abc"] },
		});
	});
}

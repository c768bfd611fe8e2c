/** Peers from which nothing comes, or that are gone without a word: closed, where silence has a limit, and destroyed in time. */
import { describe } from "vitest";
import { frame } from "../../support/compat-wire.js";
import { on, roles } from "../support/attack.js";
import { lastFramesOn } from "../support/sight.js";

const silent = {
	connections: [
		{
			errors: [{ code: "WS_ERR_IDLE_TIMEOUT", closeCode: 1001 }],
			closes: [[1001, undefined]],
		},
	],
};

for (const role of roles) {
	describe(`a ${role}`, () => {
		on(role, {
			name: "closes a connection on which nothing comes with 1001",
			options: { idleTimeoutMs: 300 },
			async run(peer) {
				const wire = await peer.open();
				return lastFramesOn(wire);
			},
			sees: { closeCode: 1001, behind: 0, end: "FIN" },
			told: silent,
		});

		on(role, {
			name: "closes one on which something came, once nothing more does",
			options: { idleTimeoutMs: 300 },
			async run(peer) {
				const wire = await peer.open();
				wire.write(frame(1, "still here", { mask: peer.mask }));
				const { before, closeCode } = await lastFramesOn(wire);
				return { before, closeCode };
			},
			sees: { before: { 1: 1 }, closeCode: 1001 },
			told: silent,
		});

		on(role, {
			name: "destroys one whose peer neither sends, reads nor ends",
			options: { idleTimeoutMs: 300, closeTimeoutMs: 100 },
			async run(peer) {
				const wire = await peer.open();
				wire.socket.pause();
				await peer.victim.untilOpen();
				await peer.victim.until("sockets", peer.mask ? 1 : 0);
				await peer.victim.until("clients", 0);
				wire.reset();
				return {};
			},
			sees: {},
			told: {
				connections: [
					{
						errors: [
							{ code: "WS_ERR_IDLE_TIMEOUT" },
							{ code: "WS_ERR_CLOSE_TIMEOUT" },
						],
						result: { code: 1006, reason: "", wasClean: false },
					},
				],
			},
		});
	});
}

/** What all peers of a process together may have it hold of messages that are not complete. */
import { describe } from "vitest";
import { frame } from "../../support/compat-wire.js";
import { on, roles } from "../support/attack.js";
import { flood } from "../support/flood.js";
import { closeOn, lastFramesOn } from "../support/sight.js";

/** The library's default. */
const DEFAULT = 256 * 1024 * 1024;

for (const role of roles) {
	describe(`a ${role}`, () => {
		on(role, {
			name: "fails the one of many peers, each below its own limit, that exceeds the budget with 1013; it is free again afterwards",
			async run(peer) {
				const { victim, mask } = peer;
				await victim.setMaxPendingBytes(1_000_000);
				const whole = frame(1, "x".repeat(400_000), { mask });
				const part = whole.subarray(0, -100_000);
				const first = await peer.open();
				first.write(part);
				await victim.until("pendingBytes", 300_000);
				const second = await peer.open();
				second.write(part);
				await victim.until("pendingBytes", 600_000);
				const third = await peer.open();
				third.write(part);
				await victim.until("pendingBytes", 900_000);
				const last = await peer.open();
				last.write(part);
				const { closeCode } = await lastFramesOn(last);

				// The others are as they were, and can end their messages. What they held is free then, and what one held that is gone.
				first.write(whole.subarray(-100_000));
				const { payload } = await first.frame();
				second.reset();
				await victim.until("pendingBytes", 300_000);
				const next = await peer.open();
				next.write(part);
				await victim.until("pendingBytes", 600_000);
				for (const wire of [first, third, next]) wire.reset();
				await victim.setMaxPendingBytes(DEFAULT);
				return { closeCode, echoed: payload.length };
			},
			sees: { closeCode: 1013, echoed: 400_000 },
		});

		on(role, {
			name: "does not count what is streamed to a reader",
			habit: "streams",
			async run(peer) {
				const { victim, mask } = peer;
				await victim.setMaxPendingBytes(100_000);
				const wire = await peer.open();
				const piece = frame(0, Buffer.alloc(64 * 1024), { fin: false, mask });
				wire.write(frame(2, "", { fin: false, mask }));
				const isTaken = await flood(wire, piece, 3_000_000);
				wire.write(frame(0, "", { mask }));
				const end = await closeOn(wire, mask);
				await victim.setMaxPendingBytes(DEFAULT);
				return { isTaken, end };
			},
			sees: { isTaken: true, end: "FIN" },
			told: {
				connections: [{ binaries: 1, errors: [], closes: [[1005, ""]] }],
			},
		});
	});
}

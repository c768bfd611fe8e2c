/** Peers that send more per second than a program lets them: failed with 1008, or not read for a while. */
import { describe } from "vitest";
import { frame } from "../../support/compat-wire.js";
import { on, roles } from "../support/attack.js";
import { flood } from "../support/flood.js";
import { closeOn, lastFramesOn } from "../support/sight.js";

for (const role of roles) {
	describe(`a ${role}`, () => {
		for (const [name, options, payload] of [
			["messages", { maxMessagesPerSecond: 100 }, "x"],
			["bytes", { maxBytesPerSecond: 100_000 }, "x".repeat(10_000)],
		] as const) {
			on(role, {
				name: `fails a flood of ${name} with 1008, where their rate has a limit`,
				options: { ...options, closeTimeoutMs: 20_000 },
				async run(peer) {
					const wire = await peer.open();
					const text = frame(1, payload, { mask: peer.mask });
					const [{ before, ...seen }] = await Promise.all([
						lastFramesOn(wire),
						flood(wire, Buffer.concat(Array(100).fill(text)), 4_000_000),
					]);
					return { ...seen, isBounded: (before[1] ?? 0) <= 200 };
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
			name: "does not read a flood of messages for as long as its rate asks, where it may pause, and loses none",
			options: { maxMessagesPerSecond: 1000, ratePolicy: "pause" },
			async run(peer) {
				const wire = await peer.open();
				const texts = Array.from({ length: 1200 }, (_, i) => String(i));
				wire.write(...texts.map((text) => frame(1, text, { mask: peer.mask })));
				const came: string[] = [];
				while (came.length < texts.length)
					came.push((await wire.frame()).payload.toString());
				await closeOn(wire, peer.mask);
				return { isSame: came.join() === texts.join() };
			},
			sees: { isSame: true },
			told: { connections: [{ errors: [], texts: 1200 }] },
		});
	});
}

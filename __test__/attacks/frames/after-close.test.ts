/** What a peer sends behind a close frame, its own or the victim's: read, so that it does not pile up, and dropped. */
import { describe } from "vitest";
import { closeFrame, frame, type Wire } from "../../support/compat-wire.js";
import { on, type Peer, roles } from "../support/attack.js";
import { flood } from "../support/flood.js";
import { endOf, lastFramesOn } from "../support/sight.js";

const HUNDRED_MEGABYTES = 100_000_000;

/** Whole data frames, and a ping. */
function frames(mask: boolean): Buffer {
	return Buffer.concat([
		frame(1, "x".repeat(60_000), { mask }),
		frame(2, Buffer.alloc(60_000), { mask }),
		frame(9, "ping", { mask }),
	]);
}

/** A connection on which the peer has sent a close frame and has the victim's. */
async function closedByPeer(peer: Peer): Promise<Wire> {
	const wire = await peer.open();
	wire.write(closeFrame(1000, "bye", { mask: peer.mask }));
	await wire.frame();
	return wire;
}

const closedWell = {
	texts: 0,
	binaries: 0,
	errors: [],
	closes: [[1000, "bye"]],
	result: { code: 1000, reason: "bye", wasClean: true },
};

for (const role of roles) {
	describe(`a ${role}`, () => {
		for (const [name, chunkOf] of [
			["frames", frames],
			["no frames at all", () => Buffer.alloc(64 * 1024, 0xff)],
			[
				"close frames",
				(mask: boolean) =>
					Buffer.concat(Array(8000).fill(closeFrame(1001, "", { mask }))),
			],
		] as const) {
			on(role, {
				name: `discards 100 MB of ${name} behind the peer's close frame`,
				async run(peer) {
					const wire = await closedByPeer(peer);
					await flood(wire, chunkOf(peer.mask), HUNDRED_MEGABYTES);
					wire.socket.end();
					await wire.gone;
					return { bytes: wire.pending.length };
				},
				sees: { bytes: 0 },
				told: { connections: [closedWell] },
			});
		}

		on(role, {
			name: "discards 100 MB of frames between its own close frame and the peer's",
			habit: "closes",
			async run(peer) {
				const wire = await peer.open();
				wire.write(frame(1, "close", { mask: peer.mask }));
				await wire.frame();
				await flood(wire, frames(peer.mask), HUNDRED_MEGABYTES);
				wire.write(closeFrame(1000, "", { mask: peer.mask }));
				const end = await endOf(wire);
				return { end, bytes: wire.pending.length };
			},
			sees: { end: "FIN", bytes: 0 },
			told: {
				connections: [
					{
						texts: 1,
						binaries: 0,
						errors: [],
						closes: [[1000, "as asked"]],
						result: { code: 1000, reason: "", wasClean: true },
					},
				],
			},
		});

		on(role, {
			name: "destroys a connection whose peer floods it on after both close frames",
			options: { closeTimeoutMs: 200 },
			async run(peer) {
				const wire = await closedByPeer(peer);
				const chunk = frames(peer.mask);
				while (await flood(wire, chunk, HUNDRED_MEGABYTES));
				await wire.gone;
				return { bytes: wire.pending.length };
			},
			sees: { bytes: 0 },
			told: { connections: [closedWell] },
		});

		on(role, {
			name: "destroys a connection whose peer floods it and never answers its close frame",
			options: { closeTimeoutMs: 200 },
			habit: "closes",
			async run(peer) {
				const wire = await peer.open();
				wire.write(frame(1, "close", { mask: peer.mask }));
				await wire.frame();
				const chunk = frames(peer.mask);
				while (await flood(wire, chunk, HUNDRED_MEGABYTES));
				await wire.gone;
				return { bytes: wire.pending.length };
			},
			sees: { bytes: 0 },
			told: {
				connections: [
					{
						texts: 1,
						binaries: 0,
						errors: [{ code: "WS_ERR_CLOSE_TIMEOUT" }],
						closes: [[1000, "as asked"]],
						result: { code: 1006, reason: "", wasClean: false },
					},
				],
			},
		});

		on(role, {
			name: "destroys a connection whose peer is silent after its close frame",
			options: { closeTimeoutMs: 100 },
			habit: "closes",
			async run(peer) {
				const wire = await peer.open();
				wire.write(frame(1, "close", { mask: peer.mask }));
				const { closeCode } = await lastFramesOn(wire);
				return { closeCode };
			},
			sees: { closeCode: 1000 },
			told: { connections: [{ errors: [{ code: "WS_ERR_CLOSE_TIMEOUT" }] }] },
		});
	});
}

/** Frames that break a rule or a limit: the close code, FIN, and nothing more is read of them. */
import { describe } from "vitest";
import { frame } from "../../support/compat-wire.js";
import { on, roles } from "../support/attack.js";
import { lastFramesOn } from "../support/sight.js";
import { badFrames, limits, maskedFrame, unmaskedFrame } from "./bad-frames.js";

for (const role of roles) {
	const wrongMask = role === "server" ? unmaskedFrame : maskedFrame;
	describe(`a ${role} that receives`, () => {
		for (const bad of [...badFrames, wrongMask]) {
			on(role, {
				name: `${bad.name} fails with ${bad.closeCode}`,
				options: limits,
				habit: bad.isCollected ? "collects" : "echoes",
				async run(peer) {
					const wire = await peer.open();
					wire.write(bad.bytes(peer.mask));
					return lastFramesOn(wire);
				},
				sees: {
					closeCode: bad.closeCode,
					reason: "",
					isMasked: role === "client",
					behind: 0,
					end: "FIN",
				},
				told: {
					connections: [
						{
							errors: [{ code: bad.error, closeCode: bad.closeCode }],
							closes: [[bad.closeCode, undefined]],
							result: { code: 1006, reason: "", wasClean: false },
						},
					],
				},
			});
		}

		on(role, {
			name: "a bad frame behind good messages delivers all of them first",
			options: limits,
			async run(peer) {
				const wire = await peer.open();
				const { mask } = peer;
				const good = [..."abcdef"].map((text) => frame(1, text, { mask }));
				wire.write(...good, frame(3, "", { mask }), ...good);
				const { before, closeCode } = await lastFramesOn(wire);
				return { before, closeCode };
			},
			sees: { before: { 1: 6 }, closeCode: 1002 },
			told: { connections: [{ texts: 6 }] },
		});

		on(role, {
			name: "any of them byte by byte fails the same way",
			options: limits,
			async run(peer) {
				const wrong: string[] = [];
				for (const { name, bytes, closeCode, isCollected } of badFrames) {
					if (isCollected) continue;
					const wire = await peer.open();
					wire.socket.setNoDelay(true);
					for (const byte of bytes(peer.mask).subarray(0, 40))
						wire.socket.write(Buffer.of(byte));
					wire.socket.write(bytes(peer.mask).subarray(40));
					const last = await lastFramesOn(wire);
					if (last.closeCode !== closeCode) wrong.push(name);
				}
				return { wrong };
			},
			sees: { wrong: [] },
		});
	});
}

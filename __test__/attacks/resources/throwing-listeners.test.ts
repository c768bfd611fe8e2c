/**
 * Listeners that throw for what an attacker sends, in a program that survives its uncaught exceptions: each exception costs
 * the one event, and the parser goes on where it was.
 */
import { describe } from "vitest";
import { closeFrame, frame } from "../../support/compat-wire.js";
import { on, roles } from "../support/attack.js";
import { closeOn, lastFramesOn } from "../support/sight.js";

for (const role of roles) {
	describe(`a ${role}`, () => {
		on(role, {
			name: "delivers what follows a text whose listener throws, in the same chunk and in later ones",
			habit: "fails",
			async run(peer) {
				const wire = await peer.open();
				const { mask } = peer;
				const send = (...texts: string[]) =>
					wire.write(...texts.map((text) => frame(1, text, { mask })));
				send("a", "boom 1", "b", "boom 2", "boom 3", "c");
				const came: string[] = [];
				const read = async () =>
					came.push((await wire.frame()).payload.toString());
				for (let i = 0; i < 3; i++) await read();
				send("boom 4", "d");
				await read();
				await closeOn(wire, mask);
				return { came };
			},
			sees: { came: ["a", "b", "c", "d"] },
			throws: ["text: boom 1", "text: boom 2", "text: boom 3", "text: boom 4"],
			told: { connections: [{ texts: 8, errors: [], closes: [[1005, ""]] }] },
		});

		on(role, {
			name: "reads a text in fragments, cut anywhere, around control frames whose listeners throw",
			habit: "fails",
			async run(peer) {
				const wire = await peer.open();
				const { mask } = peer;
				const bytes = Buffer.concat([
					frame(1, "bo", { fin: false, mask }),
					frame(9, "boom ping", { mask }),
					frame(0, "om é".slice(0, 3), { fin: false, mask }),
					frame(10, "boom pong", { mask }),
					frame(0, "é".repeat(50), { mask }),
					frame(1, "next", { mask }),
				]);
				wire.socket.setNoDelay(true);
				for (const byte of bytes) {
					wire.socket.write(Buffer.of(byte));
					await new Promise(setImmediate);
				}
				const pong = await wire.frame();
				const text = await wire.frame();
				await closeOn(wire, mask);
				return {
					came: [pong.payload.toString(), text.payload.toString()],
				};
			},
			sees: { came: ["boom ping", "next"] },
			throws: [
				"ping: boom ping",
				"pong: boom pong",
				`text: boom ${"é".repeat(50)}`,
			],
		});

		on(role, {
			name: "delivers what follows a binary message whose listener throws, whole and in fragments",
			habit: "fails",
			async run(peer) {
				const wire = await peer.open();
				const { mask } = peer;
				wire.write(
					frame(2, "boom whole", { mask }),
					frame(1, "a", { mask }),
					frame(2, "boom", { fin: false, mask }),
					frame(0, " cut", { mask }),
					frame(1, "b", { mask }),
				);
				const came: string[] = [];
				for (let i = 0; i < 2; i++)
					came.push((await wire.frame()).payload.toString());
				await closeOn(wire, mask);
				return { came };
			},
			sees: { came: ["a", "b"] },
			throws: ["message: boom whole", "message: boom cut"],
		});

		on(role, {
			name: "goes on behind a binary stream whose reader throws",
			habit: "failsInStreams",
			async run(peer) {
				const wire = await peer.open();
				const { mask } = peer;
				wire.write(
					frame(2, "boom", { fin: false, mask }),
					frame(0, "rest", { mask }),
					frame(1, "a", { mask }),
				);
				const { payload } = await wire.frame();
				await closeOn(wire, mask);
				return { came: payload.toString() };
			},
			sees: { came: "a" },
			throws: ["data: boom"],
		});

		on(role, {
			name: "finishes the closing handshake though the listener of 'close' throws",
			habit: "fails",
			async run(peer) {
				const wire = await peer.open();
				wire.write(closeFrame(1000, "boom", { mask: peer.mask }));
				const { payload } = await wire.frame();
				wire.socket.end();
				await wire.gone;
				return {
					code: payload.readUInt16BE(0),
					reason: payload.toString("utf8", 2),
				};
			},
			sees: { code: 1000, reason: "boom" },
			throws: ["close: boom"],
			told: {
				connections: [
					{ result: { code: 1000, reason: "boom", wasClean: true } },
				],
			},
		});

		on(role, {
			name: "throws nothing itself for a broken frame where nobody listens for 'error'",
			habit: "ignores",
			async run(peer) {
				const wire = await peer.open();
				wire.write(frame(3, "", { mask: peer.mask }));
				return lastFramesOn(wire);
			},
			sees: { closeCode: 1002, behind: 0, end: "FIN" },
			told: { connections: [{ closes: [[1002, undefined]] }] },
		});

		on(role, {
			name: "throws nothing itself for a reset where nobody listens for 'error'",
			habit: "ignores",
			async run(peer) {
				const wire = await peer.open();
				await peer.victim.untilOpen();
				wire.reset();
				await wire.gone;
				return {};
			},
			sees: {},
			told: { connections: [{ closes: [[1006, ""]] }] },
		});
	});
}

/** As many frames as fit into a write: they are delivered in turns with other connections, and can be stopped in their middle. */
import { describe } from "vitest";
import { frame } from "../../support/compat-wire.js";
import { on, type Peer, roles } from "../support/attack.js";
import { closeOn } from "../support/sight.js";

const COUNT = 100_000;

/** Behind each "pause" the victim's program stops reading. */
const texts = [..."abc", "pause", ..."def", "pause", ..."ghi"];

/** Bytes of the echo of a text of one character. */
const echoBytes = (peer: Peer) => (peer.mask ? 3 : 7);

for (const role of roles) {
	describe(`a ${role}`, () => {
		on(role, {
			name: "delivers 100,000 texts of one write, and others are served between them",
			async run(peer) {
				const wire = await peer.open();
				const many = Buffer.concat(
					Array(COUNT).fill(frame(1, "x", { mask: peer.mask })),
				);
				wire.socket.write(many);
				const echoes = await wire.take(COUNT * echoBytes(peer));
				await closeOn(wire, peer.mask);
				// Those of a client are masked, each with a key of its own.
				const isWhole =
					!peer.mask ||
					echoes.equals(Buffer.alloc(echoes.length, frame(1, "x")));
				return { isWhole };
			},
			sees: { isWhole: true },
			told: { connections: [{ texts: COUNT, errors: [] }] },
		});

		on(role, {
			name: "discards 100,000 binary messages of one write",
			async run(peer) {
				const wire = await peer.open();
				wire.socket.write(
					Buffer.concat(Array(COUNT).fill(frame(2, "x", { mask: peer.mask }))),
				);
				wire.write(frame(1, "done", { mask: peer.mask }));
				const { payload } = await wire.frame();
				await closeOn(wire, peer.mask);
				return { text: payload.toString() };
			},
			sees: { text: "done" },
			told: { connections: [{ texts: 1, binaries: 0, errors: [] }] },
		});

		on(role, {
			name: "stops in the middle of a chunk when its program pauses, and goes on in order",
			habit: "pauses",
			async run(peer) {
				const wire = await peer.open();
				const { mask } = peer;
				wire.write(...texts.map((text) => frame(1, text, { mask })));
				const came: string[] = [];
				let early = 0;
				while (came.length < texts.length) {
					const text = (await wire.frame()).payload.toString();
					came.push(text);
					if (text !== "pause") continue;
					// Whatever would come all the same has come when this is answered.
					await peer.victim.held();
					early += wire.pending.length;
					await peer.victim.act("resume");
				}
				await closeOn(wire, mask);
				return { came, early };
			},
			sees: { came: texts, early: 0 },
			told: { connections: [{ texts: texts.length, errors: [] }] },
		});
	});
}

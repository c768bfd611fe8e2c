/** Peers that do not read what is sent to them: what waits for each has a limit. */
import { describe } from "vitest";
import { frame, type Wire } from "../../support/compat-wire.js";
import { on, type Peer, roles } from "../support/attack.js";

const MEBIBYTE = 1024 * 1024;

/** More than the kernels take for one connection, in messages of 64 KiB. */
const MESSAGES = 256;
const MESSAGE_BYTES = 64 * 1024;

interface Broadcast {
	/** Sends that were refused. */
	refused: number;
	/** The most that waited for one peer, in bytes. */
	most: number;
}

/** Has the victim send far more than is read to `count` peers that have stopped reading. */
async function overwhelm(
	peer: Peer,
	count: number,
): Promise<Broadcast & { wires: Wire[]; isBounded: boolean }> {
	const wires: Wire[] = [];
	for (let i = 0; i < count; i++) {
		const wire = await peer.open();
		await peer.victim.untilOpen();
		wire.socket.pause();
		wires.push(wire);
	}
	const { value } = await peer.victim.act("broadcast", MESSAGES, MESSAGE_BYTES);
	const { refused, most } = value as Broadcast;
	// A message is taken by a queue that is not full.
	const isBounded = most < MEBIBYTE + MESSAGE_BYTES + 100;
	return { wires, refused, most, isBounded };
}

/** Reads all that comes on a connection that is then closed. Returns how many messages that are. */
async function readAll(wire: Wire, mask: boolean): Promise<number> {
	wire.socket.resume();
	wire.write(frame(8, "", { mask }));
	let count = 0;
	while ((await wire.frame()).opcode === 2) count++;
	wire.socket.end();
	await wire.gone;
	return count;
}

for (const role of roles) {
	const peers = role === "server" ? 10 : 1;
	describe(`a ${role} that sends to ${peers} that read nothing`, () => {
		on(role, {
			name: "fails each that is a mebibyte behind with 1013, and destroys it in time",
			options: { maxBufferedBytes: MEBIBYTE, closeTimeoutMs: 200 },
			async run(peer) {
				const { wires, isBounded } = await overwhelm(peer, peers);
				await peer.victim.until("sockets", peer.mask ? 1 : 0);
				await peer.victim.until("clients", 0);
				for (const wire of wires) wire.reset();
				return { isBounded };
			},
			sees: { isBounded: true },
			told: {
				connections: Array(peers).fill({
					errors: [
						{ code: "WS_ERR_BUFFERED_BYTES", closeCode: 1013 },
						{ code: "WS_ERR_CLOSE_TIMEOUT" },
					],
					closes: [[1013, undefined]],
					result: { code: 1006, reason: "", wasClean: false },
				}),
			},
		});

		on(role, {
			name: "drops what is more than a mebibyte, says so, and sends the rest once it is read",
			options: { maxBufferedBytes: MEBIBYTE, overflowPolicy: "drop" },
			async run(peer) {
				const { wires, refused, isBounded } = await overwhelm(peer, peers);
				let came = 0;
				for (const wire of wires) came += await readAll(wire, peer.mask);
				return { isBounded, isDropped: refused > 0, sum: came + refused };
			},
			sees: { isBounded: true, isDropped: true, sum: peers * MESSAGES },
			told: {
				connections: Array(peers).fill({ errors: [], closes: [[1005, ""]] }),
			},
		});
	});
}

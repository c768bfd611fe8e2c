/** Little that becomes much, and much that becomes nothing. */
import { frame } from "../../support/compat-wire.js";
import { flood } from "../support/flood.js";
import { closeOn, lastFramesOn } from "../support/sight.js";
import { compress, compressedFrame, onBoth } from "./compressed.js";

/** 64 MB of zeros in 64 KB, on a victim that takes 2 MiB. */
const bomb = compress(Buffer.alloc(64_000_000));

const told = (code: string, closeCode: number) => ({
	connections: [
		{
			texts: 0,
			binaries: 0,
			errors: [{ code }],
			closes: [[closeCode, undefined]],
		},
	],
});

onBoth({
	name: "gives up a bomb in one frame with 1009, and holds no more than the limit of it",
	async run(peer) {
		const wire = await peer.open();
		wire.write(compressedFrame(1, bomb, peer));
		return lastFramesOn(wire);
	},
	sees: { before: {}, closeCode: 1009 },
	told: told("WS_ERR_MESSAGE_TOO_BIG", 1009),
});

onBoth({
	name: "gives up a bomb in fragments with 1009, before its end is there",
	async run(peer) {
		const wire = await peer.open();
		const { mask } = peer;
		for (let at = 0; at < 40_000; at += 100) {
			const piece = bomb.subarray(at, at + 100);
			wire.write(
				at === 0
					? compressedFrame(1, piece, { fin: false, mask })
					: frame(0, piece, { fin: false, mask }),
			);
		}
		return lastFramesOn(wire);
	},
	sees: { before: {}, closeCode: 1009 },
	told: told("WS_ERR_MESSAGE_TOO_BIG", 1009),
});

onBoth({
	name: "passes on a bomb that is streamed piece by piece, as its reader takes it",
	habit: "streams",
	async run(peer) {
		const wire = await peer.open();
		wire.write(compressedFrame(2, bomb, peer));
		return { end: await closeOn(wire, peer.mask) };
	},
	sees: { end: "FIN" },
	told: { connections: [{ binaries: 1, errors: [] }] },
});

onBoth({
	name: "gives up a message of blocks without content when its payload has the length of the limit",
	async run(peer) {
		const wire = await peer.open();
		const { mask } = peer;
		const empty = Buffer.concat(
			Array.from({ length: 3000 }, () => Buffer.from("000000ffff", "hex")),
		);
		wire.write(compressedFrame(1, empty, { fin: false, mask }));
		await flood(wire, frame(0, empty, { fin: false, mask }), 3_000_000);
		return lastFramesOn(wire);
	},
	sees: { before: {}, closeCode: 1009 },
	told: told("WS_ERR_MESSAGE_TOO_BIG", 1009),
});

onBoth({
	name: "reads many short messages that become long ones, others in between",
	options: { maxMessageBytes: 100_000 },
	async run(peer) {
		const wire = await peer.open();
		const message = compressedFrame(1, compress("x".repeat(90_000)), peer);
		wire.write(Buffer.concat(Array.from({ length: 40 }, () => message)));
		let echoes = 0;
		while (echoes < 40) {
			if ((await wire.frame()).opcode === 1) echoes++;
		}
		return { echoes, end: await closeOn(wire, peer.mask) };
	},
	sees: { echoes: 40, end: "FIN" },
	told: { connections: [{ texts: 40, errors: [] }] },
});

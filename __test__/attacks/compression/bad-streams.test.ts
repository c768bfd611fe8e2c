/** Payloads that are no compressed messages, and RSV1 where it must not be. */
import { describe } from "vitest";
import { frame } from "../../support/compat-wire.js";
import { on, roles } from "../support/attack.js";
import { lastFramesOn } from "../support/sight.js";
import { compress, compressedFrame, onBoth } from "./compressed.js";

const hex = (digits: string) => Buffer.from(digits, "hex");

/** What a stream of `count` last blocks is, each of them empty. */
const lastBlocks = (count: number) => Buffer.alloc(2 * count, hex("0300"));

const invalid: [name: string, payload: Buffer][] = [
	["a type of block that does not exist", hex("06")],
	["a stored block whose lengths do not fit together", hex("0005000000")],
	["a reference to what was never sent", hex("4a040100")],
	["a block that does not end", hex("f248cdc9c9")],
	["a last block that lacks its end", hex("f34805")],
	["noise", Buffer.alloc(5000, hex("ffa7130c"))],
	[
		"noise behind a last block",
		Buffer.concat([hex("f348cdc9c90700"), Buffer.alloc(5000, 0xff)]),
	],
	[
		"a long message with a type of block that does not exist behind it",
		Buffer.concat([compress("x".repeat(1_000_000)), hex("0000ffff06")]),
	],
];

for (const [name, payload] of invalid) {
	onBoth({
		name: `refuses ${name} with 1007`,
		async run(peer) {
			const wire = await peer.open();
			wire.write(compressedFrame(1, payload, peer));
			return lastFramesOn(wire);
		},
		sees: { before: {}, closeCode: 1007 },
		told: {
			connections: [
				{ texts: 0, errors: [{ code: "WS_ERR_INVALID_COMPRESSION" }] },
			],
		},
	});
}

onBoth({
	name: "refuses a reference to the message before with 1007, where it was agreed that there is none",
	async run(peer) {
		const wire = await peer.open();
		// "Hello", and again (RFC 7692 section 7.2.3.2).
		wire.write(
			Buffer.concat([
				compressedFrame(1, hex("f248cdc9c90700"), peer),
				compressedFrame(1, hex("f200110000"), peer),
			]),
		);
		return lastFramesOn(wire);
	},
	sees: { closeCode: 1007 },
	told: {
		connections: [
			{ texts: 1, errors: [{ code: "WS_ERR_INVALID_COMPRESSION" }] },
		],
	},
});

onBoth({
	name: "spends no more on a message of last blocks than on others",
	async run(peer) {
		const wire = await peer.open();
		wire.write(compressedFrame(1, lastBlocks(8000), peer));
		// Read or refused: that of the bystander is what counts.
		const { opcode } = await wire.frame();
		wire.reset();
		await wire.gone;
		return { isAnswered: opcode === 1 || opcode === 8 };
	},
	sees: { isAnswered: true },
});

onBoth({
	name: "refuses RSV1 on a continuation and on a ping with 1002",
	async run(peer) {
		const { mask } = peer;
		const codes: number[] = [];
		for (const opcode of [0, 9]) {
			const wire = await peer.open();
			wire.write(
				Buffer.concat([
					compressedFrame(1, hex("f248"), { fin: false, mask }),
					compressedFrame(opcode, hex("cdc9"), { mask }),
				]),
			);
			codes.push((await lastFramesOn(wire)).closeCode);
		}
		return { codes };
	},
	sees: { codes: [1002, 1002] },
});

for (const role of roles) {
	describe(`a ${role} without compression`, () => {
		on(role, {
			name: "refuses RSV1 with 1002",
			async run(peer) {
				const wire = await peer.open();
				wire.write(compressedFrame(1, compress("x"), peer));
				return lastFramesOn(wire);
			},
			sees: { before: {}, closeCode: 1002 },
		});
	});
}

onBoth({
	name: "goes on reading what is not compressed",
	async run(peer) {
		const wire = await peer.open();
		wire.write(frame(1, "plain", peer));
		const { payload } = await wire.frame();
		wire.reset();
		await wire.gone;
		return { echo: payload.toString() };
	},
	sees: { echo: "plain" },
});

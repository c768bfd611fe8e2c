/** Messages that come in more fragments than they should: counted where they are short, added up where they are long. */
import { describe } from "vitest";
import { frame } from "../../support/compat-wire.js";
import { on, roles } from "../support/attack.js";
import { flood } from "../support/flood.js";
import { closeOn, lastFramesOn } from "../support/sight.js";

const MEBIBYTE = 1024 * 1024;

/** `count` fragments of `length` bytes that never end their message; the first has `opcode`. */
function fragments(
	opcode: number,
	length: number,
	count: number,
	mask: boolean,
): Buffer {
	const payload = Buffer.alloc(length, "x");
	const options = { fin: false, mask };
	return Buffer.concat([
		frame(opcode, payload, options),
		...Array(count - 1).fill(frame(0, payload, options)),
	]);
}

interface Endless {
	name: string;
	opcode: number;
	habit: string;
	error: string;
}

const endless: Endless[] = [
	{
		name: "a text",
		opcode: 1,
		habit: "echoes",
		error: "WS_ERR_MESSAGE_TOO_BIG",
	},
	{
		name: "a binary message that is collected",
		opcode: 2,
		habit: "collects",
		error: "WS_ERR_MESSAGE_TOO_BIG",
	},
	{
		name: "a binary stream that nobody reads",
		opcode: 2,
		habit: "leaves",
		error: "WS_ERR_STREAM_UNREAD",
	},
];

for (const role of roles) {
	describe(`a ${role}`, () => {
		for (const { name, opcode, habit, error } of endless) {
			on(role, {
				name: `fails ${name} in long fragments without end with 1009`,
				options: { closeTimeoutMs: 20_000 },
				habit,
				async run(peer) {
					const wire = await peer.open();
					wire.write(fragments(opcode, 1, 1, peer.mask));
					const more = fragments(0, 64 * 1024, 1, peer.mask);
					const [seen] = await Promise.all([
						lastFramesOn(wire),
						flood(wire, more, 16 * MEBIBYTE),
					]);
					return seen;
				},
				sees: { closeCode: 1009, behind: 0 },
				told: {
					connections: [
						{
							errors: [{ code: error }],
							closes: [[1009, undefined]],
							texts: 0,
						},
					],
				},
			});
		}

		for (const { name, habit } of [
			{ name: "that is read", habit: "streams" },
			{ name: "that nobody wants", habit: "echoes" },
		]) {
			on(role, {
				name: `holds nothing of 64 MB of a binary message ${name}`,
				habit,
				async run(peer) {
					const wire = await peer.open();
					wire.write(fragments(2, 1, 1, peer.mask));
					const more = fragments(0, 64 * 1024, 1, peer.mask);
					const isTaken = await flood(wire, more, 64 * MEBIBYTE);
					wire.write(frame(9, "all read?", { mask: peer.mask }));
					const pong = await wire.frame();
					const { pendingBytes } = await peer.victim.held();
					wire.write(
						frame(0, "", { mask: peer.mask }),
						frame(1, "next", { mask: peer.mask }),
					);
					await closeOn(wire, peer.mask);
					return { isTaken, pong: pong.payload.toString(), pendingBytes };
				},
				sees: { isTaken: true, pong: "all read?", pendingBytes: 0 },
				told: {
					connections: [
						{
							errors: [],
							closes: [[1005, ""]],
							texts: habit === "echoes" ? 1 : 0,
						},
					],
				},
			});
		}

		for (const length of [0, 1, 63]) {
			for (const [name, opcode, habit] of [
				["a text", 1, "echoes"],
				["a binary message", 2, "collects"],
				["a binary stream", 2, "streams"],
			] as const) {
				on(role, {
					name: `fails ${name} in more than 16,384 fragments of ${length} bytes with 1008`,
					habit,
					async run(peer) {
						const wire = await peer.open();
						wire.write(fragments(opcode, length, 16_384, peer.mask));
						// A control frame between them is no fragment.
						wire.write(frame(9, "so far so good", { mask: peer.mask }));
						const pong = (await wire.frame()).payload.toString();
						wire.write(fragments(0, length, 1, peer.mask));
						return { pong, ...(await lastFramesOn(wire)) };
					},
					sees: {
						pong: "so far so good",
						closeCode: 1008,
						behind: 0,
						end: "FIN",
					},
					told: {
						connections: [
							{ texts: 0, errors: [{ code: "WS_ERR_TOO_MANY_FRAGMENTS" }] },
						],
					},
				});
			}
		}

		for (const [name, opcode, habit] of [
			["a text", 1, "echoes"],
			["a binary message", 2, "collects"],
		] as const) {
			on(role, {
				name: `holds no more than the bytes of ${name} in fragments of 64 bytes, up to the limit`,
				habit,
				async run(peer) {
					const wire = await peer.open();
					const before = await peer.victim.measure();
					wire.write(fragments(opcode, 64, 32_768, peer.mask));
					await peer.victim.until("pendingBytes", 2 * MEBIBYTE);
					const after = await peer.victim.measure();
					const grown =
						after.heapUsed + after.external - before.heapUsed - before.external;
					wire.write(fragments(0, 64, 1, peer.mask));
					const { closeCode } = await lastFramesOn(wire);
					return { closeCode, isBounded: grown < 6 * MEBIBYTE };
				},
				sees: { closeCode: 1009, isBounded: true },
			});
		}

		on(role, {
			name: "puts a text together that comes byte by byte, in fragments of one byte",
			async run(peer) {
				const wire = await peer.open();
				wire.socket.setNoDelay(true);
				const end = frame(0, "", { mask: peer.mask });
				const bytes = [...fragments(1, 1, 200, peer.mask), ...end];
				for (const byte of bytes) {
					wire.socket.write(Buffer.of(byte));
					await new Promise(setImmediate);
				}
				const { payload } = await wire.frame();
				await closeOn(wire, peer.mask);
				return { text: payload.toString() };
			},
			sees: { text: "x".repeat(200) },
		});
	});
}

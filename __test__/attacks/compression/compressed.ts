/** Compressed messages as an attacker makes them, and connections that are open for them. */
import { constants, deflateRawSync } from "node:zlib";
import {
	frame,
	request,
	response,
	type Wire,
} from "../../support/compat-wire.js";
import { type FrameAttack, onClient, onServer } from "../support/attack.js";

const EXTENSION = "permessage-deflate";

/** A client's offer: of a window that the server may limit. */
const OFFER = `${EXTENSION}; client_max_window_bits`;

/** What the victim agrees to: as little as `true` asks for. */
const ANSWER = `${EXTENSION}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12`;

/** The payload of a compressed message. */
export function compress(message: Uint8Array | string): Buffer {
	const flushed = deflateRawSync(message, {
		windowBits: 12,
		level: 9,
		finishFlush: constants.Z_SYNC_FLUSH,
	});
	return flushed.subarray(0, -4);
}

/** A frame with RSV1. */
export function compressedFrame(
	opcode: number,
	payload: Buffer,
	{ fin = true, mask = true } = {},
): Buffer {
	const bytes = frame(opcode, payload, { fin, mask });
	bytes[0] |= 0x40;
	return bytes;
}

/** Tests an attack on a victim in either role that has agreed to compression. */
export function onBoth(attack: FrameAttack): void {
	const options = { perMessageDeflate: true, ...attack.options };
	const { run, habit } = attack;
	onServer({
		...attack,
		name: `a server ${attack.name}`,
		setup: { options, habit },
		run: (server) =>
			run({
				victim: server.victim,
				mask: true,
				async open(): Promise<Wire> {
					const wire = await server.send(
						request({ "Sec-WebSocket-Extensions": OFFER }),
					);
					await wire.head();
					return wire;
				},
			}),
	});
	onClient({
		...attack,
		name: `a client ${attack.name}`,
		run: (client) =>
			run({
				victim: client.victim,
				mask: false,
				async open(): Promise<Wire> {
					const { wire, key } = await client.lure(options, habit);
					wire.write(response(key, { "Sec-WebSocket-Extensions": ANSWER }));
					return wire;
				},
			}),
	});
}

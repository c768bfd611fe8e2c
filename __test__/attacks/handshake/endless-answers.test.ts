/** Servers that answer without end: the client cuts them off, and holds nothing of it. */
import { describe } from "vitest";
import { acceptFor, response } from "../../support/compat-wire.js";
import { onClient } from "../support/attack.js";
import { flood } from "../support/flood.js";
import { endOf, lastFramesOn } from "../support/sight.js";

const MEGABYTE = 1_000_000;

/** More than the buffers of both kernels take without a reader. */
const ENDLESS = 64 * MEGABYTE;

describe("a client cuts off", () => {
	const answers: Record<string, [start: string, again: string, code: string]> =
		{
			"headers without end": [
				"HTTP/1.1 101 Switching Protocols\r\n",
				"X: y\r\n",
				"WS_ERR_HANDSHAKE_TOO_BIG",
			],
			"one header without end": [
				"HTTP/1.1 101 Switching Protocols\r\nX: ",
				"y",
				"WS_ERR_HANDSHAKE_TOO_BIG",
			],
			"a status line without end": [
				"HTTP/1.1 101 ",
				"y",
				"WS_ERR_HANDSHAKE_TOO_BIG",
			],
			"interim responses without end": [
				"",
				"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
				"WS_ERR_HANDSHAKE_TOO_BIG",
			],
			"a body without end": [
				"HTTP/1.1 404 Not Found\r\nContent-Length: 99999999999\r\n\r\n",
				"x",
				"WS_ERR_HANDSHAKE_STATUS",
			],
			"a chunked body without end": [
				"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n",
				"4\r\nwxyz\r\n",
				"WS_ERR_HANDSHAKE_STATUS",
			],
			"refusals without end": [
				"",
				"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
				"WS_ERR_HANDSHAKE_STATUS",
			],
		};
	for (const [name, [start, again, code]] of Object.entries(answers)) {
		onClient({
			name,
			async run(client) {
				const { wire } = await client.lure();
				wire.write(start);
				const chunk = Buffer.from(again.repeat(64_000 / again.length));
				const isTaken = await flood(wire, chunk, ENDLESS);
				await endOf(wire);
				return { isTaken, bytes: wire.pending.length };
			},
			sees: { isTaken: false, bytes: 0 },
			told: {
				connections: [
					{
						isOpen: false,
						errors: [{ code }],
						closes: [[1006, ""]],
						result: { code: 1006, reason: "", wasClean: false },
					},
				],
			},
		});
	}
});

describe("a client takes for frames", () => {
	const broken = {
		isOpen: true,
		errors: [{ code: "WS_ERR_RESERVED_BITS", closeCode: 1002 }],
		closes: [[1002, undefined]],
	};

	onClient({
		name: "the body of an answer that accepts",
		async run(client) {
			const { wire, key } = await client.lure();
			wire.write(response(key, { "Content-Length": "5" }), "hello");
			return lastFramesOn(wire);
		},
		sees: { closeCode: 1002, isMasked: true, behind: 0 },
		told: { connections: [broken] },
	});

	onClient({
		name: "a second answer behind the first",
		async run(client) {
			const { wire, key } = await client.lure();
			wire.write(response(key), response(key));
			return lastFramesOn(wire);
		},
		sees: { closeCode: 1002, isMasked: true, behind: 0 },
		told: { connections: [broken] },
	});

	onClient({
		name: "what precedes a header that would accept",
		async run(client) {
			const { wire, key } = await client.lure();
			// The empty line comes before the accept value.
			wire.write(
				"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
				`Sec-WebSocket-Accept: ${acceptFor(key)}\r\n\r\n`,
			);
			await endOf(wire);
			return { bytes: wire.pending.length };
		},
		sees: { bytes: 0 },
		told: {
			connections: [
				{ isOpen: false, errors: [{ code: "WS_ERR_HANDSHAKE_HEADERS" }] },
			],
		},
	});
});

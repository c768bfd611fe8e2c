/** Heads that do not come to an end: the time-out runs from when the connection was accepted, and nothing puts it off. */
import { describe } from "vitest";
import { request, type Wire } from "../../support/compat-wire.js";
import { onClient, onServer } from "../support/attack.js";
import { flood } from "../support/flood.js";
import { endOf, refusalOn } from "../support/sight.js";

const handshakeTimeoutMs = 300;
const setup = { options: { handshakeTimeoutMs } };

const tooSlow = { status: 408, end: "FIN" };
const refused408 = { code: "WS_ERR_HANDSHAKE_REFUSED", statusCode: 408 };

/** Writes `bytes` one by one, with a little time between them, until the victim has ended. */
async function drip(wire: Wire, bytes: string): Promise<void> {
	let at = 0;
	const timer = setInterval(() => {
		if (wire.socket.writable) wire.socket.write(bytes[at++ % bytes.length]);
	}, 10);
	await wire.ended;
	clearInterval(timer);
}

describe("a server", () => {
	const beginnings: Record<string, string> = {
		"sends nothing": "",
		"stops after the request line": "GET / HTTP/1.1\r\n",
		"stops inside a header": request().slice(0, 60),
		"leaves out the last line": request().slice(0, -2),
	};
	for (const [name, text] of Object.entries(beginnings)) {
		onServer({
			name: `answers 408 to a client that ${name}`,
			setup,
			run: async (server) => refusalOn(await server.send(text)),
			sees: tooSlow,
			told: { refusals: [refused408], connections: [] },
		});
	}

	onServer({
		name: "answers 408 to a client that sends a byte now and then",
		setup,
		async run(server) {
			const wire = await server.dial();
			await drip(wire, request({ "X-Long": "y".repeat(5000) }));
			return refusalOn(wire);
		},
		sees: tooSlow,
		told: { refusals: [refused408], connections: [] },
	});

	onServer({
		name: "answers 408 to each of 300 that do so at a time",
		setup,
		async run(server) {
			const wires: Wire[] = [];
			for (let i = 0; i < 300; i++) wires.push(await server.dial());
			for (const wire of wires) wire.write("GET / HTTP/1.1\r\nX: ");
			const answers = await Promise.all(
				wires.map(async (wire) => {
					await drip(wire, "y");
					return refusalOn(wire);
				}),
			);
			return { statuses: [...new Set(answers.map(({ status }) => status))] };
		},
		sees: { statuses: [408] },
		told: { refusals: Array(300).fill(refused408), connections: [] },
	});

	onServer({
		name: "answers 431 to headers that come without end",
		async run(server) {
			const wire = await server.send("GET / HTTP/1.1\r\n");
			const line = Buffer.from("X: y\r\n".repeat(10_000));
			const [answer] = await Promise.all([
				refusalOn(wire),
				flood(wire, line, 8_000_000),
			]);
			return answer;
		},
		sees: { status: 431 },
		told: {
			refusals: [{ code: "WS_ERR_HANDSHAKE_REFUSED", statusCode: 431 }],
			connections: [],
		},
	});

	onServer({
		name: "answers 400 to megabytes that are no request",
		async run(server) {
			const wire = await server.dial();
			const [answer] = await Promise.all([
				refusalOn(wire),
				flood(wire, Buffer.alloc(64 * 1024, "x"), 8_000_000),
			]);
			return answer;
		},
		sees: { status: 400 },
		told: {
			refusals: [{ code: "WS_ERR_HANDSHAKE_REFUSED", statusCode: 400 }],
			connections: [],
		},
	});
});

describe("a client", () => {
	const timedOut = {
		isOpen: false,
		errors: [{ code: "WS_ERR_HANDSHAKE_TIMEOUT" }],
		closes: [[1006, ""]],
	};

	onClient({
		name: "gives up a server that says nothing",
		async run(client) {
			const { wire } = await client.lure({ handshakeTimeoutMs });
			return { end: await endOf(wire), bytes: wire.pending.length };
		},
		sees: { bytes: 0 },
		told: { connections: [timedOut] },
	});

	onClient({
		name: "gives up a server that sends a byte now and then",
		async run(client) {
			const { wire } = await client.lure({ handshakeTimeoutMs });
			wire.write("HTTP/1.1 101 Switching Protocols\r\n");
			await drip(wire, "X: y\r\n");
			return { end: await endOf(wire), bytes: wire.pending.length };
		},
		sees: { bytes: 0 },
		told: { connections: [timedOut] },
	});
});

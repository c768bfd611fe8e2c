/** Bytes that come behind a request before it has been answered: kept within a cap, not lost, and nothing where it is refused. */
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe } from "vitest";
import {
	frame,
	request,
	response,
	type Wire,
} from "../../support/compat-wire.js";
import { onClient, onServer } from "../support/attack.js";
import { flood } from "../support/flood.js";
import { lastFramesOn, refusalOn } from "../support/sight.js";

const VERSION = "Sec-WebSocket-Version";
const text = (payload: string) => frame(1, payload, { mask: true });

/** The texts that come back, as many as there are in `count`. */
async function texts(wire: Wire, count: number): Promise<string[]> {
	const all: string[] = [];
	while (all.length < count) all.push((await wire.frame()).payload.toString());
	return all;
}

/** Resolves when nothing more of what was written has been taken for a while. */
async function stalled(socket: Socket): Promise<void> {
	let left = -1;
	while (socket.writableLength !== left) {
		left = socket.writableLength;
		await delay(50);
	}
}

async function leave(wire: Wire): Promise<void> {
	wire.reset();
	await wire.gone;
}

const accepted = { refusals: [], connections: [{ isOpen: true }] };

describe("a server", () => {
	onServer({
		name: "delivers frames that come in one packet with the request",
		async run(server) {
			const wire = await server.dial();
			wire.write(request(), text("first"), text("second"));
			await wire.head();
			const echoed = await texts(wire, 2);
			await leave(wire);
			return { echoed };
		},
		sees: { echoed: ["first", "second"] },
		told: accepted,
	});

	onServer({
		name: "delivers a frame that is cut where the request ends, byte by byte",
		async run(server) {
			const wire = await server.dial();
			wire.socket.setNoDelay(true);
			const bytes = Buffer.concat([Buffer.from(request()), text("cut")]);
			wire.socket.write(bytes.subarray(0, -8));
			await wire.head();
			for (const byte of bytes.subarray(-8)) wire.socket.write(Buffer.of(byte));
			const echoed = await texts(wire, 1);
			await leave(wire);
			return { echoed };
		},
		sees: { echoed: ["cut"] },
		told: accepted,
	});

	onServer({
		name: "delivers megabytes that come behind the request, in order",
		async run(server) {
			const wire = await server.dial();
			const all = Array.from({ length: 64 }, (_, i) => `${i} `.repeat(20_000));
			wire.write(request(), ...all.map(text));
			await wire.head();
			const echoed = await texts(wire, all.length);
			await leave(wire);
			return { isSame: echoed.join() === all.join() };
		},
		sees: { isSame: true },
		told: accepted,
	});

	onServer({
		name: "does not take frames behind a refused request for accepted ones",
		async run(server) {
			const wire = await server.dial();
			wire.write(request({ [VERSION]: "8" }), ...Array(1000).fill(text("x")));
			return refusalOn(wire);
		},
		sees: { status: 426, end: "FIN" },
		told: { refusals: [{ statusCode: 426 }], connections: [] },
	});

	onServer({
		name: "answers an upgrade that expects 100-continue once, with 101",
		async run(server) {
			const wire = await server.dial();
			wire.write(request({ Expect: "100-continue" }), text("first"));
			const head = await wire.head();
			const echoed = await texts(wire, 1);
			await leave(wire);
			return { status: head.slice(9, 12), echoed };
		},
		sees: { status: "101", echoed: ["first"] },
		told: accepted,
	});

	onServer({
		name: "answers 400 to frames that come before the request",
		async run(server) {
			const wire = await server.dial();
			wire.write(text("early"), request());
			return refusalOn(wire);
		},
		sees: { status: 400, end: "FIN" },
		told: { refusals: [{ statusCode: 400 }], connections: [] },
	});
});

describe("a client", () => {
	onClient({
		name: "delivers frames that come in one packet with the answer",
		async run(client) {
			const { wire, key } = await client.lure();
			wire.write(response(key), frame(1, "first"), frame(1, "second"));
			const echoed = await texts(wire, 2);
			await leave(wire);
			return { echoed };
		},
		sees: { echoed: ["first", "second"] },
		told: accepted,
	});

	onClient({
		name: "reads an answer byte by byte, behind a few interim ones, and frames behind it",
		async run(client) {
			const { wire, key } = await client.lure();
			wire.socket.setNoDelay(true);
			const interim =
				"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
			const bytes = Buffer.concat([
				Buffer.from(interim + response(key)),
				frame(1, "cut"),
			]);
			for (const byte of bytes) {
				wire.socket.write(Buffer.of(byte));
				await new Promise(setImmediate);
			}
			const echoed = await texts(wire, 1);
			await leave(wire);
			return { echoed };
		},
		sees: { echoed: ["cut"] },
		told: accepted,
	});
});

describe("while authorize is awaited, a server", () => {
	const setup = { authorize: "waits" };

	onServer({
		name: "keeps what comes, and delivers it once the peer is let in",
		setup,
		async run(server) {
			const wire = await server.dial();
			wire.write(request(), text("first"));
			wire.write(text("second"));
			await server.victim.act("decide", 1);
			await wire.head();
			const echoed = await texts(wire, 2);
			await leave(wire);
			return { echoed };
		},
		sees: { echoed: ["first", "second"] },
		told: accepted,
	});

	onServer({
		name: "does not parse what comes from a peer that is not let in",
		setup,
		async run(server) {
			const wire = await server.dial();
			wire.write(request({}, "GET /forbidden HTTP/1.1"), text("x"));
			wire.write(text("y"));
			await server.victim.act("decide", 1);
			return refusalOn(wire);
		},
		sees: { status: 403, end: "FIN" },
		told: { refusals: [{ statusCode: 403 }], connections: [] },
	});

	onServer({
		name: "reads no more than a socket's buffer of a flood from each of 20 peers",
		setup,
		async run(server) {
			const wires: Wire[] = [];
			for (let i = 0; i < 20; i++) wires.push(await server.dial());
			const before = await server.victim.usage();
			const floods = wires.map((wire) => {
				wire.write(request({}, "GET /forbidden HTTP/1.1"));
				return flood(wire, Buffer.alloc(64 * 1024, text("x")), 8_000_000);
			});
			// All they may write is on its way by then, as far as the kernels and the victim take it.
			await Promise.all(wires.map(({ socket }) => stalled(socket)));
			const { external } = await server.victim.usage();
			await server.victim.act("decide", 20);
			const answers = await Promise.all(wires.map(refusalOn));
			await Promise.all(floods);
			return {
				isBounded: external - before.external < 20 * 256 * 1024,
				statuses: [...new Set(answers.map(({ status }) => status))],
			};
		},
		sees: { isBounded: true, statuses: [403] },
		told: { connections: [] },
	});
});

describe("of requests that follow another, a server", () => {
	onServer({
		name: "answers the first, bad one, and nothing else",
		async run(server) {
			const bad = request({ [VERSION]: "8" });
			return refusalOn(await server.send(bad + bad + request()));
		},
		sees: { status: 426, end: "FIN" },
		told: { refusals: [{ statusCode: 426 }], connections: [] },
	});

	onServer({
		name: "takes those behind one that was accepted for frames",
		async run(server) {
			const wire = await server.send(request() + request());
			await wire.head();
			return lastFramesOn(wire);
		},
		sees: { closeCode: 1002, behind: 0 },
		told: { connections: [{ errors: [{ code: "WS_ERR_RESERVED_BITS" }] }] },
	});

	onServer({
		name: "keeps nothing, be they hundreds of thousands",
		async run(server) {
			const before = await server.victim.measure();
			const wire = await server.dial();
			const [answer] = await Promise.all([
				refusalOn(wire),
				flood(
					wire,
					Buffer.from("GET / HTTP/1.1\r\n\r\n".repeat(4000)),
					8_000_000,
				),
			]);
			const after = await server.victim.measure();
			const grown =
				after.heapUsed + after.external - before.heapUsed - before.external;
			return { status: answer.status, isKept: grown > 8_000_000 };
		},
		sees: { status: 426, isKept: false },
		told: { refusals: [{ statusCode: 426 }], connections: [] },
	});
});

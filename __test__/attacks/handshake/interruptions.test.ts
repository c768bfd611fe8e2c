/** Peers that go away, and parts of the program that throw, in the middle of an opening handshake: nobody else notices. */
import { describe, expect } from "vitest";
import { frame, request, type Wire } from "../../support/compat-wire.js";
import { onClient, onServer } from "../support/attack.js";
import { endOf, refusalOn } from "../support/sight.js";
import type { Setup } from "../support/victim.js";

const good = request();

describe("a server survives a reset", () => {
	const moments: Record<string, string> = {
		"before it has accepted the connection": "",
		"inside the request line": "GET",
		"inside a header": good.slice(0, 60),
		"before the last byte of the request": good.slice(0, -1),
		"right behind the request": good,
		"right behind a bad request": request({ "Sec-WebSocket-Key": null }),
		"right behind what is no request": "\0\0",
	};
	for (const [name, text] of Object.entries(moments)) {
		onServer({
			name: `of each of 50 connections, ${name}`,
			async run(server) {
				let gone = 0;
				const leave = async () => {
					const wire = await server.dial();
					if (text !== "") wire.write(text);
					wire.reset();
					await wire.gone;
					gone++;
				};
				await Promise.all(Array.from({ length: 50 }, leave));
				return { gone };
			},
			sees: { gone: 50 },
		});
	}
});

describe("a client survives", () => {
	onClient({
		name: "a reset before it has an answer",
		async run(client) {
			const { wire } = await client.lure();
			wire.reset();
			await wire.gone;
			return {};
		},
		sees: {},
		told: {
			connections: [
				{
					isOpen: false,
					errors: [{ code: "ECONNRESET" }],
					closes: [[1006, ""]],
				},
			],
		},
	});

	for (const start of [
		"",
		"HTTP/1.1 101 Swit",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n",
	]) {
		onClient({
			name: `an end behind ${start.length} bytes of an answer`,
			async run(client) {
				const { wire } = await client.lure();
				wire.socket.end(start);
				await endOf(wire);
				return { bytes: wire.pending.length };
			},
			sees: { bytes: 0 },
			told: {
				connections: [
					{
						isOpen: false,
						errors: [{ code: "WS_ERR_CONNECTION_LOST" }],
						closes: [[1006, ""]],
					},
				],
			},
		});
	}
});

describe("a client that listens for no 'error' survives", () => {
	const acts: Record<string, (wire: Wire) => void> = {
		"an answer that is none": (wire) => wire.write("garbage\r\n\r\n"),
		"a refusal": (wire) =>
			wire.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
		"a reset": (wire) => wire.reset(),
		"an end": (wire) => wire.socket.end(),
	};
	for (const [name, act] of Object.entries(acts)) {
		onClient({
			name,
			async run(client) {
				const { wire } = await client.lure({}, "ignores");
				act(wire);
				wire.socket.end();
				await wire.gone;
				return {};
			},
			sees: {},
			told: { connections: [{ isOpen: false, closes: [[1006, ""]] }] },
		});
	}
});

describe("a server answers 500, and does not say why,", () => {
	const offering = request({ "Sec-WebSocket-Protocol": "chat" });
	interface Failing {
		name: string;
		setup: Setup;
		text: string;
		/** What the program is told of it. */
		cause?: string;
	}
	const failing: Failing[] = [
		{
			name: "selectProtocol throws",
			setup: { selectProtocol: "throws" },
			text: offering,
			cause: "no such table",
		},
		{
			name: "selectProtocol chooses what was not offered",
			setup: { selectProtocol: "invents" },
			text: offering,
		},
		{
			name: "selectProtocol chooses a number",
			setup: { selectProtocol: "counts" },
			text: offering,
		},
		{
			name: "selectProtocol chooses an object",
			setup: { selectProtocol: "objects" },
			text: offering,
		},
		{
			name: "authorize throws",
			setup: { authorize: "throws" },
			text: good,
			cause: "no such user",
		},
		{
			name: "what authorize promised is rejected",
			setup: { authorize: "rejects" },
			text: good,
			cause: "no such user",
		},
	];
	for (const { name, setup, text, cause } of failing) {
		onServer({
			name: `where ${name}`,
			setup,
			async run(server) {
				const wire = await server.send(text);
				const answer = await refusalOn(wire);
				return { ...answer, all: JSON.stringify(answer) };
			},
			sees: {
				status: 500,
				end: "FIN",
				all: expect.not.stringContaining("no such"),
			},
			told: {
				refusals: [
					{
						code: "WS_ERR_HANDSHAKE_CALLBACK",
						statusCode: 500,
						...(cause && { cause }),
					},
				],
				connections: [],
			},
		});
	}
});

describe("an exception that is the program's own, and that it catches as uncaught,", () => {
	onServer({
		name: "in a listener of 'connection' leaves the connection open and others served",
		setup: { habit: "throws" },
		async run(server) {
			const wire = await server.open();
			wire.write(frame(9, "", { mask: true }));
			const { opcode } = await wire.frame();
			wire.reset();
			await wire.gone;
			return { opcode };
		},
		sees: { opcode: 10 },
		throws: ["a listener of 'connection'"],
		told: { connections: [{ isOpen: true }] },
	});

	onServer({
		name: "in a listener of 'handshakeError' keeps no answer back",
		setup: { refusal: "throws" },
		run: async (server) => refusalOn(await server.send("hello\r\n\r\n")),
		sees: { status: 400, end: "FIN" },
		throws: ["a listener of 'handshakeError'"],
		told: { refusals: [{ statusCode: 400 }], connections: [] },
	});
});

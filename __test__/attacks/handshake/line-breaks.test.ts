/** Line breaks in what becomes part of a head: refused before a byte is written, so that nobody can add headers or requests. */
import { describe, expect } from "vitest";
import { request } from "../../support/compat-wire.js";
import { onClient, onServer } from "../support/attack.js";
import { refusalOn } from "../support/sight.js";

const INJECTED = "\r\nX-Injected: y";

describe("a client", () => {
	const options: Record<string, Record<string, unknown>> = {
		"the value of a header": { extraHeaders: { X: `a${INJECTED}` } },
		"the value of a header, as LF alone": { extraHeaders: { X: "a\nX: b" } },
		"the value of a header, as CR alone": { extraHeaders: { X: "a\rX: b" } },
		"the name of a header": { extraHeaders: { [`X: a${INJECTED}`]: "b" } },
		"the value of a header that is an array": {
			extraHeaders: { X: ["a", `b${INJECTED}`] },
		},
		"a subprotocol": { protocols: [`chat${INJECTED}`] },
	};
	for (const [name, each] of Object.entries(options)) {
		onClient({
			name: `throws for a line break in ${name}, and connects to nobody`,
			async run(client) {
				const { thrown } = await client.victim.connect(client.url, each);
				// Whatever had come of it would have come before this one.
				const { wire, head } = await client.lure();
				wire.reset();
				await wire.gone;
				return { thrown, connections: client.takeCount(), head };
			},
			sees: {
				thrown: {
					name: "TypeError",
					code: expect.stringMatching(/^WS_ERR_(OPTION|INVALID_HEADER)$/),
				},
				connections: 1,
				head: expect.not.stringContaining("X-Injected"),
			},
		});
	}

	onClient({
		name: "escapes a line break in the path",
		async run(client) {
			const came = client.next();
			await client.victim.connect(`${client.url}a?b${INJECTED}`);
			const wire = await came;
			const head = await wire.head();
			wire.reset();
			await wire.gone;
			return { line: head.split("\r\n")[0], head };
		},
		sees: {
			line: "GET /a?b%0D%0AX-Injected:%20y HTTP/1.1",
			head: expect.not.stringContaining("\nX-Injected"),
		},
	});
});

describe("a server answers 500", () => {
	onServer({
		name: "where selectProtocol returns a line break",
		setup: { selectProtocol: "injects" },
		run: async (server) =>
			refusalOn(
				await server.send(request({ "Sec-WebSocket-Protocol": "chat" })),
			),
		sees: { status: 500, fields: expect.not.objectContaining({ x: "y" }) },
		told: {
			refusals: [{ code: "WS_ERR_HANDSHAKE_CALLBACK" }],
			connections: [],
		},
	});

	onServer({
		name: "where authorize returns a header with a line break",
		setup: { authorize: "injects" },
		run: async (server) => refusalOn(await server.send(request())),
		sees: { status: 500, fields: expect.not.objectContaining({ x: "y" }) },
		told: {
			refusals: [{ code: "WS_ERR_HANDSHAKE_CALLBACK" }],
			connections: [],
		},
	});
});

/** Requests that are meant for somebody else: nothing is asked of a host that a request names, and the lists of hosts and origins hold. */
import { describe, expect } from "vitest";
import { request } from "../../support/compat-wire.js";
import { onServer } from "../support/attack.js";
import { refusalOn } from "../support/sight.js";

/** How each target that names another server is answered. */
const targets: Record<
	string,
	[target: (port: number) => string, status: number]
> = {
	"an absolute-form target": [
		(port) => `GET http://127.0.0.1:${port}/admin`,
		101,
	],
	"an absolute-form target of ws": [
		(port) => `GET ws://127.0.0.1:${port}/`,
		101,
	],
	"a path that begins as a host": [(port) => `GET //127.0.0.1:${port}/`, 101],
	"a CONNECT": [(port) => `CONNECT 127.0.0.1:${port}`, 405],
	"a POST with an absolute-form target": [
		(port) => `POST http://127.0.0.1:${port}/`,
		405,
	],
};

describe("a server connects to nobody for", () => {
	for (const [name, [target, status]] of Object.entries(targets)) {
		onServer({
			name: `${name}, and answers ${status}`,
			async run(server) {
				let asked = 0;
				const internal = await server.bench.listenRaw(() => asked++);
				const wire = await server.send(
					request({}, `${target(internal)} HTTP/1.1`),
				);
				const head = await wire.head();
				if (status === 101) await server.echoOn(wire, "served");
				wire.reset();
				await wire.gone;
				return { status: Number(head.slice(9, 12)), asked };
			},
			sees: { status, asked: 0 },
			// It is told as it came.
			told: {
				connections:
					status === 101
						? [{ path: expect.stringContaining("127.0.0.1") }]
						: [],
			},
		});
	}
});

/** The bystander sends no Origin. */
const ofOwnPages = { options: { origins: ["https://example.com", null] } };

describe("a server that knows its pages answers 403 to", () => {
	const origins = [
		"https://evil.example",
		"http://example.com",
		"https://example.com:8443",
		"https://example.com.evil.example",
		"https://evil-example.com",
		"https://evil.example/https://example.com",
		"https://example.com/",
		"null",
		"",
		"__proto__",
	];
	for (const origin of origins) {
		onServer({
			name: `a page of ${origin || "nobody"}`,
			setup: ofOwnPages,
			run: async (server) =>
				refusalOn(await server.send(request({ Origin: origin }))),
			sees: { status: 403, end: "FIN" },
			told: { refusals: [{ statusCode: 403 }], connections: [] },
		});
	}
});

onServer({
	name: "a server that knows its pages answers 400 to two origins",
	setup: ofOwnPages,
	run: async (server) =>
		refusalOn(
			await server.send(
				request({
					Origin: "https://example.com\r\nOrigin: https://evil.example",
				}),
			),
		),
	sees: { status: 400, end: "FIN" },
	told: { refusals: [{ statusCode: 400 }], connections: [] },
});

describe("a server that knows its names answers 421 to", () => {
	const requests: Record<string, string> = {
		"a name that is not its own": request({ Host: "evil.example" }),
		"a name that begins as its own": request({
			Host: "localhost.evil.example",
		}),
		"its own name as that of a user": request({
			Host: "localhost@evil.example",
		}),
		"an empty name": request({ Host: "" }),
		"an absolute-form target of another name": request(
			{},
			"GET http://evil.example/ HTTP/1.1",
		),
	};
	for (const [name, text] of Object.entries(requests)) {
		onServer({
			name,
			setup: { options: { hosts: ["localhost"] } },
			run: async (server) => refusalOn(await server.send(text)),
			sees: {
				status: 421,
				end: "FIN",
				fields: expect.not.objectContaining({ upgrade: "websocket" }),
			},
			told: { refusals: [{ statusCode: 421 }], connections: [] },
		});
	}
});

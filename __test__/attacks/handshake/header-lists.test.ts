/** Header values that parsers have choked on: lists with endless gaps, quotes that are never closed, names of the prototype. */
import { describe, expect } from "vitest";
import { request } from "../../support/compat-wire.js";
import { onServer } from "../support/attack.js";
import { refusalOn } from "../support/sight.js";
import type { ServerTarget } from "../support/target.js";

/** Sends a text on a connection that was opened with `headers`. Returns how the handshake was answered, and the echo. */
async function openWith(
	server: ServerTarget,
	headers: Record<string, string>,
): Promise<{ head: string; echo: string }> {
	const wire = await server.send(request(headers));
	const head = await wire.head();
	const echo = await server.echoOn(wire, "served");
	wire.reset();
	await wire.gone;
	return { head, echo };
}

/** Values of `length` bytes that make a careless parser go back and forth. */
const values: Record<string, (length: number) => string> = {
	"a subprotocol with spaces inside": (length) => `b${" ".repeat(length)}x`,
	"subprotocols between tabs": (length) => `b${"\t,".repeat(length / 2)}`,
	"nothing but commas": (length) => ",".repeat(length),
	"a subprotocol that comes again and again": (length) =>
		"ab,".repeat(length / 3),
};

describe("a list of subprotocols", () => {
	for (const [name, value] of Object.entries(values)) {
		onServer({
			name: `of 12 KB, ${name}, answers 400 in a time that grows as its length`,
			async run(server) {
				const spend = async (length: number) => {
					const before = await server.victim.cpuMs();
					for (let i = 0; i < 10; i++) {
						const text = request({ "Sec-WebSocket-Protocol": value(length) });
						const { status } = await refusalOn(await server.send(text));
						expect(status).toBe(400);
					}
					return (await server.victim.cpuMs()) - before;
				};
				const short = await spend(1500);
				// What grows as the square takes 64 times as long. The rest is a guard against nothing but that.
				const most = 24 * Math.max(short, 1);
				// A collection of garbage, or a compilation, may come into one of them.
				for (let tries = 0; tries < 5; tries++)
					if ((await spend(12_000)) < most) return { isLinear: true };
				return { isLinear: false };
			},
			sees: { isLinear: true },
			told: { connections: [] },
		});
	}
});

describe("extensions that nobody negotiates", () => {
	const lists: Record<string, string> = {
		"with a quote that is never closed": `x; a="${"\\a".repeat(6000)}`,
		"with a quote that is closed nowhere but in escapes": `x; a="${'\\"'.repeat(6000)}`,
		"named as what every object has":
			"constructor, __proto__; hasOwnProperty=1, toString",
		"with parameters named so":
			"permessage-deflate; __proto__=1; constructor; server_max_window_bits=0",
		"in a list without an end": `${"permessage-deflate, ".repeat(600)}`,
	};
	for (const [name, list] of Object.entries(lists)) {
		onServer({
			name: `${name}, are left out of the answer, which is 101`,
			async run(server) {
				const { head, echo } = await openWith(server, {
					"Sec-WebSocket-Extensions": list,
				});
				return { status: head.slice(9, 12), fields: head.toLowerCase(), echo };
			},
			sees: {
				status: "101",
				fields: expect.not.stringContaining("extensions"),
				echo: "served",
			},
			told: { refusals: [], connections: [{ texts: 1 }] },
		});
	}
});

onServer({
	name: "header fields named as what every object has change no object",
	async run(server) {
		const { head, echo } = await openWith(server, {
			constructor: "polluted",
			hasOwnProperty: "polluted",
			["__proto__"]: "polluted",
			toString: "polluted",
		});
		const { value } = await server.victim.act("prototype");
		return { status: head.slice(9, 12), echo, prototype: value };
	},
	sees: { status: "101", echo: "served", prototype: [] },
	told: { refusals: [], connections: [{ texts: 1 }] },
});

onServer({
	name: "subprotocols named as what every object has are not among those a server speaks",
	setup: { options: { validProtocols: ["chat"] } },
	async run(server) {
		const { head, echo } = await openWith(server, {
			"Sec-WebSocket-Protocol": "__proto__, constructor, toString",
		});
		return { status: head.slice(9, 12), fields: head.toLowerCase(), echo };
	},
	sees: {
		status: "101",
		fields: expect.not.stringContaining("protocol:"),
		echo: "served",
	},
	told: { refusals: [], connections: [{ texts: 1 }] },
});

describe("extensions where compression may be agreed on", () => {
	const lists: Record<string, [list: string, status: string]> = {
		"a quote that is never closed": [
			`permessage-deflate; x="${"\\a".repeat(6000)}`,
			"400",
		],
		"a quote that is closed nowhere but in escapes": [
			`permessage-deflate; x="${'\\"'.repeat(6000)}`,
			"400",
		],
		"parameters named as what every object has": [
			"permessage-deflate; __proto__=1; constructor; hasOwnProperty",
			"101",
		],
		"five hundred offers that cannot be met": [
			"permessage-deflate; x,".repeat(500),
			"101",
		],
	};
	for (const [name, [list, expected]] of Object.entries(lists)) {
		onServer({
			name: `with ${name} are not accepted, and answered with ${expected}`,
			setup: { options: { perMessageDeflate: true } },
			async run(server) {
				const wire = await server.send(
					request({ "Sec-WebSocket-Extensions": list }),
				);
				const head = (await wire.head()).toLowerCase();
				wire.reset();
				await wire.gone;
				return { status: head.slice(9, 12), head };
			},
			sees: {
				status: expected,
				head: expect.not.stringContaining("sec-websocket-extensions"),
			},
		});
	}
});

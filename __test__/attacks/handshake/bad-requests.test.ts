/** Requests that are no opening handshake: each is answered with the right status, whole, once, and then FIN. */
import { describe } from "vitest";
import { onServer } from "../support/attack.js";
import { refusalOn } from "../support/sight.js";
import { badRequests } from "./bad-requests.js";

const websocket13 = { upgrade: "websocket", "sec-websocket-version": "13" };

/** The fields that explain a status. */
const explanations: Record<number, Record<string, string>> = {
	405: { allow: "GET" },
	426: websocket13,
};

describe("a server that is asked with", () => {
	for (const { name, status, text } of badRequests) {
		onServer({
			name: `${name} answers ${status}`,
			run: async (server) => refusalOn(await server.send(text)),
			sees: {
				status,
				fields: explanations[status] ?? {},
				end: "FIN",
			},
			told: {
				refusals: [{ code: "WS_ERR_HANDSHAKE_REFUSED", statusCode: status }],
				connections: [],
			},
		});
	}
});

/** Answers that accept no opening handshake: each is a typed error to the client's program, and the end. */
import { describe } from "vitest";
import { onClient } from "../support/attack.js";
import { endOf } from "../support/sight.js";
import { badAnswers } from "./bad-answers.js";

describe("a client that is answered with", () => {
	for (const { name, code, statusCode, options, text } of badAnswers) {
		onClient({
			name: `${name} fails with ${code}`,
			async run(client) {
				const { wire, key } = await client.lure(options);
				wire.write(text(key));
				wire.socket.end();
				await endOf(wire);
				return { bytes: wire.pending.length };
			},
			sees: { bytes: 0 },
			told: {
				connections: [
					{
						isOpen: false,
						errors: [{ name: "WebSocketError", code, statusCode }],
						closes: [[1006, ""]],
						result: { code: 1006, reason: "", wasClean: false },
					},
				],
			},
		});
	}
});

/** Peers that leave in the opening handshake: what the server's program is told of them. */
import type { Socket } from "node:net";
import { describe, expect } from "vitest";
import { record, turns, until } from "../support/compat-wait.js";
import { request, type Wire } from "../support/compat-wire.js";
import { behaves } from "./api-bench.js";

const leave: Record<string, (wire: Wire) => void> = {
	reset: (wire) => wire.reset(),
	end: (wire) => wire.socket.end(),
};

/** What a peer had sent, and how it left; the status that 'handshakeError' tells. */
const cases: [sent: string, how: string, status: number | undefined][] = [
	["", "reset", 400],
	["GET / HT", "reset", 400],
	[request().slice(0, -1), "reset", 400],
	["", "end", undefined],
	["GET / HT", "end", 400],
];

describe("a server", () => {
	// With a listener for 'connection' at the net.Server there is a net.Socket from the beginning.
	for (const [isWatched, sent, how, status] of cases.flatMap((one) => [
		[true, ...one] as const,
		[false, ...one] as const,
	])) {
		behaves(
			`is told ${status ?? "of no error"} where a peer ${isWatched ? "that is watched " : ""}leaves by ${how} behind ${sent.length} bytes`,
			async (bench) => {
				const { server, port } = await bench.serve();
				const refusals = record(server, "handshakeError");
				const errors: unknown[] = [];
				if (isWatched)
					server.socket.on("connection", (socket: Socket) => {
						socket.on("error", (error) => errors.push(error));
					});
				const wire = await bench.dial(port);
				await until("its socket", () => server.pendingHandshakes === 1);
				wire.write(sent);
				await turns(10);
				leave[how](wire);
				await until("its end", () => server.pendingHandshakes === 0);
				await until("what is told", () =>
					status === undefined ? true : refusals.length > 0,
				);
				await turns(5);
				expect(refusals.map(([error]) => error)).toEqual(
					status === undefined
						? []
						: [
								expect.objectContaining({
									code: "WS_ERR_HANDSHAKE_REFUSED",
									statusCode: status,
								}),
							],
				);
				expect(errors).toEqual(
					isWatched && how === "reset"
						? [
								expect.objectContaining({
									code: "ECONNRESET",
									syscall: "read",
									errno: expect.any(Number),
								}),
							]
						: [],
				);
			},
		);
	}
});

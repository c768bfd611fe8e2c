/**
 * The ways a connection can end, in either role: 'close' comes once, `closed` settles with what really happened, the ready
 * state is 3, and the socket is gone within the time-outs. Nobody has to listen for 'error'.
 */
import type { Connection } from "nodejs-websocket";
import { describe, expect } from "vitest";
import type { Bench } from "../support/compat-bench.js";
import type { ConnectionLike } from "../support/compat-types.js";
import {
	called,
	record,
	turns,
	until,
	within,
} from "../support/compat-wait.js";
import { closeFrame, frame, type Wire } from "../support/compat-wire.js";
import { onEachEngine } from "../support/peer-engines.js";

type Role = "server" | "client";

interface Ended {
	code: number;
	reason: string;
	wasClean: boolean;
}

const lost: Ended = { code: 1006, reason: "", wasClean: false };

/** A connection of ours in `role` whose peer is a raw TCP connection. */
async function facing(
	bench: Bench,
	role: Role,
	options: Record<string, unknown> = {},
): Promise<{ connection: ConnectionLike; wire: Wire; mask: boolean }> {
	if (role === "server") {
		const { near, wire } = await bench.rawClient(options);
		return { connection: near, wire, mask: true };
	}
	const { far, wire } = await bench.rawServer(options);
	return { connection: far, wire, mask: false };
}

/** Waits for the real end and checks all that has to be true then. */
async function expectEnd(
	connection: ConnectionLike,
	closes: unknown[][],
	told: unknown[],
	result: Ended,
): Promise<void> {
	expect(await within("`closed`", connection.closed)).toEqual(result);
	await turns();
	expect(closes).toEqual([told]);
	expect(connection.readyState).toBe(3);
	expect(connection.socket.destroyed).toBe(true);
	const server = connection.server;
	if (server !== null) expect(server.connections).not.toContain(connection);
}

for (const role of ["server", "client"] as const) {
	describe(`a ${role}'s connection`, () => {
		onEachEngine("that the peer resets is lost", async (bench) => {
			const { connection, wire } = await facing(bench, role);
			const closes = record(connection, "close");
			wire.reset();
			await expectEnd(connection, closes, [1006, ""], lost);
		});

		onEachEngine(
			"that the peer resets says so to who listens",
			async (bench) => {
				const { connection, wire } = await facing(bench, role);
				const closes = record(connection, "close");
				const errors = record(connection, "error");
				wire.reset();
				await expectEnd(connection, closes, [1006, ""], lost);
				expect(errors).toHaveLength(1);
				expect(errors[0][0]).toMatchObject({ code: "ECONNRESET" });
			},
		);

		onEachEngine(
			"that the peer ends without a close frame is lost, and ended in turn",
			async (bench) => {
				const { connection, wire, mask } = await facing(bench, role);
				const whole = frame(2, "a message", { mask });
				for (const cut of [0, 1, mask ? 4 : 2, whole.length - 1]) {
					const { connection, wire } = await facing(bench, role);
					const closes = record(connection, "close");
					wire.socket.end(whole.subarray(0, cut));
					await within("FIN", wire.ended);
					await expectEnd(connection, closes, [1006, ""], lost);
				}
				const closes = record(connection, "close");
				wire.socket.end();
				await expectEnd(connection, closes, [1006, ""], lost);
			},
		);

		onEachEngine("that is terminated is gone at once", async (bench) => {
			const { connection, wire } = await facing(bench, role);
			const closes = record(connection, "close");
			connection.terminate();
			expect(closes).toEqual([[1006, ""]]);
			await expectEnd(connection, closes, [1006, ""], lost);
			await within("the end at the peer", wire.ended);
			connection.terminate();
			connection.close();
			await turns();
			expect(closes).toHaveLength(1);
		});

		onEachEngine(
			"whose peer does not answer the close frame is destroyed in time",
			async (bench) => {
				const { connection, wire } = await facing(bench, role, {
					closeTimeoutMs: 50,
				});
				const closes = record(connection, "close");
				const errors = record(connection, "error");
				connection.close(4001, "bye");
				expect(closes).toEqual([[4001, "bye"]]);
				const { opcode, payload } = await wire.frame();
				expect([
					opcode,
					payload.readUInt16BE(0),
					payload.toString("utf8", 2),
				]).toEqual([8, 4001, "bye"]);
				await expectEnd(connection, closes, [4001, "bye"], lost);
				await within("the end at the peer", wire.ended);
				expect(errors).toHaveLength(1);
				expect(errors[0][0]).toMatchObject({ code: "WS_ERR_CLOSE_TIMEOUT" });
			},
		);

		onEachEngine(
			"whose peer answers the close frame and never ends is destroyed in time",
			async (bench) => {
				const { connection, wire, mask } = await facing(bench, role, {
					// Long enough for the answer.
					closeTimeoutMs: 1000,
				});
				const closes = record(connection, "close");
				connection.close(1000, "bye");
				await wire.frame();
				wire.write(closeFrame(1000, "bye", { mask }));
				await expectEnd(connection, closes, [1000, "bye"], {
					code: 1000,
					reason: "bye",
					wasClean: true,
				});
				expect(wire.socket.writable).toBe(true);
			},
		);

		onEachEngine(
			"that the peer closes, without ending, is destroyed in time",
			async (bench) => {
				const { connection, wire, mask } = await facing(bench, role, {
					closeTimeoutMs: 50,
				});
				const closes = record(connection, "close");
				wire.write(closeFrame(3000, "à bientôt", { mask }));
				const { opcode, payload } = await wire.frame();
				expect([
					opcode,
					payload.readUInt16BE(0),
					payload.toString("utf8", 2),
				]).toEqual([8, 3000, "à bientôt"]);
				await expectEnd(connection, closes, [3000, "à bientôt"], {
					code: 3000,
					reason: "à bientôt",
					wasClean: true,
				});
				expect(wire.socket.writable).toBe(true);
			},
		);

		onEachEngine("that the peer closes well ends well", async (bench) => {
			const { connection, wire, mask } = await facing(bench, role);
			const closes = record(connection, "close");
			wire.socket.end(frame(8, "", { mask }));
			expect(await wire.take(2)).toEqual(
				Buffer.from(mask ? "8800" : "8880", "hex"),
			);
			await expectEnd(connection, closes, [1005, ""], {
				code: 1005,
				reason: "",
				wasClean: true,
			});
		});

		onEachEngine("that is paused still closes well", async (bench) => {
			const { connection, wire, mask } = await facing(bench, role);
			const closes = record(connection, "close");
			const texts = record(connection, "text");
			(connection as unknown as Connection).pause();
			wire.write(frame(1, "never read", { mask }));
			await turns();
			connection.close(1000);
			await wire.frame();
			wire.socket.end(closeFrame(1000, "", { mask }));
			await expectEnd(connection, closes, [1000, undefined], {
				code: 1000,
				reason: "",
				wasClean: true,
			});
			expect(texts).toEqual([]);
		});

		onEachEngine(
			"whose reader stands still is terminated all the same",
			async (bench) => {
				const { connection, wire, mask } = await facing(bench, role, {
					closeTimeoutMs: 50,
				});
				const closes = record(connection, "close");
				connection.on("binary", (stream) => stream.on("readable", () => {}));
				wire.socket.write(
					frame(2, Buffer.alloc(1_000_000), { mask, claim: 2_000_000 }),
				);
				await until("back-pressure", () => connection.socket.isPaused());
				connection.close(1001);
				await expectEnd(connection, closes, [1001, undefined], lost);
			},
		);

		onEachEngine(
			"whose peer reads nothing is destroyed in time, and every callback is called",
			async (bench) => {
				const { connection, wire } = await facing(bench, role, {
					closeTimeoutMs: 80,
				});
				const closes = record(connection, "close");
				wire.socket.pause();
				const callbacks: Promise<unknown>[] = [];
				let sends = 0;
				// More than the kernel's buffers of both ends take.
				const buffered = () =>
					(connection as unknown as Connection).bufferedAmount;
				while (buffered() < 4_000_000 && sends++ < 400) {
					callbacks.push(
						called((done) =>
							connection.sendBinary(Buffer.alloc(200_000), done),
						),
					);
					await new Promise(setImmediate);
				}
				expect(buffered()).toBeGreaterThan(0);
				connection.close(1000);
				await expectEnd(connection, closes, [1000, undefined], lost);
				const results = await Promise.all(callbacks);
				expect(
					results.filter((error) => error instanceof Error).length,
				).toBeGreaterThan(0);
				expect(buffered()).toBe(0);
			},
		);

		onEachEngine("tells a sender that it is gone", async (bench) => {
			const { connection, wire } = await facing(bench, role);
			wire.reset();
			await within("`closed`", connection.closed);
			const errors = record(connection, "error");
			expect(
				await called((done) => connection.sendText("x", done)),
			).toMatchObject({ code: "WS_ERR_NOT_OPEN" });
			expect(errors).toHaveLength(1);
		});
	});
}

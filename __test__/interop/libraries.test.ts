/**
 * This library talks with `ws`, with nodejs-websocket 1.7.2 and with itself: either role, ws:// and wss://, either engine,
 * messages collected or streamed. Contents are compared byte for byte.
 */
import { describe, expect } from "vitest";
import type { Bench } from "../support/compat-bench.js";
import type { Library } from "../support/peer-endpoint.js";
import { onEachEngine } from "../support/peer-engines.js";
import { formerLibrary, ownLibrary } from "../support/peer-own.js";
import { wsLibrary } from "../support/peer-ws.js";
import {
	bytes,
	closings,
	directions,
	exchangeMessages,
	exchangePings,
	expectMessage,
	expectNoMore,
	pair,
	take,
	toldPeer,
} from "./conversation.js";

const others: Record<string, (bench: Bench) => Library> = {
	ws: wsLibrary,
	"1.7.2": formerLibrary,
	itself: (bench) => ownLibrary(bench, "streamed"),
};

const bothRoles = ["server", "client"] as const;

const roles: Record<string, readonly (typeof bothRoles)[number][]> = {
	ws: bothRoles,
	"1.7.2": bothRoles,
	itself: ["server"],
};

const MIB = 1024 * 1024;

const data = bytes(16 * MIB);

for (const other in others) {
	for (const scheme of ["ws", "wss"] as const) {
		// With itself both roles are ours at once.
		for (const role of roles[other]) {
			const libraries = (bench: Bench, isStreamed = false) => {
				const own = ownLibrary(bench, isStreamed ? "streamed" : "collected");
				const peer = others[other](bench);
				return role === "server"
					? ([bench, own, peer] as const)
					: ([bench, peer, own] as const);
			};

			describe(`our ${role} and ${other} over ${scheme}://`, () => {
				for (const receiving of ["collected", "streamed"] as const) {
					onEachEngine(
						`exchange messages of all lengths, ${receiving}`,
						async (bench) => {
							const both = await pair(
								...libraries(bench, receiving === "streamed"),
								{ scheme },
							);
							await exchangeMessages(both);
							await expectNoMore(both.server, both.client);
						},
					);

					onEachEngine(`exchange 16 MiB, ${receiving}`, async (bench) => {
						const both = await pair(
							...libraries(bench, receiving === "streamed"),
							{ scheme },
						);
						for (const { from, to, way } of directions(both)) {
							// 1.7.2 takes frames of up to 2 MiB.
							const isFormer =
								other === "1.7.2" &&
								(to === both.client) === (role === "server");
							// Both forms in both ways, over the two kinds of receiving.
							const isWhole =
								(from === both.client) === (receiving === "collected");
							if (isWhole && !isFormer) {
								from.binary(data);
							} else {
								const pieces = Array.from({ length: 16 }, (_, i) =>
									data.subarray(i * MIB, (i + 1) * MIB),
								);
								from.fragments(pieces, true);
							}
							await expectMessage(to, true, data, way);
						}
					});
				}

				onEachEngine("exchange fragmented messages", async (bench) => {
					const both = await pair(...libraries(bench), { scheme });
					const text = Buffer.from("the 世界🌍 of é");
					for (const { from, to, way } of directions(both)) {
						const lengths = [0, 1, 125, 126, 70_000, 0];
						const pieces = lengths.map((length) => bytes(length));
						from.fragments(pieces, true);
						await expectMessage(to, true, Buffer.concat(pieces), way);
						const isWs =
							other === "ws" && (from === both.client) === (role === "server");
						if (!isWs) continue;
						// Fragments that end inside a character.
						from.fragments(
							Array.from(text, (byte) => Buffer.of(byte)),
							false,
						);
						await expectMessage(to, false, text, way);
					}
				});

				onEachEngine("answer each other's pings", async (bench) => {
					await exchangePings(await pair(...libraries(bench), { scheme }));
				});

				onEachEngine(
					"close with code and reason, either first",
					async (bench) => {
						const [, server, client] = libraries(bench);
						for (const [code, reason] of closings) {
							for (const first of ["server", "client"] as const) {
								const both = await pair(bench, server, client, { scheme });
								const [closer, closed] =
									first === "server"
										? [both.server, both.client]
										: [both.client, both.server];
								closer.text("before the end");
								closer.close(code, reason);
								await expectMessage(closed, false, "before the end", first);
								expect(
									await take("the peer's 'close'", closed.closes),
									`${first} ${code}`,
								).toEqual(toldPeer(code, reason));
								// `ws` waits for the echo, the others tell at once what they were given.
								const [ownCode, ownReason] = await take(
									"the own 'close'",
									closer.closes,
								);
								expect(
									[ownCode ?? 1005, ownReason],
									`${first} ${code}`,
								).toEqual(toldPeer(code, reason));
								await expectNoMore(closer, closed);
							}
						}
					},
				);

				onEachEngine(
					"agree on a subprotocol, and pass headers on",
					async (bench) => {
						const both = await pair(...libraries(bench), {
							scheme,
							serverProtocols: ["chat.v2", "chat.v1"],
							clientProtocols: ["chat.v1"],
							headers: { "X-Custom": "a value", Cookie: "a=b" },
						});
						expect(both.server.protocol).toBe("chat.v1");
						expect(both.client.protocol).toBe("chat.v1");
						expect(both.headers["x-custom"]).toBe("a value");
						expect(both.headers.cookie).toBe("a=b");
					},
				);
			});
		}
	}
}

/** Whose turn it is: a peer that floods its connection does not hold up the others, counted in messages and not in time. */
import { join } from "node:path";
import type { Connection } from "nodejs-websocket";
import { expect } from "vitest";
import { EVENTS_PER_TURN } from "../../lib/engine/engine.js";
import { next, nextValue, record, until } from "../support/compat-wait.js";
import { frame, request, type Wire } from "../support/compat-wire.js";
import library from "../support/library.js";
import { behaves } from "./api-bench.js";

const masked = { mask: true };

/** The shortest messages that a client can send: six bytes each. */
const FLOOD_MESSAGES = 10 * EVENTS_PER_TURN;
const flood = Buffer.concat(
	Array.from({ length: FLOOD_MESSAGES }, () => frame(1, "", masked)),
);

behaves(
	"a flood of short messages is cut into turns, between which others have theirs",
	async (bench) => {
		// Unix sockets: what is written to one is there to be read at once, whatever else the system does.
		const path = join(bench.folder(), "socket");
		const server = library.createServer({ engine: bench.engine });
		bench.afterwards(() => server.close());
		server.listen(path);
		await next(server, "listening");
		// Connections before the one that floods, and behind it: neither side is served first.
		const peers: { near: Connection; wire: Wire }[] = [];
		for (let i = 0; i < 9; i++) {
			const accepted = nextValue<Connection>(server, "connection");
			const wire = await bench.dial(path);
			wire.write(request());
			const near = await accepted;
			await wire.head();
			peers.push({ near, wire });
		}
		const flooding = peers[4];
		const others = peers.filter((peer) => peer !== flooding);
		const received = peers.map(({ near }) => record(near, "text"));
		for (const { wire } of peers) wire.write(frame(1, "first", masked));
		await until("the first of each", () =>
			received.every(({ length }) => length === 1),
		);

		const flooded = received[4];
		/** How much of the flood was delivered before the message of each other. */
		const before: number[] = [];
		for (const { near } of others)
			near.on("text", () => before.push(flooded.length - 1));
		// The server reads none of it before this turn of the event loop is over.
		flooding.wire.write(flood);
		for (const { wire } of others) wire.write(frame(1, "second", masked));
		await until("all", () => flooded.length === 1 + FLOOD_MESSAGES);

		expect(before).toHaveLength(others.length);
		expect(Math.max(...before)).toBeLessThanOrEqual(EVENTS_PER_TURN);
	},
);

/** More connections than a server takes: those beyond the limit are told so and go, those within it are served. */
import { describe } from "vitest";
import { request, type Wire } from "../../support/compat-wire.js";
import { onServer } from "../support/attack.js";
import { refusalOn } from "../support/sight.js";
import type { ServerTarget } from "../support/target.js";

/** Connections of the attacker's; the bystander has one more. */
const FLOOD = 100;
const LIMIT = 20;

async function dialAll(server: ServerTarget): Promise<Wire[]> {
	const wires: Wire[] = [];
	for (let i = 0; i < FLOOD; i++) wires.push(await server.dial());
	return wires;
}

/** How often each status has come. */
function count(statuses: number[]): Record<number, number> {
	const counts: Record<number, number> = {};
	for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
	return counts;
}

describe("a server with a limit", () => {
	for (const option of ["maxConnections", "maxConnectionsPerAddress"]) {
		onServer({
			name: `for connections (${option}) answers 503 to those beyond it, and takes others when some have gone`,
			setup: { options: { [option]: LIMIT } },
			async run(server) {
				const wires = await dialAll(server);
				const heads = await Promise.all(
					wires.map((wire) => {
						wire.write(request());
						return wire.head();
					}),
				);
				const statuses = heads.map((head) => Number(head.slice(9, 12)));
				const retryAfter = heads.filter((head) =>
					/^retry-after: 1\r$/im.test(head),
				);
				for (const wire of wires) wire.reset();
				await server.victim.until("connections", 1);
				const late = await server.open();
				late.reset();
				return { statuses: count(statuses), retryAfter: retryAfter.length };
			},
			sees: {
				statuses: { 101: LIMIT - 1, 503: FLOOD - LIMIT + 1 },
				retryAfter: FLOOD - LIMIT + 1,
			},
		});
	}

	onServer({
		name: "for opening handshakes answers 503 to those beyond it, and 408 to those that never end",
		setup: {
			options: { maxPendingHandshakes: LIMIT, handshakeTimeoutMs: 1000 },
		},
		async run(server) {
			const wires = await dialAll(server);
			// Beyond as many that are being told so, the door is shut without a word.
			const answers = await Promise.all(
				wires.map((wire) =>
					refusalOn(wire).then(
						({ status }) => status,
						() => 0,
					),
				),
			);
			const statuses = count(answers);
			return {
				late: statuses[408],
				isRest: statuses[408] + statuses[503] + (statuses[0] ?? 0) === FLOOD,
				isTold: statuses[503] >= LIMIT,
			};
		},
		sees: { late: LIMIT, isRest: true, isTold: true },
	});
});

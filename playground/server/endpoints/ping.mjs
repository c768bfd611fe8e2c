import { refuse } from "../refuse.mjs";

/** Pings on their way at once, for one connection. */
const MAX_OUTSTANDING = 16;

/**
 * On each text "ping" sends a ping frame and, when the pong comes, reports the round trip in milliseconds: pages cannot
 * send ping frames themselves.
 */
export function ping(connection) {
	const sentAt = new Map();
	let count = 0;
	connection.on("message", (data) => {
		if (data !== "ping") return refuse(connection, 'Expected the text "ping"');
		if (sentAt.size >= MAX_OUTSTANDING)
			return refuse(connection, "Too many pings without a pong");
		const payload = String(++count);
		sentAt.set(payload, performance.now());
		connection.sendPing(payload);
	});
	connection.on("pong", (payload) => {
		const start = sentAt.get(payload);
		if (start === undefined) return;
		sentAt.delete(payload);
		const roundTripMs = performance.now() - start;
		connection.sendText(JSON.stringify({ type: "pong", roundTripMs }));
	});
}

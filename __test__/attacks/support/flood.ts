/** Writing more than the victim should take. */
import type { Wire } from "../../support/compat-wire.js";

/**
 * Writes `chunk` again and again, as fast as it is taken, `bytes` in all at most. Stops where the connection is gone.
 *
 * @returns whether all of it was taken
 */
export async function flood(
	wire: Wire,
	chunk: Buffer,
	bytes: number,
): Promise<boolean> {
	const { socket } = wire;
	for (let sent = 0; sent < bytes; sent += chunk.length) {
		if (!socket.writable) return false;
		if (socket.write(chunk)) continue;
		const drained = new Promise((resolve) => socket.once("drain", resolve));
		await Promise.race([drained, wire.gone]);
	}
	return socket.writable;
}

import { startEngines } from "./engines.mjs";
import { listenOnFreePort } from "./listen.mjs";
import { createPageServer } from "./page.mjs";

/** How long closing handshakes may take before the remaining connections are dropped. */
const LEAVE_TIMEOUT_MS = 1500;

/**
 * Starts the page's HTTP server and one WebSocket server for each engine that can be had.
 *
 * @param {{ port: number, host: string }} options first port to try (0: any free one) and address to listen on
 * @returns the URL, the engines that serve, those that cannot and why, and `close`
 * @throws what `listen` fails with, such as EADDRNOTAVAIL for a foreign HOST
 */
export async function startPlayground({ port, host }) {
	const facts = {
		port: 0,
		defaultEngine: "",
		engines: [],
		unavailable: [],
		echoed: {},
	};
	const page = createPageServer(facts);
	facts.port = await listenOnFreePort(page, page, port, host);
	const servers = await startEngines(
		facts,
		port === 0 ? 0 : facts.port + 1,
		host,
	);

	async function close() {
		page.close();
		page.closeAllConnections();
		const ends = [];
		for (const server of servers) {
			server.close();
			for (const connection of [...server.connections]) {
				ends.push(connection.closed);
				connection.close(1001, "The server is going away");
			}
		}
		await Promise.race([
			Promise.allSettled(ends),
			new Promise((resolve) => setTimeout(resolve, LEAVE_TIMEOUT_MS)),
		]);
	}

	const shownHost = host.includes(":") ? `[${host}]` : host;
	return { ...facts, url: `http://${shownHost}:${facts.port}/`, close };
}

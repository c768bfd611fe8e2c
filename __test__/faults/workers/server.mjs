/** The process with the servers. */
import { createServer } from "nodejs-websocket";
import { Endpoint } from "../endpoint.mjs";
import { SERVER } from "../ledger.mjs";
import { connectionOf } from "../plan.mjs";
import { answer, complain, exitIfBusy } from "./answer.mjs";
import { listen } from "./listen.mjs";
import { prepare } from "./load.mjs";
import { settled } from "./settled.mjs";
import { vitals } from "./vitals.mjs";

/** @typedef {import("./load.mjs").Start} Start */

/** @type {Set<Endpoint>} */
const endpoints = new Set();
/** @type {import("nodejs-websocket").Server[]} */
const servers = [];
/** @type {ReturnType<typeof prepare>} */
let load;

const busy = () =>
	endpoints.size +
	servers.reduce(
		(sum, server) => sum + server.connections.length + server.pendingHandshakes,
		0,
	);

answer({
	/** @param {Start & { listeners: number }} start Returns the ports. */
	start({ listeners, ...start }) {
		load = prepare(start, SERVER);
		const { endpointOptions, libraryOptions } = load;
		for (let i = 0; i < listeners; i++) {
			const server = createServer(libraryOptions, (connection) => {
				const number = connectionOf(connection.path ?? "");
				const endpoint = new Endpoint(connection, number, endpointOptions);
				endpoints.add(endpoint);
				endpoint.gone.then(() => endpoints.delete(endpoint));
				endpoint.open();
			});
			server.on("error", (error) => complain(String(error.stack)));
			servers.push(server);
		}
		return Promise.all(servers.map(({ socket }) => listen(socket)));
	},
	/** @param {number} gapMs Mean time between two bursts of messages of one end. */
	pace(gapMs) {
		load.endpointOptions.gapMs = gapMs;
	},
	async idle() {
		await settled(() => busy() === 0);
		return busy();
	},
	vitals,
	stop() {
		for (const server of servers) server.close();
		load.ledger.close();
		exitIfBusy(busy());
	},
});

/** The process with the proxy: plain sockets, nothing of the library. */
import { connect, createServer } from "node:net";
import { LedgerWriter } from "../ledger.mjs";
import { relay } from "../proxy/relay.mjs";
import { answer, complain, exitIfBusy } from "./answer.mjs";
import { listen } from "./listen.mjs";
import { settled } from "./settled.mjs";
import { vitals } from "./vitals.mjs";

/** Connections on their way through. */
let relays = 0;
/** @type {import("node:net").Server[]} */
let servers = [];
/** @type {LedgerWriter} */
let ledger;

answer({
	/**
	 * One server for each port behind. Returns the ports.
	 *
	 * @param {{ seed: number, ledgerFile: string, ports: number[] }} start
	 */
	start({ seed, ledgerFile, ports }) {
		ledger = new LedgerWriter(ledgerFile);
		servers = ports.map((port) =>
			createServer({ allowHalfOpen: true }, (client) => {
				relays++;
				relay(client, {
					seed,
					ledger,
					connect: () =>
						connect({ port, host: "127.0.0.1", allowHalfOpen: true }),
					complain,
					onGone: () => relays--,
				});
			}),
		);
		return Promise.all(servers.map(listen));
	},
	async idle() {
		await settled(() => relays === 0);
		return relays;
	},
	vitals,
	stop() {
		for (const server of servers) server.close();
		ledger.close();
		exitIfBusy(relays);
	},
});

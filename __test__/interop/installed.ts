/** The peers that scripts/setup/peers.mjs installs: programs in processes of their own. */
import { peerIsInstalled, peerNamed } from "../../scripts/setup/peers.mjs";
import type { Lacks } from "../support/peer-endpoint.js";
import { PeerProcess } from "../support/peer-process.js";
import { bothRoles, talkWith } from "./talk.js";

/** The names of those that were installed for this run. */
const required = (process.env.NODEJS_WEBSOCKET_TEST_REQUIRE_PEERS ?? "").split(
	",",
);

export function talkWithInstalled(name: string, lacks: Lacks): void {
	const peer = peerNamed(name);
	let running: PeerProcess;
	talkWith({
		name: `${name} (${peer.language})`,
		version: () => peer.version,
		roles: bothRoles,
		lacks,
		missing: peerIsInstalled(peer)
			? null
			: `${name} ${peer.version} is not installed: npm run test:interop does it`,
		isRequired: process.env.CI === "true" || required.includes(name),
		start() {
			running = new PeerProcess(name, peer.command, peer.args, lacks);
		},
		stop: () => running.stop(),
		library: (bench) => running.remote.library(bench),
	});
}

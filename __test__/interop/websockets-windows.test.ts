/** Compression with the Python package `websockets` where it asks for smaller windows. Its defaults: websockets.test.ts. */
import { afterAll, describe, expect, test } from "vitest";
import { peerIsInstalled, peerNamed } from "../../scripts/setup/peers.mjs";
import { onEachEngine } from "../support/peer-engines.js";
import { OwnEndpoint, ownLibrary } from "../support/peer-own.js";
import { PeerProcess } from "../support/peer-process.js";
import { binaries, texts } from "./contents.js";
import { Conversation, directions } from "./conversation.js";
import { bothRoles, type Role } from "./talk.js";

const peer = peerNamed("websockets");

function defineExchange(bits: number, role: Role): void {
	const running = new PeerProcess(
		peer.name,
		peer.command,
		[...peer.args, String(bits)],
		{},
	);
	afterAll(() => running.stop());
	onEachEngine(`with our ${role}`, async (bench) => {
		const own = ownLibrary(bench, "streamed");
		const other = running.remote.library(bench);
		const [server, client] = role === "server" ? [own, other] : [other, own];
		const talk = new Conversation(bench, server, client, "ws");
		const both = await talk.open();
		const ours = both[role];
		expect(ours).toBeInstanceOf(OwnEndpoint);
		const { extensions } = ours as OwnEndpoint;
		expect(extensions).toContain(`server_max_window_bits=${bits}`);
		// A server need not name what its client's window is without a limit, too.
		if (bits < 15)
			expect(extensions).toContain(`client_max_window_bits=${bits}`);
		for (const { from, to, way } of directions(both)) {
			for (const text of texts) from.text(text);
			for (const text of texts) await talk.expectMessage(to, text, way);
			for (const data of binaries) from.binary(Buffer.from(data));
			for (const data of binaries) await talk.expectMessage(to, data, way);
		}
		await talk.expectEnd(both);
	});
}

if (peerIsInstalled(peer)) {
	for (const bits of [9, 10, 11, 12, 13, 14, 15]) {
		describe(`windows of ${bits} bits`, () => {
			for (const role of bothRoles) defineExchange(bits, role);
		});
	}
} else {
	// Where it has to be there, websockets.test.ts fails.
	test.skip(`${peer.name} is not installed: npm run test:interop does it`, () => {});
}

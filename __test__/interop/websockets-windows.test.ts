/** Compression with the Python package `websockets`: by its defaults, and where it asks for windows of a size. */
import { afterAll, describe, expect, test } from "vitest";
import { peerIsInstalled, peerNamed } from "../../scripts/setup/peers.mjs";
import { onEachEngine } from "../support/peer-engines.js";
import { ownLibrary } from "../support/peer-own.js";
import { PeerProcess } from "../support/peer-process.js";
import { talkCompressed } from "./compressed-talk.js";
import { bothRoles, type Role } from "./talk.js";

const peer = peerNamed("websockets");

/** @param bits null for its defaults */
function defineExchange(bits: number | null, role: Role): void {
	const running = new PeerProcess(
		peer.name,
		peer.command,
		bits === null ? peer.args : [...peer.args, String(bits)],
		{},
	);
	afterAll(() => running.stop());
	onEachEngine(`with our ${role}`, async (bench, context) => {
		const extensions = await talkCompressed(
			{
				name: `${peer.name} (${peer.language})`,
				version: peer.version,
				terms: bits === null ? "its defaults" : "windows of 9 to 15 bits",
				role,
				contextTakeover: true,
			},
			bench,
			context,
			ownLibrary(bench, "streamed"),
			running.remote.library(bench),
		);
		if (bits === null) return;
		expect(extensions).toContain(`server_max_window_bits=${bits}`);
		// A server need not name what its client's window is without a limit, too.
		if (bits < 15)
			expect(extensions).toContain(`client_max_window_bits=${bits}`);
	});
}

if (peerIsInstalled(peer)) {
	for (const bits of [null, 9, 10, 11, 12, 13, 14, 15]) {
		const title = bits === null ? "its defaults" : `windows of ${bits} bits`;
		describe(title, () => {
			for (const role of bothRoles) defineExchange(bits, role);
		});
	}
} else {
	// Where it has to be there, websockets.test.ts fails.
	test.skip(`${peer.name} is not installed: npm run test:interop does it`, () => {});
}

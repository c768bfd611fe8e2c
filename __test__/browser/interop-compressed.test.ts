/** A real Chromium and our server agree on permessage-deflate, and exchange messages that are compressed both ways. */
import type { PerMessageDeflateOptions } from "nodejs-websocket";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { talkCompressed } from "../interop/compressed-talk.js";
import { onEachEngine } from "../support/peer-engines.js";
import { ownLibrary } from "../support/peer-own.js";
import { launchChromium, missingChromium } from "./chromium.js";
import { PeerPage } from "./peer-page/peer-page.js";

const limits = { maxMessageBytes: 16 * 1024 * 1024 };

const allTerms: [terms: string, PerMessageDeflateOptions][] = [
	["no context takeover", { threshold: 0 }],
	[
		"context takeover, windows of 15 bits",
		{ threshold: 0, contextTakeover: true, windowBits: 15 },
	],
	[
		"context takeover, windows of 9 bits",
		{ threshold: 0, contextTakeover: true, windowBits: 9 },
	],
];

if (missingChromium === null) {
	describe("Chromium", () => {
		const peer = new PeerPage({});
		let browser: Browser;

		beforeAll(async () => {
			browser = await launchChromium();
			await peer.start(await browser.newPage());
		});

		afterAll(async () => {
			await browser?.close();
			peer.stop();
		});

		for (const [terms, perMessageDeflate] of allTerms) {
			onEachEngine(terms, async (bench, context) => {
				const { contextTakeover = false, windowBits = 12 } = perMessageDeflate;
				const extensions = await talkCompressed(
					{
						name: "Chromium",
						version: browser.version(),
						terms,
						role: "server",
						contextTakeover,
					},
					bench,
					context,
					ownLibrary(bench, "collected", limits, perMessageDeflate),
					peer.remote.library(bench),
				);
				if (windowBits < 15)
					for (const end of ["server", "client"])
						expect(extensions).toContain(
							`${end}_max_window_bits=${windowBits}`,
						);
			});
		}
	});
} else {
	// Where it has to be there, interop.test.ts fails.
	test.skip(missingChromium, () => {});
}

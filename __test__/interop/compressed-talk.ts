/** Compressed messages with a peer: texts and binaries of all lengths both ways, on the terms that the two agree on. */
import { expect, type TestContext } from "vitest";
import type { Bench } from "../support/compat-bench.js";
import type { Library } from "../support/peer-endpoint.js";
import { OwnEndpoint } from "../support/peer-own.js";
import { binaries, texts } from "./contents.js";
import { Conversation, directions } from "./conversation.js";
import type { Role } from "./talk.js";

/** What is tried with whom; the rest of the outcome is what came of it. */
export interface CompressedPeer {
	name: string;
	version: string;
	/** What the two agree on, in words. */
	terms: string;
	/** Ours. */
	role: Role;
	/** Whether messages may refer to those before them, both ways. */
	contextTakeover: boolean;
}

/** How often each text is sent: with context takeover the later ones cost next to nothing. */
const TIMES = 3;

/** Returns what was agreed on. What was exchanged is left in the test's report. */
export async function talkCompressed(
	{ name, version, terms, role, contextTakeover }: CompressedPeer,
	bench: Bench,
	{ task }: TestContext,
	own: Library,
	other: Library,
): Promise<string> {
	const [server, client] = role === "server" ? [own, other] : [other, own];
	const talk = new Conversation(bench, server, client, "ws");
	const both = await talk.open();
	const ours = both[role];
	if (!(ours instanceof OwnEndpoint)) throw new Error("ours is not ours");
	const { extensions } = ours;
	expect(extensions).toMatch(/^permessage-deflate/);
	expect(extensions.includes("no_context_takeover")).toBe(!contextTakeover);
	const sent = Array.from({ length: TIMES }, () => texts).flat();
	for (const { from, to, way } of directions(both)) {
		for (const text of sent) from.text(text);
		for (const text of sent) await talk.expectMessage(to, text, way);
		for (const data of binaries) from.binary(Buffer.from(data));
		for (const data of binaries) await talk.expectMessage(to, data, way);
	}
	await talk.expectEnd(both);
	// The texts can be compressed, the binaries cannot.
	const length = (messages: (string | Buffer)[]) =>
		messages.reduce((sum, each) => sum + Buffer.byteLength(each), 0);
	const most = length(binaries) + length(sent) / 2;
	for (const bytes of Object.values(ours.wireBytes))
		expect(bytes).toBeLessThan(most);
	task.meta.interop = {
		peer: name,
		version,
		role,
		scheme: "ws",
		engine: bench.implementation.name,
		transport: talk.transport,
		terms,
		exchanges: talk.exchanges,
		lacks: [],
	};
	return extensions;
}

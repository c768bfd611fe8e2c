/** The tests of one peer: either role, ws:// and wss://, either engine, messages collected or streamed. */
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Bench } from "../support/compat-bench.js";
import type { Lacks, Library } from "../support/peer-endpoint.js";
import { onEachEngine } from "../support/peer-engines.js";
import { ownLibrary, type Receiving } from "../support/peer-own.js";
import {
	BROWSER_CLOSINGS,
	binaries,
	bytes,
	closings,
	inPieces,
	longest,
	markedText,
	texts,
} from "./contents.js";
import { Conversation, directions } from "./conversation.js";

export type Role = "server" | "client";

/** A library to talk with. */
export interface Peer {
	name: string;
	version(): string;
	/** Which of them this library plays; the peer plays the other. */
	roles: readonly Role[];
	/** What it has no API for. */
	lacks: Lacks;
	/** Why it cannot be had here, and what to do about it; null where it can. */
	missing: string | null;
	/** Whether a run where it is missing has failed. */
	isRequired: boolean;
	start?(): void | Promise<void>;
	stop?(): void | Promise<void>;
	library(bench: Bench): Library;
}

export const bothRoles: readonly Role[] = ["server", "client"];

/** What a test leaves in the report: scripts/interop.mjs makes the matrix of it. */
export interface Outcome {
	peer: string;
	version: string;
	/** Ours. */
	role: Role;
	scheme: string;
	engine: string;
	transport: "native" | "socket";
	/** How the messages were compressed, where that is what was tried. */
	terms?: string;
	exchanges: number;
	/** What could not be exchanged. */
	lacks: string[];
}

declare module "vitest" {
	interface TaskMeta {
		interop?: Outcome;
	}
}

/** Defines all tests of a peer, or one that is skipped or fails where it is missing. */
export function talkWith(peer: Peer): void {
	const { name, missing } = peer;
	if (missing !== null) {
		if (peer.isRequired)
			test(name, () => {
				throw new Error(missing);
			});
		else test.skip(`${name}: ${missing}`, () => {});
		return;
	}
	describe(name, () => {
		beforeAll(() => peer.start?.());
		afterAll(() => peer.stop?.());
		for (const scheme of ["ws", "wss"] as const) {
			for (const role of peer.roles) {
				describe(`with our ${role} over ${scheme}://`, () =>
					defineTalk(peer, role, scheme));
			}
		}
	});
}

function defineTalk(peer: Peer, role: Role, scheme: "ws" | "wss"): void {
	/** Defines a test per engine. Ours receives in one of both ways. */
	const exchange = (
		title: string,
		work: (talk: Conversation) => Promise<void>,
		receiving: Receiving = "collected",
		maxMessageBytes = longest.binary.length,
	): void =>
		onEachEngine(title, async (bench, { task }) => {
			const own = ownLibrary(bench, receiving, { maxMessageBytes });
			const other = peer.library(bench);
			const [server, client] = role === "server" ? [own, other] : [other, own];
			const talk = new Conversation(bench, server, client, scheme);
			const outcome: Outcome = {
				peer: peer.name,
				version: peer.version(),
				role,
				scheme,
				engine: bench.implementation.name,
				transport: "socket",
				exchanges: 0,
				lacks: Object.values(peer.lacks),
			};
			task.meta.interop = outcome;
			await work(talk);
			outcome.exchanges = talk.exchanges;
			outcome.transport = talk.transport;
		});

	for (const receiving of ["collected", "streamed"] as const) {
		exchange(
			`exchange messages of all lengths, ${receiving}`,
			async (talk) => {
				const both = await talk.open();
				for (const { from, to, way } of directions(both)) {
					for (const text of texts) from.text(text);
					for (const text of texts) await talk.expectMessage(to, text, way);
					if (!to.lacks.byteOrderMarks) {
						from.text(markedText);
						await talk.expectMessage(to, markedText, way);
					}
					for (const data of binaries) from.binary(Buffer.from(data));
					for (const data of binaries) await talk.expectMessage(to, data, way);
				}
				await talk.expectEnd(both);
			},
			receiving,
		);

		exchange(
			`exchange 16 MiB, ${receiving}`,
			async (talk) => {
				const both = await talk.open();
				for (const { from, to, way } of directions(both)) {
					// Both forms in both ways, over the two kinds of receiving.
					const isWhole =
						(from === both.client) === (receiving === "collected");
					if (from.lacks.fragments || (isWhole && !to.lacks.longFrames))
						from.binary(longest.binary);
					else from.fragments(inPieces(longest.binary), true);
					await talk.expectMessage(to, longest.binary, way);
					// A text is received in one way only.
					if (receiving === "streamed" || to.lacks.longFrames) continue;
					from.text(longest.text);
					await talk.expectMessage(to, longest.text, way);
				}
			},
			receiving,
		);
	}

	exchange("exchange fragmented messages, a ping among them", async (talk) => {
		const text = "the 世界🌍 of é";
		for (const direction of directions(await talk.open())) {
			const { from, to, way } = direction;
			if (from.lacks.fragments) continue;
			const pieces = [0, 1, 125, 126, 70_000, 0].map(bytes);
			from.fragments(pieces, true, "among fragments");
			await talk.expectPong(direction, "among fragments");
			await talk.expectMessage(to, Buffer.concat(pieces), way);
			if (from.lacks.textFragments) continue;
			// Fragments that end inside a character.
			const characters = Array.from(Buffer.from(text), (byte) =>
				Buffer.of(byte),
			);
			from.fragments(characters, false);
			await talk.expectMessage(to, text, way);
		}
	});

	exchange("answer each other's pings", async (talk) => {
		for (const direction of directions(await talk.open())) {
			if (direction.from.lacks.pings) continue;
			for (const payload of ["", "ping", "x".repeat(125), "é世🌍"]) {
				direction.from.ping(payload);
				await talk.expectPong(direction, payload);
			}
		}
	});

	exchange("close with code and reason, either first", async (talk) => {
		for (const first of bothRoles) {
			const isLimited = first !== role && peer.lacks.closeCodes;
			const count = isLimited ? BROWSER_CLOSINGS : closings.length;
			for (const [code, reason] of closings.slice(0, count))
				await talk.expectClose(first, code, reason);
		}
	});

	exchange(
		"tell the peer that its message is too long, while it sends",
		async (talk) => {
			for (const isBinary of [true, false]) {
				const { server, client } = await talk.open();
				const theirs = role === "server" ? client : server;
				if (isBinary) theirs.binary(longest.binary);
				else theirs.text(longest.text);
				await talk.expectFailure(theirs, 1009);
			}
		},
		"collected",
		65_536,
	);

	exchange("agree on a subprotocol, or on none", async (talk) => {
		const serverProtocols = ["chat.v2", "chat.v1"];
		await talk.expectProtocol({}, [""]);
		await talk.expectProtocol(
			{ serverProtocols, clientProtocols: ["chat.v1"] },
			["chat.v1"],
		);
		await talk.expectProtocol(
			{ serverProtocols, clientProtocols: ["chat.v9", "chat.v1", "chat.v2"] },
			serverProtocols,
		);
	});

	if (role === "client" || !peer.lacks.headers) {
		exchange("pass headers on", (talk) =>
			talk.expectHeaders({ "X-Custom": "a value", Cookie: "a=b" }),
		);
	}

	if (scheme === "wss") {
		exchange("the client refuses a certificate it does not trust", (talk) =>
			talk.expectDistrust(),
		);
	}
}

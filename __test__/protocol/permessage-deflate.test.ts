import { describe, expect, test } from "vitest";
import {
	acceptDeflate,
	checkDeflateAnswer,
	type DeflateAgreement,
	type DeflateWishes,
	offerDeflate,
} from "../../lib/protocol/permessage-deflate.js";

const most: DeflateWishes = { windowBits: 15, contextTakeover: true };
const small: DeflateWishes = { windowBits: 12, contextTakeover: false };

const P = "permessage-deflate";
const SN = "server_no_context_takeover";
const CN = "client_no_context_takeover";
const SB = "server_max_window_bits";
const CB = "client_max_window_bits";

/** Written as the window bits, with a star where the context is kept. */
function direction(way: DeflateAgreement["send"]): string {
	if (way === null) return "none";
	return `${way.windowBits}${way.contextTakeover ? "*" : ""}`;
}

function read(agreement: DeflateAgreement | null | "invalid"): unknown {
	if (agreement === null || agreement === "invalid") return agreement;
	const { extension, send, receive } = agreement;
	return [extension, direction(send), direction(receive)];
}

describe("a server answers", () => {
	test.each<[string, string, DeflateWishes, unknown]>([
		["a plain offer", P, most, [P, "15*", "15*"]],
		[
			"a plain offer, within its own limits",
			P,
			small,
			[`${P}; ${SN}; ${CN}; ${SB}=12`, "12", "15"],
		],
		[
			"a client that can limit its window",
			`${P}; ${CB}`,
			small,
			[`${P}; ${SN}; ${CN}; ${SB}=12; ${CB}=12`, "12", "12"],
		],
		["a client that can, without need", `${P}; ${CB}`, most, [P, "15*", "15*"]],
		[
			"a client that limits its window",
			`${P}; ${CB}=10`,
			most,
			[`${P}; ${CB}=10`, "15*", "10*"],
		],
		[
			"a client with a window of 8 bits",
			`${P}; ${CB}=8`,
			most,
			[`${P}; ${CB}=8`, "15*", "8*"],
		],
		[
			"a client that limits the server's window",
			`${P}; ${SB}=10`,
			most,
			[`${P}; ${SB}=10`, "10*", "15*"],
		],
		[
			"the same to less than the server wants",
			`${P}; ${SB}=15`,
			small,
			[`${P}; ${SN}; ${CN}; ${SB}=12`, "12", "15"],
		],
		[
			"the same without a limit",
			`${P}; ${SB}=15`,
			most,
			[`${P}; ${SB}=15`, "15*", "15*"],
		],
		[
			"no context takeover, server",
			`${P}; ${SN}`,
			most,
			[`${P}; ${SN}`, "15", "15*"],
		],
		[
			"no context takeover, client",
			`${P};${CN}`,
			most,
			[`${P}; ${CN}`, "15*", "15"],
		],
		[
			"a quoted value",
			`${P}; ${SB}="10"`,
			most,
			[`${P}; ${SB}=10`, "10*", "15*"],
		],
		[
			"the first offer that it can meet",
			`${P}; ${SB}=8, ${P}; ${SB}=9, ${P}`,
			most,
			[`${P}; ${SB}=9`, "9*", "15*"],
		],
		[
			"other extensions, too",
			`x-webkit-deflate-frame, ${P}`,
			most,
			[P, "15*", "15*"],
		],
		["a window that zlib cannot keep to", `${P}; ${SB}=8`, most, null],
		["nothing", "", most, null],
		["another extension", "permessage-bzip2", most, null],
		["a name in other letters", "Permessage-Deflate", most, null],
		["an unknown parameter", `${P}; x`, most, null],
		["a name that every object has", `${P}; constructor`, most, null],
		["a parameter twice", `${P}; ${SN}; ${SN}`, most, null],
		["a parameter twice, differently", `${P}; ${CB}; ${CB}=9`, most, null],
		["a value where there is none", `${P}; ${SN}=1`, most, null],
		["no value where there is one", `${P}; ${SB}`, most, null],
		...["0", "7", "16", "08", "1e1", "abc", "-9", "9.0"].flatMap(
			(value): [string, string, DeflateWishes, unknown][] => [
				[`window bits ${value}`, `${P}; ${SB}=${value}`, most, null],
				[`window bits ${value}`, `${P}; ${CB}=${value}`, most, null],
			],
		),
		["an empty value", `${P}; ${SB}=""`, most, "invalid"],
		["a quote that is not closed", `${P}; ${SB}="1`, most, "invalid"],
	])("%s: %s", (_, offers, wishes, expected) => {
		expect(read(acceptDeflate(offers, wishes))).toEqual(expected);
	});
});

describe("a client offers", () => {
	test.each<[DeflateWishes, string]>([
		[most, `${P}; ${CB}`],
		[
			small,
			`${P}; ${SN}; ${CN}; ${SB}=12; ${CB}=12, ${P}; ${SN}; ${CN}; ${CB}`,
		],
	])("%o", (wishes, offer) => {
		expect(offerDeflate(wishes)).toBe(offer);
	});
});

describe("a client reads", () => {
	const granted = `${P}; ${SN}; ${SB}=12`;

	test.each<[string, string, DeflateWishes | null, unknown]>([
		["a plain answer", P, most, [P, "15*", "15*"]],
		["what it offered", granted, small, [granted, "12", "12"]],
		[
			"less than it offered",
			`${P}; ${SN}; ${SB}=9; ${CN}; ${CB}=10`,
			small,
			[`${P}; ${SN}; ${CN}; ${SB}=9; ${CB}=10`, "10", "9"],
		],
		[
			"limits that it did not ask for",
			`${P}; ${SN}; ${SB}=10; ${CB}=9`,
			most,
			[`${P}; ${SN}; ${SB}=10; ${CB}=9`, "9*", "10"],
		],
		[
			"a window that zlib cannot keep to, and does not compress",
			`${P}; ${CB}=8`,
			most,
			[`${P}; ${CB}=8`, "none", "15*"],
		],
		["the extension unoffered", P, null, null],
		["another extension", "permessage-bzip2", most, null],
		["the extension twice", `${P}, ${P}`, most, null],
		["the extension and another", `${P}, x`, most, null],
		["an empty answer", "", most, null],
		["no grant of no context takeover", `${P}; ${SB}=12`, small, null],
		[
			"what the second offer leaves to the server",
			`${P}; ${SN}`,
			small,
			[`${P}; ${SN}`, "12", "15"],
		],
		[
			"larger windows than it wishes for",
			`${P}; ${SN}; ${SB}=13; ${CB}=13`,
			small,
			[`${P}; ${SN}; ${SB}=13; ${CB}=13`, "12", "13"],
		],
		["the client's window without a value", `${P}; ${CB}`, most, null],
		["an unknown parameter", `${P}; x`, most, null],
		["a parameter twice", `${P}; ${CN}; ${CN}`, most, null],
		...["0", "7", "16", "abc", '""'].flatMap(
			(value): [string, string, DeflateWishes, null][] => [
				[`window bits ${value}`, `${P}; ${SB}=${value}`, most, null],
				[`window bits ${value}`, `${P}; ${CB}=${value}`, most, null],
			],
		),
		["a list that breaks the grammar", `${P};`, most, null],
	])("%s: %s", (_, answer, wishes, expected) => {
		expect(read(checkDeflateAnswer(answer, wishes))).toEqual(expected);
	});

	test("what a server answers to what it offers", () => {
		const bits = [9, 12, 15];
		const all = bits.flatMap((windowBits) =>
			[true, false].map((contextTakeover) => ({ windowBits, contextTakeover })),
		);
		for (const client of all) {
			for (const server of all) {
				const atServer = acceptDeflate(offerDeflate(client), server);
				if (atServer === null || atServer === "invalid")
					throw new Error("it was declined");
				const atClient = checkDeflateAnswer(atServer.extension, client);
				expect(atClient?.receive).toEqual(atServer.send);
				expect(atClient?.send).toEqual(atServer.receive);
				const windowBits = Math.min(client.windowBits, server.windowBits);
				const contextTakeover =
					client.contextTakeover && server.contextTakeover;
				expect(atServer.send).toEqual({ windowBits, contextTakeover });
			}
		}
	});
});

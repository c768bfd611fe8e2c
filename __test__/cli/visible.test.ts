/** What a terminal gets to see of a peer's bytes. */
import { describe, expect, test } from "vitest";
import { hexDump, visible } from "../../lib/cli/visible.js";

describe("text", () => {
	test.each([
		[
			"escape sequences",
			"\x1b[2J\x1b]0;title\x07",
			"\\x1b[2J\\x1b]0;title\\x07",
		],
		["C1 controls", "\u009b2J\u0080", "\\x9b2J\\x80"],
		["line ends and tabs", "a\r\nb\tc", "a\\r\\nb\\tc"],
		["backspaces and DEL", "a\b\x7f", "a\\x08\\x7f"],
		["NUL", "\0", "\\x00"],
		["other line separators", "a\u2028b\u2029", "a\\u2028b\\u2029"],
		["turned directions", "\u202egpj.exe\u2066", "\\u202egpj.exe\\u2066"],
		[
			"invisible ones",
			"a\ufeffb\u200bc\u{e0041}",
			"a\\ufeffb\\u200bc\\u{e0041}",
		],
		["lone surrogates", "a\ud800b", "a\\ud800b"],
	])("spells out %s", (_name, text, expected) => {
		expect(visible(text)).toBe(expected);
	});

	test.each(["plain ASCII ~!\\n", "Grüße, 東京, שלום", "👩‍👩‍👧 क्‍ष"])(
		"leaves %s alone",
		(text) => {
			expect(visible(text)).toBe(text);
		},
	);

	test("has no control character left, whatever it was", () => {
		const all = Array.from({ length: 0x2100 }, (_, code) => code);
		const text = String.fromCharCode(...all);
		expect(visible(text)).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
	});
});

describe("bytes", () => {
	test.each([
		["", Infinity, "0 bytes:"],
		["1b", Infinity, "1 byte: 1b"],
		["0102ff", Infinity, "3 bytes: 01 02 ff"],
		["0102ff", 3, "3 bytes: 01 02 ff"],
		["0102ff", 2, "3 bytes: 01 02 …"],
	])("%j, %d of them at most, are %j", (hex, limit, expected) => {
		expect(hexDump(Buffer.from(hex, "hex"), limit)).toBe(expected);
	});
});

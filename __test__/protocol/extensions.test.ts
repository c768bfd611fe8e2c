import { describe, expect, test } from "vitest";
import { parseExtensions } from "../../lib/protocol/extensions.js";

describe("a list of extensions", () => {
	test.each<[string, ReturnType<typeof parseExtensions>]>([
		["a", [{ name: "a", parameters: [] }]],
		["a, b ,\tc", ["a", "b", "c"].map((name) => ({ name, parameters: [] }))],
		[
			'a; b; c=1 ; d="e" ;f = "g\\h"',
			[
				{
					name: "a",
					parameters: [
						["b", null],
						["c", "1"],
						["d", "e"],
						["f", "gh"],
					],
				},
			],
		],
		[
			"a; b; b=1",
			[
				{
					name: "a",
					parameters: [
						["b", null],
						["b", "1"],
					],
				},
			],
		],
		[
			"constructor; __proto__=1",
			[{ name: "constructor", parameters: [["__proto__", "1"]] }],
		],
		["", []],
		[", ,", []],
		[",a,,", [{ name: "a", parameters: [] }]],
	])("%j is read", (text, extensions) => {
		expect(parseExtensions(text)).toEqual(extensions);
	});

	test.each([
		"a b",
		"a;",
		"a; ;b",
		";a",
		"a; b=",
		'a; b="',
		'a; b="c',
		'a; b="c\\',
		'a; b=""',
		'a; b="c d"',
		'a; b="c" d',
		"a; b=c=d",
		"a; =b",
		'"a"',
		"a(b)",
		"ä",
		"a\0",
	])("%j is refused", (text) => {
		expect(parseExtensions(text)).toBeNull();
	});

	test("takes time in proportion to its length, whatever is in it", () => {
		const unit = ["a;", 'a; b="\\a', 'a; b="\\"', "a; b=c", ",", " ", "a, "];
		for (const part of unit) {
			const text = part.repeat(400_000);
			// Anything worse than linear would outlast the time of the test many times over.
			parseExtensions(text);
			parseExtensions(`a; b="${text}`);
		}
	});
});

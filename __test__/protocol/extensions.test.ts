import { describe, expect, test, vi } from "vitest";
import { parseExtensions } from "../../lib/protocol/extensions.js";

/**
 * What reading `text` takes: how often a pattern is tried, and over how many characters. One that does not match may have looked
 * as far as to the end.
 */
function workOf(text: string): number {
	let work = 0;
	const { exec } = RegExp.prototype;
	const spy = vi.spyOn(RegExp.prototype, "exec");
	spy.mockImplementation(function (this: RegExp, subject) {
		const start = this.lastIndex;
		const match = exec.call(this, subject);
		// A class of characters is decided by the next one.
		const isDecided = this.source.startsWith("[");
		work += 1 + (match?.[0].length ?? (isDecided ? 0 : subject.length - start));
		return match;
	});
	try {
		parseExtensions(text);
	} finally {
		spy.mockRestore();
	}
	return work;
}

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

	test.each(["a;", 'a; b="\\a', 'a; b="\\"', "a; b=c", ",", " ", "a, "])(
		"of many %j is read in work that is in proportion to its length",
		(unit) => {
			for (const before of ["", 'a; b="']) {
				const [work, doubled] = [20_000, 40_000].map((times) =>
					workOf(before + unit.repeat(times)),
				);
				expect(work).toBeLessThan(20 * unit.length * 20_000);
				expect(doubled).toBeLessThan(2.1 * work);
			}
		},
	);
});

/** What a connection keeps of compressed messages, as the README tells it. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bytesOf } from "../../lib/transport/compression-memory.js";
import { engines } from "../support/engines.js";

const readme = readFileSync(
	new URL("../../README.md", import.meta.url),
	"utf8",
).replaceAll("\n", " ");

/** The figures for both engines, in KiB. */
function told(pattern: RegExp): { native: number; typescript: number } {
	const [, native, typescript] = pattern.exec(readme) ?? [];
	return { native: Number(native), typescript: Number(typescript) };
}

describe.each(engines)("the $name engine", ({ name, engine }) => {
	test.each([
		{
			settings: { level: 3, memoryLevel: 5, windowBits: 12 },
			figures: told(
				/defaults keep at most (\d+) KiB on the native engine and (\d+) KiB on the TypeScript one/,
			),
		},
		{
			settings: { level: 3, memoryLevel: 8, windowBits: 15 },
			figures: told(
				/15 bits with memory level 8 at most (\d+) KiB or (\d+) KiB/,
			),
		},
	])("keeps at most what the README says, at %o", ({ settings, figures }) => {
		const { windowBits } = settings;
		const bytes = bytesOf(engine, {
			deflate: { ...settings, contextTakeover: true },
			inflate: { windowBits, contextTakeover: true },
		});
		expect(Math.ceil(bytes / 1024)).toBe(figures[name]);
	});
});

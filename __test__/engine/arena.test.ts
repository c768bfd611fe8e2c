import { expect, test } from "vitest";
import { Arena } from "../../lib/engine/arena.js";

test("an arena takes no memory before it is written", () => {
	expect(new Arena().slab.length).toBe(0);
});

test("what fits behind `used` stays in the slab, what does not gets a fresh one", () => {
	const arena = new Arena();
	arena.reserve(1);
	const first = arena.slab;
	expect(first.length).toBe(65_536);
	arena.used = 65_000;
	arena.reserve(536);
	expect(arena.slab).toBe(first);
	expect(arena.used).toBe(65_000);
	arena.reserve(537);
	expect(arena.slab).not.toBe(first);
	expect(arena.slab.buffer).not.toBe(first.buffer);
	expect(arena.slab.length).toBe(65_536);
	expect(arena.used).toBe(0);
});

test("what is longer than a slab gets one of its own length", () => {
	const arena = new Arena();
	arena.reserve(100_000);
	expect(arena.slab.length).toBe(100_000);
	arena.used = 100_000;
	arena.reserve(1);
	expect(arena.slab.length).toBe(65_536);
});

test("a slab does not share its memory with other buffers", () => {
	const arena = new Arena();
	arena.reserve(10);
	expect(arena.slab.byteOffset).toBe(0);
	expect(arena.slab.buffer.byteLength).toBe(arena.slab.length);
});

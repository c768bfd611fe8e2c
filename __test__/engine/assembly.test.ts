import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Assembly } from "../../lib/engine/assembly.js";

/** What is whole: nothing of it is lost. */
const taken = (assembly: Assembly) => assembly.take() as Buffer;

test("an assembly gives back what was appended, and is empty then", () => {
	fc.assert(
		fc.property(
			fc.array(fc.oneof(fc.nat(20), fc.nat(300), fc.nat(9000)), {
				maxLength: 30,
			}),
			(lengths) => {
				const assembly = new Assembly();
				for (let round = 0; round < 2; round++) {
					const pieces = lengths.map((length, index) =>
						Buffer.alloc(length, `${index} piece ${round}`),
					);
					for (const piece of pieces) assembly.append(piece);
					const expected = Buffer.concat(pieces);
					expect(assembly.length).toBe(expected.length);
					expect(taken(assembly).equals(expected)).toBe(true);
					expect(assembly.length).toBe(0);
				}
				expect(taken(assembly).length).toBe(0);
			},
		),
	);
});

test("a piece may be a small part of a large memory, and be overwritten after it was copied", () => {
	const memory = Buffer.alloc(65_536);
	const assembly = new Assembly();
	for (let n = 0; n < 100; n++) {
		memory.fill(n, 0, 700);
		assembly.append(memory.subarray(0, 700));
	}
	const whole = taken(assembly);
	expect(whole.length).toBe(70_000);
	for (let n = 0; n < 100; n++)
		expect(whole.subarray(n * 700, n * 700 + 700).every((b) => b === n)).toBe(
			true,
		);
});

describe("memory", () => {
	test("one-byte pieces do not keep the slabs alive that they came in", () => {
		const assembly = new Assembly();
		for (let n = 0; n < 2000; n++) {
			const slab = Buffer.alloc(65_536, n);
			assembly.append(slab.subarray(n, n + 1));
			// What was appended must be a copy: a view would lose its byte here.
			structuredClone(slab.buffer, { transfer: [slab.buffer as ArrayBuffer] });
		}
		const whole = taken(assembly);
		expect(whole.length).toBe(2000);
		expect(whole.every((byte, n) => byte === n % 256)).toBe(true);
	});

	test("pages of 4 KiB are copied out of slabs of 64 KiB", () => {
		const assembly = new Assembly();
		const slab = Buffer.alloc(65_536, "s");
		assembly.append(slab.subarray(0, 4096));
		slab.fill("t");
		expect(taken(assembly).equals(Buffer.alloc(4096, "s"))).toBe(true);
	});

	test("a whole slab is not copied", () => {
		const assembly = new Assembly();
		const slab = Buffer.alloc(65_536, "s");
		assembly.append(slab);
		expect(taken(assembly).buffer).toBe(slab.buffer);
	});

	test("nothing is handed out that was not appended", () => {
		const assembly = new Assembly();
		assembly.append(Buffer.from("abc"));
		const memory = Buffer.from(taken(assembly).buffer);
		expect(memory.toString("latin1").replaceAll("\0", "")).toBe("abc");
	});

	test("messages that share a slab are apart, and one cannot take the others to another thread", () => {
		const messages = Array.from({ length: 12 }, (_, n) => {
			const assembly = new Assembly();
			for (let part = 0; part < 4; part++)
				assembly.append(Buffer.alloc(17_000 + n, n));
			return taken(assembly);
		});
		expect(new Set(messages.map(({ buffer }) => buffer)).size).toBeLessThan(12);
		try {
			const [{ buffer }] = messages;
			structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
		} catch (error) {
			// Node 20 makes a copy instead.
			expect((error as DOMException).name).toBe("DataCloneError");
		}
		messages.forEach((message, n) => {
			expect(message.length).toBe(68_000 + 4 * n);
			expect(message.every((byte) => byte === n)).toBe(true);
		});
	});
});

describe("a message whose length is announced", () => {
	const lengths = fc.array(
		fc.oneof(
			fc.integer({ min: 1, max: 300 }),
			fc.integer({ min: 1, max: 90_000 }),
		),
		{ minLength: 1, maxLength: 12 },
	);

	test("is the same, whatever was announced, and wherever it was put", () => {
		fc.assert(
			fc.property(lengths, fc.array(fc.nat(200_000)), (lengths, lies) => {
				const assembly = new Assembly();
				const pieces = lengths.map((length, i) => Buffer.alloc(length, i + 1));
				const expected = Buffer.concat(pieces);
				let left = expected.length;
				for (const [i, piece] of pieces.entries()) {
					left -= piece.length;
					const { room } = assembly;
					if (i % 2 === 1 && room !== null && room.length >= piece.length) {
						room.set(piece);
						assembly.advance(piece.length);
					} else assembly.append(piece, lies[i] ?? left);
				}
				expect(assembly.length).toBe(expected.length);
				expect(taken(assembly).equals(expected)).toBe(true);
				expect([assembly.length, assembly.room]).toEqual([0, null]);
			}),
		);
	});

	test("has its memory once enough of it is here, and no more than announced", () => {
		const assembly = new Assembly();
		const piece = () => Buffer.alloc(50_000, "p");
		assembly.append(piece(), 950_000);
		assembly.append(piece(), 900_000);
		assembly.append(piece(), 850_000);
		expect(assembly.room).toBeNull();
		assembly.append(Buffer.alloc(100_000, "p"), 750_000);
		expect(assembly.room?.length).toBe(750_000);
		expect(assembly.length).toBe(250_000);
	});

	test("that ends early shows nothing but itself", () => {
		const assembly = new Assembly();
		assembly.append(Buffer.alloc(100, "a"), 60_000);
		expect(assembly.room?.length).toBe(60_000);
		const whole = taken(assembly);
		expect(whole.toString()).toBe("a".repeat(100));
		expect(whole.buffer.byteLength).toBe(100);
	});
});

describe("a piece whose memory was transferred away", () => {
	const piece = (count: number) => Buffer.alloc(count, "p");
	const lose = ({ buffer }: Buffer) =>
		structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });

	test("leaves no whole message", () => {
		for (const count of [1, 2]) {
			const assembly = new Assembly();
			const pieces = Array.from({ length: count }, () =>
				Buffer.allocUnsafeSlow(10_000),
			);
			for (const each of pieces) assembly.append(each);
			lose(pieces[count - 1]);
			expect(assembly.isLost).toBe(false);
			expect(assembly.take()).toBeNull();
		}
	});

	test("is noticed as soon as pieces are joined, and nothing is kept of what follows", () => {
		const assembly = new Assembly();
		const first = Buffer.allocUnsafeSlow(50_000);
		assembly.append(first, 450_000);
		lose(first);
		expect(assembly.append(piece(50_000), 400_000)).toBe(true);
		expect(assembly.isLost).toBe(false);
		assembly.append(piece(100_000), 300_000);
		expect(assembly.isLost).toBe(true);
		expect(assembly.append(piece(300_000))).toBe(false);
		expect(assembly.room).toBeNull();
		expect(assembly.take()).toBeNull();
	});
});

test("whoever transfers the memory of a message away leaves the others theirs", () => {
	// Of three that follow one another two share a slab, wherever the first has found it.
	const made = [1, 2, 3].map((n) => {
		const assembly = new Assembly();
		assembly.append(Buffer.alloc(60_000, n), 40_000);
		assembly.append(Buffer.alloc(40_000, n));
		return taken(assembly);
	});
	const messages =
		made[0].buffer === made[1].buffer ? made.slice(0, 2) : made.slice(1);
	expect(messages[0].buffer).toBe(messages[1].buffer);
	const { buffer } = messages[0];
	try {
		structuredClone(buffer, { transfer: [buffer] });
	} catch {
		// Node.js 20 clones it, newer ones refuse.
	}
	// Node.js 22 and newer.
	const { transfer } = buffer as unknown as { transfer?(): ArrayBuffer };
	const { byteLength } = buffer;
	if (transfer !== undefined)
		expect(transfer.call(buffer).byteLength).toBe(byteLength);
	const [first] = messages[1];
	expect(messages[1].equals(Buffer.alloc(100_000, first))).toBe(true);
	expect(first).toBeGreaterThan(1);
});

test("who has sent little keeps no memory that others share", () => {
	const assembly = new Assembly();
	assembly.append(Buffer.from("x"), 65_536);
	expect(assembly.room?.length).toBe(65_536);
	expect(assembly.room?.buffer.byteLength).toBe(65_537);
});

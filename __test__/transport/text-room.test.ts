import { expect, test } from "vitest";
import { DEFLATE_NOW_BYTES } from "../../lib/engine/engine.js";
import { bytesOfText, lastingBytes } from "../../lib/transport/text-room.js";

const MOST = DEFLATE_NOW_BYTES;

test("texts about as long as the room are written whole", () => {
	for (const end of ["", "é", "€", "😀", "\ud83d", "é€😀"]) {
		for (let length = MOST - 12; length <= MOST + 12; length++) {
			const text = "x".repeat(length) + end;
			expect(bytesOfText(text).equals(Buffer.from(text))).toBe(true);
		}
	}
	const wide = "€".repeat(MOST);
	expect(bytesOfText(wide).equals(Buffer.from(wide))).toBe(true);
	expect(bytesOfText("").length).toBe(0);
});

test("what lasts is left where it is, and what does not is copied", () => {
	const short = bytesOfText("short");
	const kept = lastingBytes(short);
	const long = bytesOfText("x".repeat(MOST + 1));
	expect(lastingBytes(long)).toBe(long);
	bytesOfText("other");
	expect(String(short)).toBe("other");
	expect(String(kept)).toBe("short");
});

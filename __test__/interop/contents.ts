/** What the libraries send each other. */

const MIB = 1024 * 1024;

/** Deterministic bytes without a period that lengths of headers or masks could hide in. */
export function bytes(length: number): Buffer {
	const data = Buffer.allocUnsafe(length);
	let state = 0x2545f491;
	for (let i = 0; i < length; i++) {
		state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
		data[i] = state >>> 16;
	}
	return data;
}

/** Around the lengths where a header takes another form, of characters of each length in UTF-8. */
export const texts = [
	"",
	"a",
	"x".repeat(125),
	"x".repeat(126),
	"x".repeat(65_535),
	"x".repeat(65_536),
	"héllo, 世界 🌍",
	"é".repeat(63),
	"世".repeat(21_846),
	"\u0000\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}",
	"ascii ".repeat(MIB / 6),
	"世界🌍é ".repeat(MIB / 13),
];

/** Begins with what files take for a mark of their encoding. In a message it is a character like others. */
export const markedText = "\ufeffmarked";

export const binaries = [0, 1, 125, 126, 65_535, 65_536, MIB].map(bytes);

/** 16 MiB of either type. */
export const longest = {
	binary: bytes(16 * MIB),
	text: `x${"世界🌍".repeat((16 * MIB - 6) / 10)}yyyyy`,
};

/** `data` in pieces of 1 MiB. */
export function inPieces(data: Buffer): Buffer[] {
	const count = Math.ceil(data.length / MIB);
	return Array.from({ length: count }, (_, i) =>
		data.subarray(i * MIB, (i + 1) * MIB),
	);
}

/** Codes and reasons to close with. Those that browsers may send come first. */
export const closings: [code?: number, reason?: string][] = [
	[],
	[1000],
	[1000, "done"],
	[3000, "à bientôt, 世界 🌍"],
	[4999, "x".repeat(123)],
	[1001, "going away"],
	[1003],
	[1007],
	[1009, "too long"],
	[1011],
	[1013, "later"],
];

/** How many of `closings` browsers may send. */
export const BROWSER_CLOSINGS = 5;

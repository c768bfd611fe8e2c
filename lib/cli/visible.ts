/** What a peer has sent, in a form that cannot drive a terminal. */

const names: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * All characters that a terminal would obey rather than show: controls (C0, DEL, C1), format characters, among them those
 * that turn the direction of writing, line separators, and lone surrogates. Not the two that join letters and emoji.
 */
const obeyed = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** `text` in one line, with such characters spelled out as in a string literal. */
export function visible(text: string): string {
	return text.replace(obeyed, spell);
}

function spell(character: string): string {
	const code = character.codePointAt(0) as number;
	const hex = code.toString(16);
	if (character in names) return names[character];
	if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
	return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
}

/** The bytes in hexadecimal, the first `limit` of them: `3 bytes: 01 02 ff`. */
export function hexDump(bytes: Buffer, limit = Infinity): string {
	const shown = bytes.toString("hex", 0, Math.min(limit, bytes.length));
	const pairs = shown.replace(/..(?=.)/g, "$& ");
	const more = bytes.length > limit ? " …" : "";
	const unit = bytes.length === 1 ? "byte" : "bytes";
	return `${bytes.length} ${unit}: ${pairs}${more}`.trimEnd();
}

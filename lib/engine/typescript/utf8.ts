/**
 * UTF-8 validation, whole and in pieces: the well-formed byte sequences of the Unicode Standard, table 3-7 (RFC 3629).
 *
 * A state says what may come next. The automaton rejects at the first byte that no valid text can have at its place.
 */
import { isUtf8 } from "node:buffer";

/** Between two characters: where a text may begin and end. */
export const UTF8_ACCEPT = 0;
/** A byte that cannot stand where it stands. Final. */
export const UTF8_REJECT = 8;

// The other states: 1 to 3 continuation bytes are missing, of which the first may be restricted.
const ONE = 1;
const TWO = 2;
const THREE = 3;
const TWO_NOT_OVERLONG = 4; // after E0: A0..BF
const TWO_NOT_SURROGATE = 5; // after ED: 80..9F
const THREE_NOT_OVERLONG = 6; // after F0: 90..BF
const THREE_NOT_BEYOND = 7; // after F4: 80..8F

/** `transitions[state << 8 | byte]` is the next state. */
const transitions = buildTransitions();

function buildTransitions(): Uint8Array {
	const table = new Uint8Array(9 << 8).fill(UTF8_REJECT);
	const set = (state: number, from: number, to: number, next: number): void => {
		table.fill(next, (state << 8) | from, ((state << 8) | to) + 1);
	};
	set(UTF8_ACCEPT, 0x00, 0x7f, UTF8_ACCEPT);
	set(UTF8_ACCEPT, 0xc2, 0xdf, ONE);
	set(UTF8_ACCEPT, 0xe0, 0xe0, TWO_NOT_OVERLONG);
	set(UTF8_ACCEPT, 0xe1, 0xec, TWO);
	set(UTF8_ACCEPT, 0xed, 0xed, TWO_NOT_SURROGATE);
	set(UTF8_ACCEPT, 0xee, 0xef, TWO);
	set(UTF8_ACCEPT, 0xf0, 0xf0, THREE_NOT_OVERLONG);
	set(UTF8_ACCEPT, 0xf1, 0xf3, THREE);
	set(UTF8_ACCEPT, 0xf4, 0xf4, THREE_NOT_BEYOND);
	set(ONE, 0x80, 0xbf, UTF8_ACCEPT);
	set(TWO, 0x80, 0xbf, ONE);
	set(THREE, 0x80, 0xbf, TWO);
	set(TWO_NOT_OVERLONG, 0xa0, 0xbf, ONE);
	set(TWO_NOT_SURROGATE, 0x80, 0x9f, ONE);
	set(THREE_NOT_OVERLONG, 0x90, 0xbf, TWO);
	set(THREE_NOT_BEYOND, 0x80, 0x8f, TWO);
	return table;
}

/** From this many bytes on Node's validator, which costs a call and a view, is faster than the automaton. */
const NODE_PAYS_BYTES = 32;

/**
 * Takes the automaton from `state` over bytes `start` to `end`.
 *
 * @returns the next state: `UTF8_ACCEPT` between characters, `UTF8_REJECT` after a wrong byte, else within a character.
 */
export function validateRange(
	bytes: Uint8Array,
	start: number,
	end: number,
	state: number,
): number {
	let at = start;
	let now = state;
	if (end - start >= NODE_PAYS_BYTES) {
		// The character begun before, then whole characters by Node, then what may be the beginning of one more.
		while (now !== UTF8_ACCEPT) {
			now = transitions[(now << 8) | bytes[at++]];
			if (now === UTF8_REJECT) return UTF8_REJECT;
		}
		const tail = lastLead(bytes, at, end);
		if (!isUtf8(bytes.subarray(at, tail))) return UTF8_REJECT;
		at = tail;
	}
	// Rejection is final in the table too, so the loop need not look for it.
	for (; at < end; at++) now = transitions[(now << 8) | bytes[at]];
	return now;
}

/** Where the last character begins if it may be incomplete: a lead byte among the last three, else `end`. */
function lastLead(bytes: Uint8Array, start: number, end: number): number {
	for (let at = end - 1; at >= start && at >= end - 3; at--) {
		if ((bytes[at] & 0xc0) !== 0x80) return at;
	}
	return end;
}

/** Whether bytes `start` to `end` are a whole text in UTF-8. */
export function isValidRange(
	bytes: Uint8Array,
	start: number,
	end: number,
): boolean {
	if (end - start >= NODE_PAYS_BYTES) return isUtf8(bytes.subarray(start, end));
	return validateRange(bytes, start, end, UTF8_ACCEPT) === UTF8_ACCEPT;
}

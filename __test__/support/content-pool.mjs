/** Random content to cut messages from. Plain JavaScript, because test programs in processes of their own use it, too. */
import { Buffer } from "node:buffer";

/** Characters of one to four bytes in UTF-8, in runs, as texts have them. */
const scripts = ["0123456789 abcdef", "äöüßéñçø", "漢字仮名交じり文", "😀🎉🚀"];

/**
 * Two texts of at least `length` UTF-16 units. A cut through `mixed` may break a surrogate pair.
 *
 * @param {import("./random.mjs").Random} random
 * @param {number} length
 */
export function textPool(random, length) {
	let ascii = "";
	let mixed = "";
	while (ascii.length < length) {
		ascii += random.fraction().toString(36).slice(2);
	}
	while (mixed.length < length) {
		const script = random.pick(scripts);
		for (let run = random.upTo(40); run > 0; run--) {
			mixed += script[random.upTo(script.length - 1)];
		}
	}
	return { ascii, mixed };
}

/**
 * @param {import("./random.mjs").Random} random
 * @param {number} length A multiple of 4.
 */
export function bytePool(random, length) {
	const bytes = Buffer.alloc(length);
	for (let i = 0; i < length; i += 4) {
		bytes.writeUInt32LE(random.upTo(2 ** 32 - 1), i);
	}
	return bytes;
}

/** The messages: each a function of the seed, its connection, its sender and its number, so that any process can make it. */
import { Buffer } from "node:buffer";
import { bytePool, textPool } from "../support/content-pool.mjs";
import { Random } from "../support/random.mjs";
import { checksumOf } from "./ledger.mjs";

const LONGEST = 120 * 1024;

/** Keeps these random numbers apart from those of the plans. */
const TOPIC = 0x6d657373;

/**
 * @typedef {object} Message
 * @property {boolean} isStreamed Sent piece by piece by `beginBinary`.
 * @property {string | Buffer} data A Buffer is the caller's own.
 */

/** @param {Random} random */
function lengthOf(random) {
	const size = random.fraction();
	if (size < 0.05) return 0;
	if (size < 0.7) return random.upTo(125);
	if (size < 0.85) return random.upTo(2000);
	if (size < 0.96) return random.upTo(10_000);
	// Around the lengths at which a header, and a way of sending, changes.
	if (size < 0.985) return random.pick([126, 32_768, 65_536]) - random.upTo(2);
	return random.upTo(LONGEST);
}

export class Messages {
	/** @type {number} */
	#seed;
	#texts;
	#bytes;

	/** @param {number} seed */
	constructor(seed) {
		this.#seed = seed;
		const random = new Random(seed);
		this.#texts = textPool(random, 2 * LONGEST);
		this.#bytes = bytePool(random, 2 * LONGEST);
	}

	/**
	 * @param {number} connection
	 * @param {number} end The sender.
	 * @param {number} number
	 * @returns {Message}
	 */
	make(connection, end, number) {
		const random = Random.of(this.#seed, TOPIC, connection, end, number);
		const length = lengthOf(random);
		const at = random.upTo(LONGEST);
		const name = `${connection}/${end}/${number} `;
		const form = random.below(4);
		if (form < 2) {
			const pool = form === 0 ? this.#texts.ascii : this.#texts.mixed;
			const data = (name + pool.slice(at, at + length)).slice(0, length);
			return { isStreamed: false, data };
		}
		const data = Buffer.from(this.#bytes.subarray(at, at + length));
		data.write(name, "latin1");
		return { isStreamed: form === 3, data };
	}

	/**
	 * The checksum of the first `length` bytes of a message.
	 *
	 * @param {number} connection
	 * @param {number} end
	 * @param {number} number
	 * @param {number} length
	 */
	checksumOfStart(connection, end, number, length) {
		const { data } = this.make(connection, end, number);
		return checksumOf(Buffer.from(data).subarray(0, length));
	}
}

/**
 * One of very many: so short that thousands come in one chunk.
 *
 * @param {number} number
 */
export function shortMessage(number) {
	return `${number} short`;
}

/** The text an end sends last. */
const LAST = "last";

/** @param {number} number */
export function lastMessage(number) {
	return `${LAST} ${number}`;
}

/** @param {string} text */
export function isLastMessage(text) {
	// Others begin with a digit.
	return text.startsWith(LAST);
}

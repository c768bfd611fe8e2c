/** What the seed has in store for a connection: how both ends talk and part, and what the proxy does to them. */
import { Random } from "../support/random.mjs";
import { CLIENT, SERVER } from "./ledger.mjs";

/** Keep the random numbers of the plans apart. */
const CONVERSATION = 0x636f6e76;
const TREATMENT = 0x74726561;
const END = 0x656e6400;

/** The path of the request names the connection to the proxy and to the server. */
const PATH = "/connection/";

/** @param {number} connection */
export function pathOf(connection) {
	return PATH + connection;
}

/** @param {string} path @returns {number} NaN for another path. */
export function connectionOf(path) {
	return path.startsWith(PATH)
		? Number.parseInt(path.slice(PATH.length), 10)
		: Number.NaN;
}

/**
 * How a conversation ends: by `close()` after both ends have sent their last message, by `close()` without regard to the
 * other end, or by `terminate()`.
 *
 * @typedef {"agreed" | "one-sided" | "terminate"} Parting
 */

/** @typedef {"message" | "stream" | "iterate"} Reading How an end receives: collected, as streams, by iteration. */

/**
 * @typedef {object} Conversation
 * @property {number} closer The end that ends it.
 * @property {Parting} parting
 * @property {number | undefined} code Of the close frame.
 * @property {string | undefined} reason
 * @property {boolean} greets The server sends a burst at once, right behind its handshake.
 * @property {number} turns How many times each end sends a burst of messages.
 * @property {[client: Reading, server: Reading]} readings
 */

/**
 * @param {number} seed
 * @param {number} connection
 * @returns {Conversation}
 */
export function conversationOf(seed, connection) {
	const random = Random.of(seed, CONVERSATION, connection);
	const reading = () =>
		random.pick(/** @type {const} */ (["message", "stream", "iterate"]));
	const code = random.pick([undefined, 1000, 1001, 3000, 4999]);
	return {
		closer: random.pick([CLIENT, SERVER]),
		parting: random.pick(
			/** @type {const} */ ([
				...Array(12).fill("agreed"),
				...Array(7).fill("one-sided"),
				"terminate",
			]),
		),
		code,
		reason: code === undefined ? undefined : random.pick(["", "done", "再见"]),
		greets: random.chance(0.3),
		turns: 1 + random.below(8),
		readings: [reading(), reading()],
	};
}

/**
 * Random numbers for what one end does at its leisure: gaps, bursts, pauses.
 *
 * @param {number} seed
 * @param {number} connection
 * @param {number} end
 */
export function randomOf(seed, connection, end) {
	return Random.of(seed, END, connection, end);
}

/**
 * The faults that end a connection. Each strikes one direction at a certain byte: what comes behind it is dropped. What the
 * proxy holds of the other direction at that time is passed on or dropped.
 */
export const faults = /** @type {const} */ ([
	// Passed on; FIN to both ends.
	"cut",
	// Dropped; FIN to both ends.
	"truncate",
	// Dropped; RST to both ends.
	"truncate and reset",
	// Passed on; RST to both ends. The kernel drops what they have not read.
	"reset",
	// Passed on; RST to the end the struck direction leads to, FIN to the other.
	"reset one side",
	// FIN to the end the struck direction leads to; the other direction goes on.
	"half-close",
]);

/** @typedef {typeof faults[number]} Fault */

/**
 * When a fault strikes: after so many bytes from one end (those of the opening handshake included), or where the close
 * frame of that end begins, in its middle, or behind it.
 *
 * @typedef {{ end: number, bytes: number } | { end: number, close: "before" | "inside" | "behind" }} Trigger
 */

/** @typedef {"as they come" | "in pieces" | "byte by byte"} Cutting How the proxy writes the chunks it reads. */

/**
 * @typedef {object} Treatment
 * @property {Fault | null} fault
 * @property {Trigger} trigger
 * @property {Cutting} cutting
 * @property {number} delayChance That a chunk is held back for some time.
 */

/** @param {Random} random */
function bytesBefore(random) {
	// Within the opening handshake; or anywhere, early as often as late.
	if (random.chance(0.08)) return random.upTo(250);
	return 250 + Math.floor(Math.exp(random.fraction() * Math.log(60_000)));
}

/**
 * @param {number} seed
 * @param {number} connection
 * @returns {Treatment}
 */
export function treatmentOf(seed, connection) {
	const random = Random.of(seed, TREATMENT, connection);
	const end = random.pick([CLIENT, SERVER]);
	return {
		fault: random.chance(0.3) ? null : random.pick(faults),
		trigger: random.chance(0.15)
			? {
					end,
					close: random.pick(
						/** @type {const} */ (["before", "inside", "behind"]),
					),
				}
			: { end, bytes: bytesBefore(random) },
		cutting: random.pick(
			/** @type {const} */ ([
				"as they come",
				"as they come",
				"as they come",
				"in pieces",
				"in pieces",
				"byte by byte",
			]),
		),
		delayChance: random.pick([0, 0, 0.05, 0.3]),
	};
}

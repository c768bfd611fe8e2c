/** Which of the suite's cases are run. */
import { StepError } from "../support/step.mjs";

/**
 * The suite's sections, with the number of their cases, so that none gets lost on the way.
 *
 * @typedef {object} Section
 * @property {number} number
 * @property {string} title
 * @property {number} cases
 */

/** @type {Section[]} */
export const sections = [
	{ number: 1, title: "Framing", cases: 16 },
	{ number: 2, title: "Pings and pongs", cases: 11 },
	{ number: 3, title: "Reserved bits", cases: 7 },
	{ number: 4, title: "Opcodes", cases: 10 },
	{ number: 5, title: "Fragmentation", cases: 20 },
	{ number: 6, title: "UTF-8", cases: 145 },
	{ number: 7, title: "Closing", cases: 37 },
	{ number: 9, title: "Limits and speed", cases: 54 },
	{ number: 10, title: "Automatic fragmentation", cases: 1 },
	{ number: 12, title: "Compression", cases: 90 },
	{ number: 13, title: "Compression parameters", cases: 126 },
];

/** @param {string} id */
export const sectionOf = (id) => Number(id.split(".")[0]);

const core = [1, 2, 3, 4, 5, 6, 7, 10].map((number) => `${number}.*`);

/** Sets of cases by name, as patterns. */
export const sets = {
	/** The protocol. */
	core,
	/**
	 * With section 9 in addition: messages of up to 16 MiB, round trips by the thousand. Of compression, messages of two
	 * lengths of each kind, and of one with each set of parameters.
	 */
	fast: [
		...core,
		"9.*",
		...[1, 2, 3, 4, 5].flatMap((kind) => [`12.${kind}.1`, `12.${kind}.10`]),
		...[1, 2, 3, 4, 5, 6, 7].map((set) => `13.${set}.1`),
	],
	/** Every case. */
	full: sections.map(({ number }) => `${number}.*`),
};

/**
 * The suite matches patterns as prefixes, by which 1.1.1* is also 1.1.10. Here `6.4.*` is all below 6.4, and `6.4.1` itself.
 *
 * @param {string} pattern
 * @param {string} id
 */
const matches = (pattern, id) =>
	pattern.endsWith(".*") ? id.startsWith(pattern.slice(0, -1)) : id === pattern;

/** @param {string[]} patterns @param {string} id */
export const matchesAny = (patterns, id) =>
	patterns.some((pattern) => matches(pattern, id));

/**
 * The ids that match one of the patterns, in the suite's order.
 *
 * @param {string[]} ids
 * @param {string[]} patterns
 */
export function select(ids, patterns) {
	for (const pattern of patterns) {
		if (!ids.some((id) => matches(pattern, id)))
			throw new StepError(`the suite has no case ${pattern}`);
	}
	return ids.filter((id) => matchesAny(patterns, id));
}

/**
 * The ids of all cases the suite has.
 *
 * @param {string[]} ids
 * @throws {StepError} where the suite is not the one that was expected.
 */
export function knownIds(ids) {
	for (const { number, cases } of sections) {
		const found = ids.filter((id) => sectionOf(id) === number).length;
		if (found !== cases) {
			throw new StepError(
				`the suite's section ${number} has ${found} cases instead of ${cases}`,
			);
		}
	}
	return select(ids, sets.full);
}

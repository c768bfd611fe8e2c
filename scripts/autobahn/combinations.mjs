/** What is tested: the library in each role, on each engine. Something more to combine is a property more. */
import { StepError } from "../support/step.mjs";
import { matchesAny } from "./cases.mjs";

/**
 * @typedef {object} Combination
 * @property {"server" | "client"} role
 * @property {"native" | "typescript"} engine
 * @property {"collected" | "streamed"} binary How binary messages are received: by 'message', or as streams.
 */

const roles = /** @type {const} */ (["server", "client"]);
const engines = /** @type {const} */ (["native", "typescript"]);
const receiving = /** @type {const} */ (["collected", "streamed"]);

/** @type {Combination[]} */
export const combinations = receiving.flatMap((binary) =>
	engines.flatMap((engine) => roles.map((role) => ({ role, engine, binary }))),
);

/** The cases with messages in binary of some length. */
const binaryCases = ["1.2.*", "9.2.*", "9.4.*", "9.6.*", "9.8.*"];

/** `server/native/collected`. @param {Combination} combination */
export const nameOf = ({ role, engine, binary }) =>
	`${role}/${engine}/${binary}`;

/**
 * Those that a filter lets through: `client`, `server/native`, several with commas between them.
 *
 * @param {string} filter
 */
export function filterCombinations(filter) {
	const alternatives = filter.split(",").map((words) => words.split("/"));
	const known = new Set([...roles, ...engines, ...receiving]);
	const unknown = alternatives
		.flat()
		.find((word) => !known.has(/** @type {any} */ (word)));
	if (unknown !== undefined)
		throw new StepError(`there is no combination ${unknown}`);
	return combinations.filter((combination) => {
		const parts = nameOf(combination).split("/");
		return alternatives.some((words) =>
			words.every((word) => parts.includes(word)),
		);
	});
}

/**
 * The cases that say something about a combination: how binary messages are received matters where there are some.
 *
 * @param {Combination} combination
 * @param {string[]} ids
 */
export function casesFor({ binary }, ids) {
	return binary === "collected"
		? ids
		: ids.filter((id) => matchesAny(binaryCases, id));
}

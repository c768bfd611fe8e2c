/** What is tested: the library in each role, on each engine, over each transport. Something more to combine is a property more. */
import { StepError } from "../support/step.mjs";
import { matchesAny } from "./cases.mjs";

/**
 * @typedef {object} Combination
 * @property {"server" | "client"} role
 * @property {"native" | "typescript"} engine
 * @property {"socket" | "native"} transport
 * @property {"collected" | "streamed"} binary How binary messages are received: by 'message', or as streams.
 */

const roles = /** @type {const} */ (["server", "client"]);
/** The engines and what carries their bytes. The native transport has no other engine than the native one. */
const stacks = /** @type {const} */ ([
	{ engine: "native", transport: "socket" },
	{ engine: "typescript", transport: "socket" },
	{ engine: "native", transport: "native" },
]);
const receiving = /** @type {const} */ (["collected", "streamed"]);

/** @type {Combination[]} */
export const combinations = receiving.flatMap((binary) =>
	stacks.flatMap((stack) => roles.map((role) => ({ role, ...stack, binary }))),
);

/** One word for both: the engine's, over the socket transport. @param {Pick<Combination, "engine" | "transport">} stack */
const stackName = ({ engine, transport }) =>
	transport === "native" ? "native-transport" : engine;

/** The cases with messages in binary of some length. */
const binaryCases = ["1.2.*", "9.2.*", "9.4.*", "9.6.*", "9.8.*"];

/** `server/native/collected`. @param {Combination} combination */
export const nameOf = ({ role, binary, ...stack }) =>
	`${role}/${stackName(stack)}/${binary}`;

/**
 * Those that a filter lets through: `client`, `server/native`, several with commas between them.
 *
 * @param {string} filter
 */
export function filterCombinations(filter) {
	const alternatives = filter.split(",").map((words) => words.split("/"));
	const known = new Set([...roles, ...stacks.map(stackName), ...receiving]);
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

/** Ours against the reference, over all scenarios: one average, and how often it is better or worse. */

/**
 * @typedef {object} Verdict
 * @property {string} id
 * @property {string} label
 * @property {number | null} average Geometric mean of the ratios: twice and half as good are level.
 * @property {number} better
 * @property {number} level
 * @property {number} worse
 * @property {number} failed
 */

/** @typedef {import("../results.mjs").Results} Results */

/** Who the comparison as a whole is with. @param {Results} results */
export function mainReference({ scenarios, candidates }) {
	return scenarios[0]?.reference ?? candidates[0].id;
}

/** Those with one figure that compare with the main reference. @param {Results} results */
export function comparedScenarios(results) {
	const main = mainReference(results);
	return results.scenarios.filter(
		({ reference, entries }) =>
			reference === main &&
			entries.some(({ candidate, ratio }) => ratio && candidate !== main),
	);
}

/** @param {Results} results @returns {Verdict[]} */
export function verdicts(results) {
	const scenarios = comparedScenarios(results);
	return results.candidates
		.filter(({ isOurs }) => isOurs)
		.map(({ id, label }) => {
			const entries = scenarios
				.flatMap((scenario) => scenario.entries)
				.filter(({ candidate }) => candidate === id);
			const ratios = entries.flatMap(({ ratio }) =>
				ratio ? [ratio.median] : [],
			);
			/** @param {ReturnType<typeof judge>} word */
			const count = (word) =>
				ratios.filter((ratio) => judge(ratio) === word).length;
			return {
				id,
				label,
				average: geometricMean(ratios),
				better: count("better"),
				level: count("level"),
				worse: count("worse"),
				failed: entries.filter(({ failure }) => failure).length,
			};
		});
}

/** @param {number[]} ratios */
export function geometricMean(ratios) {
	if (ratios.length === 0) return null;
	const sum = ratios.reduce((total, ratio) => total + Math.log(ratio), 0);
	return Math.exp(sum / ratios.length);
}

/** Differences below this are no differences. */
const LEVEL = 0.05;

/** @param {number | undefined} ratio @param {boolean} [isReference] @returns {"better" | "worse" | "level"} */
export function judge(ratio, isReference = false) {
	if (isReference || ratio === undefined || Math.abs(ratio - 1) <= LEVEL) {
		return "level";
	}
	return ratio > 1 ? "better" : "worse";
}

/** What the suite's report of a run is worth here: stricter than the suite's own words for it. */

/** @typedef {import("./suite.mjs").Entry} Entry */

/**
 * @typedef {object} Verdict
 * @property {string} id
 * @property {boolean} passed
 * @property {boolean} informational The case can be neither passed nor failed.
 * @property {string} reason Why it did not pass.
 * @property {string} [report] The suite's file on it.
 */

/** The cases for which the suite has no other word than INFORMATIONAL. */
const informational = new Set(["7.1.6", "7.13.1", "7.13.2"]);

/**
 * NON-STRICT, for one, is the suite's word for UTF-8 that is rejected at the end of the message only (6.4): a failure.
 *
 * @param {string} id
 * @param {string} behavior
 */
const isGood = (id, behavior) =>
	behavior === "OK" || (behavior === "INFORMATIONAL" && informational.has(id));

/** @param {string} id @param {string} reason @returns {Verdict} */
const failure = (id, reason) => ({
	id,
	passed: false,
	informational: false,
	reason,
});

/** @param {string} id @param {Entry} entry @returns {Verdict} */
function judgeCase(id, { behavior, behaviorClose, reportfile: report }) {
	if (!isGood(id, behavior) || !isGood(id, behaviorClose))
		return { ...failure(id, `${behavior}, closing ${behaviorClose}`), report };
	const isInformational = behavior === "INFORMATIONAL";
	return {
		id,
		passed: true,
		informational: isInformational,
		reason: "",
		report,
	};
}

/**
 * The verdicts on a run: one for each case that was to be run, whether the report has it or not, because the suite ends
 * with 0 also when its peer went away half-way; and one for each that was not.
 *
 * @param {string[]} ids
 * @param {Record<string, Entry>} report
 * @returns {Verdict[]}
 */
export function judge(ids, report) {
	const unasked = Object.keys(report).filter((id) => !ids.includes(id));
	return [
		...ids.map((id) =>
			id in report
				? judgeCase(id, report[id])
				: failure(id, "missing in the report"),
		),
		...unasked.map((id) => failure(id, "was not to be run")),
	];
}

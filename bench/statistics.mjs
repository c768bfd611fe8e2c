/** Figures over the rounds of a candidate, and how two candidates compare. */

/** @typedef {{ median: number, min: number, max: number }} Spread */

/** @param {readonly number[]} values At least one. */
export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 === 1
		? sorted[middle]
		: (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {readonly number[]} values @returns {Spread | null} */
export function spread(values) {
	if (values.length === 0 || !values.every(Number.isFinite)) return null;
	return {
		median: median(values),
		min: Math.min(...values),
		max: Math.max(...values),
	};
}

/**
 * How many times better than the reference: above 1 is better, whether more or less of the figure is. The ratio is that of
 * the medians; the spread is that of the ratios round by round, as both have met the same moods of the machine.
 *
 * @param {readonly number[]} values One a round.
 * @param {readonly number[]} reference One a round.
 * @param {"more" | "less"} better
 * @returns {Spread | null}
 */
export function ratio(values, reference, better) {
	const own = spread(values);
	const other = spread(reference);
	// A figure that came out as nothing, or less, compares with none.
	if (!own || !other || own.min <= 0 || other.min <= 0) return null;
	/** @param {number} a @param {number} b */
	const compare = (a, b) => (better === "more" ? a / b : b / a);
	const compared = compare(own.median, other.median);
	const perRound = values
		.slice(0, reference.length)
		.map((value, round) => compare(value, reference[round]));
	return {
		median: compared,
		min: Math.min(compared, ...perRound),
		max: Math.max(compared, ...perRound),
	};
}

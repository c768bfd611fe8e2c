/** What was measured, summed up: the content of results.json, from which the tables and the page are made. */
import { ratioText, short } from "./report/format.mjs";
import { ratio, spread } from "./statistics.mjs";

/** @typedef {import("./statistics.mjs").Spread} Spread */
/** @typedef {import("./session.mjs").Outcome} Outcome */

/**
 * @typedef {object} Entry One candidate in one scenario.
 * @property {string} candidate Its id.
 * @property {string} [failure] Why it has no figures.
 * @property {Spread | null} figure The scenario's metric.
 * @property {Spread | null} ratio How many times better than the reference.
 * @property {Point[]} [points] Where the scenario has sizes, instead of one figure.
 * @property {any[]} runs As they were measured.
 */

/**
 * @typedef {object} Point
 * @property {number} bytes
 * @property {Spread | null} figure
 * @property {Spread | null} ratio
 * @property {Spread | null} operations Calls, or messages, per second of CPU time.
 */

/**
 * @typedef {object} ScenarioResult
 * @property {string} id
 * @property {string} group
 * @property {string} title
 * @property {string} about
 * @property {string} role
 * @property {import("./scenarios.mjs").Load} load
 * @property {{ label: string, unit: import("./metrics.mjs").Metric["unit"], better: "more" | "less" }} metric
 * @property {string} reference Id of the candidate that ratios are to.
 * @property {Entry[]} entries
 */

/**
 * @typedef {object} Results
 * @property {1} format
 * @property {string} date ISO 8601.
 * @property {string} command
 * @property {import("./scenarios.mjs").Pace} pace
 * @property {import("./machine.mjs").Machine} machine
 * @property {{ id: string, label: string, isOurs: boolean, text: string, versions: Record<string, string> }[]} candidates
 * @property {ScenarioResult[]} scenarios
 */

/**
 * @param {import("./scenarios.mjs").Scenario} scenario
 * @param {Outcome[]} outcomes
 * @param {import("./candidates.mjs").Candidate} reference
 * @returns {ScenarioResult}
 */
export function summarize(scenario, outcomes, reference) {
	const { id, group, title, about, role, load, metric, sizes } = scenario;
	const referenceRuns = valid(
		outcomes.find(({ candidate }) => candidate.id === reference.id),
	);
	/** @param {any[]} runs @param {(run: any) => any} pick */
	const compare = (runs, pick) => {
		/** @param {any} run */
		const value = (run) => metric.read(pick(run));
		const values = runs.map(value);
		return {
			figure: spread(values),
			ratio: ratio(values, referenceRuns.map(value), metric.better),
		};
	};
	const entries = outcomes.map((outcome) => {
		const { candidate, failure } = outcome;
		const runs = valid(outcome);
		const points = sizes?.map((bytes, i) => ({
			bytes,
			...compare(runs, (run) => run.points[i]),
			operations: spread(
				runs.map((run) => run.points[i].operationsPerCpuSecond),
			),
		}));
		const whole = points
			? { figure: null, ratio: null, points }
			: compare(runs, (run) => run);
		return { candidate: candidate.id, failure, ...whole, runs: outcome.runs };
	});
	const { label, unit, better } = metric;
	return {
		id,
		group,
		title,
		about,
		role,
		load,
		metric: { label, unit, better },
		reference: reference.id,
		entries,
	};
}

/** The runs that count: none where one of them failed. @param {Outcome | undefined} outcome */
const valid = (outcome) => (outcome?.failure ? [] : (outcome?.runs ?? []));

/** A scenario in a few words, for the line that ends it. @param {ScenarioResult} summary */
export function summaryOf({ entries, metric, reference }) {
	return entries
		.map(({ candidate, failure, figure, ratio, points }) => {
			if (failure) return `${candidate} FAILED (${failure})`;
			if (points) return `${candidate} ${pointsText(points, metric.unit)}`;
			if (!figure) return `${candidate} –`;
			const times =
				ratio && candidate !== reference ? ` (${ratioText(ratio.median)})` : "";
			return `${candidate} ${short(figure.median, metric.unit)}${times}`;
		})
		.join(", ");
}

/** @param {Point[]} points @param {import("./metrics.mjs").Metric["unit"]} unit */
function pointsText(points, unit) {
	const known = points.flatMap(({ figure }) => (figure ? [figure.median] : []));
	return `${short(Math.min(...known), unit)} to ${short(Math.max(...known), unit)}`;
}

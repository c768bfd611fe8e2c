/** All runs, one after the other: by scenario, then by round, then by candidate, so that all meet the same moods of a machine. */
import { step } from "../scripts/support/step.mjs";
import { fieldOf, REFERENCE } from "./candidates.mjs";
import { Countdown } from "./countdown.mjs";
import { measure } from "./measure/index.mjs";
import { RunError } from "./measure/process.mjs";
import { summarize, summaryOf } from "./results.mjs";
import { estimateRun, limited, viewsOf } from "./scenarios.mjs";

/** @typedef {import("./candidates.mjs").Candidate} Candidate */
/** @typedef {import("./scenarios.mjs").Scenario} Scenario */
/** @typedef {import("./measure/server.mjs").Surroundings} Surroundings */
/** @typedef {import("./options.mjs").Options} Options */

/**
 * What the rounds of a candidate came to: a run each, or why it has failed. One that failed once is not run again.
 *
 * @typedef {object} Outcome
 * @property {Candidate} candidate
 * @property {any[]} runs
 * @property {string} [failure]
 */

/** The candidate that others are compared with: ws, else the first peer, else the first. @param {Candidate[]} field */
export function referenceOf(field) {
	return (
		field.find(({ id }) => id === REFERENCE) ??
		field.find(({ isOurs }) => !isOurs) ??
		field[0]
	);
}

/** What is to be done, in order, with the seconds that one run takes. @param {Options} options */
export function planOf({ scenarios, candidates, pace }) {
	return scenarios
		.map((one) => {
			const scenario = limited(one, pace);
			const field = fieldOf(scenario, candidates);
			const rounds = Math.min(pace.rounds, scenario.maxRounds ?? pace.rounds);
			const runs = rounds * field.length + (scenario.shareOfReference ? 1 : 0);
			return {
				scenario,
				field,
				rounds,
				runs,
				runSeconds: estimateRun(scenario, pace),
			};
		})
		.filter(({ field }) => field.some(({ isOurs }) => isOurs));
}

/**
 * @param {Options} options
 * @param {Surroundings} surroundings
 */
export async function measureAll(options, surroundings) {
	const plan = planOf(options);
	const countdown = new Countdown(plan);
	/** @type {import("./results.mjs").ScenarioResult[]} */
	const summaries = [];
	for (const part of plan) {
		await step(part.scenario.id, async (line) => {
			const { scenario, outcomes } = await measureScenario(part, {
				options,
				surroundings,
				countdown,
				line,
			});
			const reference = referenceOf(part.field);
			const shown = viewsOf(scenario).map((view) =>
				summarize(view, outcomes, reference),
			);
			summaries.push(...shown);
			return shown.map(summaryOf).join("; ");
		});
	}
	return summaries;
}

/**
 * @param {ReturnType<typeof planOf>[number]} part
 * @param {object} session
 * @param {Options} session.options
 * @param {Surroundings} session.surroundings
 * @param {Countdown} session.countdown
 * @param {import("../scripts/support/step.mjs").Step} session.line
 */
async function measureScenario(part, session) {
	const { field, rounds } = part;
	const { options, surroundings, countdown, line } = session;
	const outcomes = field.map((candidate) => ({
		candidate,
		runs: /** @type {any[]} */ ([]),
		failure: /** @type {string | undefined} */ (undefined),
	}));
	/** @param {string} doing */
	const begin = (doing) => line.start(`${doing}, ${countdown.left()} left`);
	/** @param {Scenario} scenario @param {Candidate} candidate */
	const runOne = (scenario, candidate) => {
		line.progress(candidate.label);
		return countdown.during(part.runSeconds, () =>
			measure(scenario, candidate, options.pace, surroundings),
		);
	};

	let { scenario } = part;
	try {
		scenario = await atFixedRate(part, (candidate) => {
			begin("finding the rate");
			return runOne(part.scenario, candidate);
		});
	} catch (error) {
		const failure = `the rate could not be found: ${reasonOf(error)}`;
		for (const outcome of outcomes) outcome.failure = failure;
	}
	for (let round = 1; round <= rounds; round++) {
		begin(`round ${round} of ${rounds}`);
		for (const outcome of outcomes) {
			if (outcome.failure) countdown.skip(part.runSeconds);
			else await extend(outcome, () => runOne(scenario, outcome.candidate));
		}
	}
	return { scenario, outcomes };
}

/** @param {Outcome} outcome @param {() => Promise<any>} run */
async function extend(outcome, run) {
	try {
		outcome.runs.push(await run());
	} catch (error) {
		outcome.failure = reasonOf(error);
	}
}

/** @param {unknown} error */
function reasonOf(error) {
	if (!(error instanceof RunError)) throw error;
	return error.message;
}

/**
 * A scenario whose rate is a share of what the reference can carry, with that rate; others as they are.
 *
 * @param {ReturnType<typeof planOf>[number]} part
 * @param {(candidate: Candidate) => Promise<any>} runWithoutRate
 * @returns {Promise<Scenario>}
 */
async function atFixedRate({ scenario, field }, runWithoutRate) {
	const { shareOfReference, load } = scenario;
	if (!shareOfReference) return scenario;
	const { messagesPerSecond } = await runWithoutRate(referenceOf(field));
	const rate = Math.round(messagesPerSecond * shareOfReference);
	return { ...scenario, load: { ...load, inFlight: undefined, rate } };
}

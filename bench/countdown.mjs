/** How long still: what was planned, corrected by how long things have really taken so far. */

export class Countdown {
	/** Planned seconds of what is done, and of what is not. */
	#done = 0;
	#open;
	/** What the done part has really taken. */
	#spent = 0;

	/** @param {readonly { runs: number, runSeconds: number }[]} plan */
	constructor(plan) {
		this.#open = plannedSeconds(plan);
	}

	/**
	 * @template T
	 * @param {number} planned Seconds.
	 * @param {() => Promise<T>} work
	 */
	async during(planned, work) {
		const began = performance.now();
		try {
			return await work();
		} finally {
			this.#spent += (performance.now() - began) / 1000;
			this.#done += planned;
			this.#open -= planned;
		}
	}

	/** @param {number} planned Seconds that will not be needed. */
	skip(planned) {
		this.#open -= planned;
	}

	/** Seconds left. */
	get seconds() {
		// One run says little about the rest.
		const pace = this.#done > 10 ? this.#spent / this.#done : 1;
		return Math.max(0, this.#open * pace);
	}

	left() {
		return duration(this.seconds);
	}
}

/** @param {readonly { runs: number, runSeconds: number }[]} plan */
export function plannedSeconds(plan) {
	return plan.reduce((sum, { runs, runSeconds }) => sum + runs * runSeconds, 0);
}

/** "45 s", "2 min 05 s", "1 h 10 min". @param {number} seconds */
export function duration(seconds) {
	const whole = Math.round(seconds);
	/** @param {number} number */
	const two = (number) => `${number}`.padStart(2, "0");
	if (whole < 60) return `${whole} s`;
	if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
	return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

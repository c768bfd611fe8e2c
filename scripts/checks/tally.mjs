/** What the checks came to: counts summed over all runners, and the names of what failed or was skipped. */
import { describeFailures } from "./failures.mjs";

/** @typedef {import("./failures.mjs").Failure} Failure */

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {Failure[]} [failures] Those of the failed ones that can be named.
 */

export class Tally {
	/** @type {Counts} */
	#counts = { passed: 0, failed: 0, skipped: 0 };
	/** @type {string[]} */
	#notes = [];
	/** @type {Failure[]} */
	#failures = [];

	/** @param {string} name @param {Partial<Counts>} counts */
	add(name, { passed = 0, failed = 0, skipped = 0, failures = [] }) {
		this.#counts.passed += passed;
		this.#counts.failed += failed;
		this.#counts.skipped += skipped;
		if (failed > 0) this.#notes.push(`FAILED   ${name} (${failed})`);
		this.#failures.push(
			...failures.map((each) => ({ ...each, name: `${name}: ${each.name}` })),
		);
	}

	/** @param {string} name @param {string} reason */
	skip(name, reason) {
		this.#counts.skipped += 1;
		this.#notes.push(`skipped  ${name}: ${reason}`);
	}

	/** @param {string} name @param {string} reason */
	fail(name, reason) {
		this.#counts.failed += 1;
		this.#notes.push(`FAILED   ${name}: ${reason}`);
	}

	get failed() {
		return this.#counts.failed;
	}

	get total() {
		const { passed, failed, skipped } = this.#counts;
		return passed + failed + skipped;
	}

	/** The end of the report: checks, then tests that failed. Its last line is the sum. */
	summary() {
		const { passed, failed, skipped } = this.#counts;
		const sum = [`${passed} passed`, `${failed} failed`];
		if (skipped > 0) sum.push(`${skipped} skipped`);
		return [
			...this.#notes,
			...describeFailures(this.#failures),
			sum.join(", "),
		].join("\n");
	}
}

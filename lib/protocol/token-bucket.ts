/**
 * A token bucket: so much per second on average, and at most a second's worth at once. Time is an argument, in
 * milliseconds of a clock that never goes back.
 */
export class TokenBucket {
	readonly #perSecond: number;
	#tokens: number;
	#filledAt: number;

	/** @param perSecond finite and positive */
	constructor(perSecond: number, now: number) {
		this.#perSecond = perSecond;
		// A rate below one a second still lets one through at a time.
		this.#tokens = Math.max(1, perSecond);
		this.#filledAt = now;
	}

	/**
	 * Takes `count` tokens, whether they are there or not.
	 *
	 * @returns 0 where they were, else how many milliseconds it takes until the debt is paid
	 */
	take(count: number, now: number): number {
		const gained = ((now - this.#filledAt) * this.#perSecond) / 1000;
		const full = Math.max(1, this.#perSecond);
		this.#tokens = Math.min(full, this.#tokens + gained) - count;
		this.#filledAt = now;
		return this.#tokens >= 0 ? 0 : (-this.#tokens * 1000) / this.#perSecond;
	}
}

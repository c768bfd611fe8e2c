/** Waiting for something to become true at one end of a connection, but not beyond the end of that. */
export class Waiting {
	/** Nothing is worth waiting for any more. */
	isOver = false;
	#wake = () => {};

	/** Something has changed. */
	wake() {
		this.#wake();
	}

	end() {
		this.isOver = true;
		this.#wake();
	}

	/**
	 * Resolves when `condition` holds, all is over, or `ms` have passed. One at a time.
	 *
	 * @param {() => boolean} condition
	 * @param {number} [ms]
	 */
	async until(condition, ms) {
		let isLate = false;
		const expire = () => {
			isLate = true;
			this.#wake();
		};
		const timer = ms === undefined ? undefined : setTimeout(expire, ms);
		while (!this.isOver && !isLate && !condition()) {
			await new Promise((resolve) => {
				this.#wake = () => resolve(undefined);
			});
		}
		clearTimeout(timer);
	}
}

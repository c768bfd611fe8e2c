/** How often within the limit an IdleWatch looks: a silent peer is found that much later at most. */
const LOOKS = 4;

/**
 * Watches for a peer from which nothing comes.
 *
 * It does not note the time of what comes, which would cost more than the rest of receiving a small message, but looks now
 * and then whether anything has.
 */
export class IdleWatch {
	readonly #timer: NodeJS.Timeout;
	/** Looks in a row that found nothing. */
	#silentLooks = 0;

	/**
	 * @param limitMs how long the peer may be silent, in milliseconds; it is found out a quarter later at most
	 * @param isListening whether anything could have come; while not, the time does not run
	 * @param onIdle called when the limit is over
	 */
	constructor(limitMs: number, isListening: () => boolean, onIdle: () => void) {
		this.#timer = setInterval(
			() => {
				if (!isListening()) this.#silentLooks = 0;
				// The first look may come right behind the last byte.
				else if (++this.#silentLooks > LOOKS) onIdle();
			},
			Math.max(1, limitMs / LOOKS),
		);
		// The connection keeps the process alive as long as it should be.
		this.#timer.unref();
	}

	/** Something came. */
	heard(): void {
		this.#silentLooks = 0;
	}

	stop(): void {
		clearInterval(this.#timer);
	}
}

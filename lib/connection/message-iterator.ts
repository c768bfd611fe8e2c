/** How much an iterator keeps before the connection stops reading: whichever comes first. */
const HIGH_WATER_BYTES = 64 * 1024;
const HIGH_WATER_MESSAGES = 256;

/** What a MessageIterator asks of its connection. */
export interface MessageSource {
	/** This iterator is full, or has room again. */
	setFull(iterator: MessageIterator, isFull: boolean): void;
	/** This iterator was left. */
	leave(iterator: MessageIterator): void;
}

interface Waiter {
	resolve(result: IteratorResult<string | Buffer, undefined>): void;
	reject(error: Error): void;
}

/**
 * The whole messages of a connection in order, for `for await`.
 *
 * It starts when it is made. It keeps messages up to a high-water mark (64 KiB or 256 messages), then the connection stops
 * reading until some are taken. It ends after a normal end of the connection (close codes 1000, 1001 and 1005, or a local
 * `close()`), and throws the typed error after any other; what was received before comes first. Leaving the loop lets the
 * connection be.
 */
export class MessageIterator implements AsyncIterableIterator<string | Buffer> {
	readonly #source: MessageSource;
	#messages: (string | Buffer)[] = [];
	#bytes = 0;
	#isFull = false;
	#waiters: Waiter[] = [];
	#isDone = false;
	#error: Error | null = null;

	/** @internal */
	constructor(source: MessageSource) {
		this.#source = source;
	}

	[Symbol.asyncIterator](): this {
		return this;
	}

	next(): Promise<IteratorResult<string | Buffer, undefined>> {
		const message = this.#messages.shift();
		if (message !== undefined) {
			this.#bytes -= message.length;
			if (
				this.#isFull &&
				this.#messages.length <= HIGH_WATER_MESSAGES / 2 &&
				this.#bytes <= HIGH_WATER_BYTES / 2
			) {
				this.#isFull = false;
				this.#source.setFull(this, false);
			}
			return Promise.resolve({ value: message, done: false });
		}
		if (this.#isDone) {
			const error = this.#error;
			this.#error = null;
			return error === null
				? Promise.resolve({ value: undefined, done: true })
				: Promise.reject(error);
		}
		return new Promise((resolve, reject) =>
			this.#waiters.push({ resolve, reject }),
		);
	}

	return(): Promise<IteratorResult<string | Buffer, undefined>> {
		this.#source.leave(this);
		this.#messages = [];
		this.#error = null;
		this.finish(null);
		return Promise.resolve({ value: undefined, done: true });
	}

	/** @internal */
	push(message: string | Buffer): void {
		if (this.#isDone) return;
		const waiter = this.#waiters.shift();
		if (waiter !== undefined) {
			waiter.resolve({ value: message, done: false });
			return;
		}
		this.#messages.push(message);
		this.#bytes += message.length;
		if (
			!this.#isFull &&
			(this.#messages.length >= HIGH_WATER_MESSAGES ||
				this.#bytes >= HIGH_WATER_BYTES)
		) {
			this.#isFull = true;
			this.#source.setFull(this, true);
		}
	}

	/** The connection has ended, with `error` unless normally. @internal */
	finish(error: Error | null): void {
		if (this.#isDone) return;
		this.#isDone = true;
		const waiters = this.#waiters;
		this.#waiters = [];
		if (waiters.length === 0) this.#error = error;
		else if (error !== null) waiters.shift()?.reject(error);
		for (const waiter of waiters)
			waiter.resolve({ value: undefined, done: true });
	}
}

import { Duplex } from "node:stream";

/** One end of a pair. What is written to it is read at the other end, a turn of the event loop later. */
class PairEnd extends Duplex {
	other!: PairEnd;
	/** The write that waits for the other end to read. */
	#waiting: (() => void) | null = null;

	override _read(): void {
		this.other.goOn();
	}

	goOn(): void {
		const waiting = this.#waiting;
		this.#waiting = null;
		waiting?.();
	}

	override _write(
		chunk: Buffer,
		_encoding: BufferEncoding,
		callback: (error?: Error | null) => void,
	): void {
		setImmediate(() => {
			if (this.other.destroyed) callback(new Error("The other end is gone"));
			else if (this.other.push(chunk)) callback();
			else this.#waiting = callback;
		});
	}

	override _final(callback: (error?: Error | null) => void): void {
		setImmediate(() => {
			if (!this.other.destroyed) this.other.push(null);
			callback();
		});
	}

	override _destroy(
		error: Error | null,
		callback: (error?: Error | null) => void,
	): void {
		setImmediate(() => {
			this.other.goOn();
			if (!this.other.destroyed) this.other.destroy();
		});
		callback(error);
	}
}

/** Two streams in memory that are no sockets, joined back to back. */
export function duplexPair(): [Duplex, Duplex] {
	const one = new PairEnd();
	const two = new PairEnd();
	one.other = two;
	two.other = one;
	return [one, two];
}

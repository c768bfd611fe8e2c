import { Readable } from "node:stream";

/** How much an InStream with a reader buffers before its connection stops reading, in bytes. */
export const IN_STREAM_HIGH_WATER_MARK = 128 * 1024;

/** What a piece costs beside its bytes; counted so far as it is shorter than this, in bytes. */
const PIECE_BYTES = 256;

/** A piece is copied where it would keep more than this many times its length alive. */
const MAX_PINNED = 4;

/**
 * A binary message being received: one Readable per message, from its first bytes on.
 *
 * It ends when the message is complete. Where the connection is lost before that it never emits 'end': it is destroyed,
 * `aborted` is true, and the error is emitted if somebody listens for 'error' (`for await` and `pipeline` do).
 */
export class InStream extends Readable {
	/** The message was cut off: what was read is not the whole. */
	aborted = false;
	#onRoom: (() => void) | undefined;
	/** What the pieces not read yet cost beside their bytes. */
	#overhead = 0;

	/** @param onRoom called when more can be taken; internal */
	constructor(onRoom?: () => void) {
		super({ highWaterMark: IN_STREAM_HIGH_WATER_MARK });
		this.#onRoom = onRoom;
	}

	/** Whether somebody reads, or has asked to: 'data', 'readable', a pipe, an iterator. */
	get hasReader(): boolean {
		return (
			this.listenerCount("data") > 0 ||
			this.listenerCount("readable") > 0 ||
			// One that calls `read()` and waits with `once(stream, "readable")` has no listener in between. After a pipe that
			// failed `readableFlowing` is false.
			(this.readableDidRead && this.readableFlowing !== false)
		);
	}

	override _read(): void {
		this.#onRoom?.();
	}

	// Where the last reader goes away, for one because what it was piped into failed, reading goes on: paused for a reader
	// that is gone it would never hear of the end. ('removeListener' is not emitted for the events streams know.)

	override removeListener(
		event: string | symbol,
		listener: (...values: never[]) => void,
	): this {
		super.removeListener(event, listener as () => void);
		if (!this.hasReader) this.#onRoom?.();
		return this;
	}

	override off(
		event: string | symbol,
		listener: (...values: never[]) => void,
	): this {
		return this.removeListener(event, listener);
	}

	override removeAllListeners(event?: string | symbol): this {
		if (event === undefined) super.removeAllListeners();
		else super.removeAllListeners(event);
		if (!this.hasReader) this.#onRoom?.();
		return this;
	}

	override _destroy(
		error: Error | null,
		callback: (error?: Error | null) => void,
	): void {
		this.#onRoom?.();
		this.#onRoom = undefined;
		callback(error);
	}

	/** What the unread part costs, in bytes: tiny pieces count for more than they hold. @internal */
	get unreadBytes(): number {
		return this.readableLength === 0 ? 0 : this.readableLength + this.#overhead;
	}

	/** Appends a piece of the message. @internal */
	addData(data: Uint8Array): void {
		if (this.readableLength === 0) this.#overhead = 0;
		this.#overhead += Math.max(0, PIECE_BYTES - data.byteLength);
		// A few bytes must not keep the whole chunk they came in.
		const isPinning = data.buffer.byteLength > MAX_PINNED * data.byteLength;
		this.push(isPinning ? Buffer.from(data) : data);
	}

	/** The message is complete. @internal */
	end(): void {
		this.push(null);
	}

	/** The message will never be complete. @internal */
	cutOff(error: () => Error): void {
		this.aborted = true;
		// Compatibility: programs written for 1.7 never listen, and no peer may crash them.
		this.destroy(this.listenerCount("error") > 0 ? error() : undefined);
	}
}

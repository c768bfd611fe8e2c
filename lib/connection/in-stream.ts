import { Readable } from "node:stream";

/** How much an InStream with a reader buffers before its connection stops reading, in bytes. */
export const IN_STREAM_HIGH_WATER_MARK = 128 * 1024;

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

	/** @param onRoom called when more can be taken; internal */
	constructor(onRoom?: () => void) {
		super({ highWaterMark: IN_STREAM_HIGH_WATER_MARK });
		this.#onRoom = onRoom;
	}

	/** Whether somebody reads, or has asked to: 'data', 'readable', a pipe, an iterator. */
	get hasReader(): boolean {
		return this.listenerCount("data") > 0 || this.listenerCount("readable") > 0;
	}

	override _read(): void {
		this.#onRoom?.();
	}

	override _destroy(
		error: Error | null,
		callback: (error?: Error | null) => void,
	): void {
		this.#onRoom?.();
		this.#onRoom = undefined;
		callback(error);
	}

	/** Appends a piece of the message. @internal */
	addData(data: Uint8Array): void {
		this.push(data);
	}

	/** The message is complete. @internal */
	end(): void {
		this.push(null);
	}

	/** The message will never be complete. @internal */
	cutOff(error: Error): void {
		this.aborted = true;
		// Compatibility: programs written for 1.7 never listen, and no peer may crash them.
		this.destroy(this.listenerCount("error") > 0 ? error : undefined);
	}
}

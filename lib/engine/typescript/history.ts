/**
 * The last bytes of what went through one direction of a connection: what the next message may refer to (RFC 7692 section
 * 7.1.1). zlib is handed them as a dictionary, so that nothing of zlib itself is kept between messages.
 */
import { Buffer } from "node:buffer";

const FIRST_BYTES = 1024;

export class History {
	readonly #capacity: number;
	#memory: Buffer | null = null;
	#used = 0;

	/** @param capacity bytes that are kept at most */
	constructor(capacity: number) {
		this.#capacity = capacity;
	}

	/** The bytes, oldest first, or undefined where there are none. Valid until the next `append`. */
	get bytes(): Buffer | undefined {
		return this.#used === 0 ? undefined : this.#memory?.subarray(0, this.#used);
	}

	/** Copies `bytes` behind what is here, and forgets what is too old. */
	append(bytes: Uint8Array): void {
		const capacity = this.#capacity;
		const count = Math.min(bytes.length, capacity);
		const kept = Math.min(this.#used, capacity - count);
		const memory = this.#room(kept + count);
		memory.copyWithin(0, this.#used - kept, this.#used);
		memory.set(bytes.subarray(bytes.length - count), kept);
		this.#used = kept + count;
	}

	forget(): void {
		this.#memory = null;
		this.#used = 0;
	}

	#room(bytes: number): Buffer {
		const memory = this.#memory;
		if (memory !== null && memory.length >= bytes) return memory;
		let size = FIRST_BYTES;
		while (size < bytes) size *= 2;
		const room = Buffer.alloc(Math.min(size, this.#capacity));
		if (memory !== null) room.set(memory.subarray(0, this.#used));
		this.#memory = room;
		return room;
	}
}

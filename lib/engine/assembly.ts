import { FastBuffer, keepHere } from "./buffer.js";
import { paceCollector } from "./collector.js";

const NOTHING = new Uint8Array(0);

/** Blocks for small pieces grow from the first size to the second, doubling. */
const FIRST_BLOCK_BYTES = 256;
const LAST_BLOCK_BYTES = 64 * 1024;

/** A shorter piece is always copied. */
const MIN_VIEW_BYTES = 4 * 1024;

/** A view is kept only where it is at least this fraction (1 / n) of the memory that it keeps alive. */
const MAX_PINNED_FACTOR = 4;

/**
 * From this length on a message has its final memory while it is still coming: when so much of it is here, as views and
 * blocks, that all of it is at most `MAX_PINNED_FACTOR` times as much, and 64 KiB on the word of a header.
 */
const MIN_PLACED_BYTES = 16 * 1024;
const MAX_RESERVED_BYTES = 64 * 1024;

/**
 * Whole messages of a middle size share slabs: making each an ArrayBuffer of its own costs more than copying it. A message
 * that is kept may keep a slab alive that is `SLAB_BYTES / MIN_SHARED_BYTES` = 8 times as long.
 */
const SLAB_BYTES = 512 * 1024;
const MIN_SHARED_BYTES = 64 * 1024;
const MAX_SHARED_BYTES = 128 * 1024;

/**
 * The pieces of one message that is not complete yet. Large pieces are kept as the views they came as, small ones are
 * copied into blocks, and all are joined once, where the whole message is to be: when the last has come, or before, and
 * what follows goes there at once. A byte is copied at most twice. What is held is at most `MAX_PINNED_FACTOR` times the
 * message and 64 KiB, whatever the cuts; time is proportional to bytes and pieces.
 */
export class Assembly {
	#length = 0;
	#parts: Uint8Array[] = [];
	/** The block being filled, which follows `#parts`. */
	#block: Buffer | null = null;
	#blockUsed = 0;
	#nextBlockBytes = FIRST_BLOCK_BYTES;
	/** Memory for all that was announced, and how much of it is filled. It goes before `#parts`. */
	#whole: Buffer | null = null;
	#filled = 0;
	#isLost = false;

	/**
	 * Whether bytes are gone: a piece was a view of memory that a receiver of what else is in it has transferred away. It is
	 * noticed where pieces are joined. No whole message comes of it any more.
	 */
	get isLost(): boolean {
		return this.#isLost;
	}

	/** Bytes appended since the last `take`. */
	get length(): number {
		return this.#length;
	}

	/** Whether `append` has use for what is announced: there is no final memory yet. */
	get isUnplaced(): boolean {
		return this.#whole === null;
	}

	/** The room left in the final memory, null for none: it may be filled, and `advance` called. */
	get room(): Buffer | null {
		const whole = this.#whole;
		return whole === null || this.#filled === whole.length
			? null
			: whole.subarray(this.#filled);
	}

	/** The next `count` bytes were written to `room`. */
	advance(count: number): void {
		this.#filled += count;
		this.#length += count;
	}

	/**
	 * Appends `piece`, whose memory belongs to the assembly from here on.
	 *
	 * @param announced how many bytes follow it, as far as is known
	 * @returns whether the memory is kept, because it was not copied
	 */
	append(piece: Uint8Array, announced = 0): boolean {
		const { length } = piece;
		if (this.#isLost) return false;
		if (this.#whole === null) this.#place(this.#length + length, announced);
		const rest = this.#fill(piece);
		if (rest.length === 0) return false;
		if (
			rest.length >= MIN_VIEW_BYTES &&
			rest.length * MAX_PINNED_FACTOR >= rest.buffer.byteLength
		) {
			this.#length += rest.length;
			this.#sealBlock();
			this.#parts.push(rest);
			return true;
		}
		this.appendCopy(rest);
		return false;
	}

	/** Appends a copy of `piece`. */
	appendCopy(piece: Uint8Array): void {
		const { length } = piece;
		this.#length += length;
		let from = 0;
		while (from < length) {
			const block = this.#room();
			const count = Math.min(length - from, block.length - this.#blockUsed);
			block.set(
				count === length ? piece : piece.subarray(from, from + count),
				this.#blockUsed,
			);
			this.#blockUsed += count;
			from += count;
		}
	}

	/** The bytes as they are kept, in order, not joined. The assembly is empty afterwards. */
	takeParts(): Uint8Array[] {
		this.#sealBlock();
		const parts = this.#parts;
		if (this.#whole !== null)
			parts.unshift(this.#whole.subarray(0, this.#filled));
		this.#parts = [];
		this.#length = 0;
		this.#block = null;
		this.#nextBlockBytes = FIRST_BLOCK_BYTES;
		this.#whole = null;
		return parts;
	}

	/** All bytes, in a row; null where some are lost. The assembly is empty afterwards. */
	take(): Buffer | null {
		if (this.#isLost) return null;
		const length = this.#length;
		const whole = this.#whole;
		if (whole !== null && whole.length === length) {
			this.#whole = null;
			this.#length = 0;
			return whole;
		}
		const isShown = whole === null;
		const parts = this.takeParts();
		// Never a view of memory that was not filled to its end.
		if (parts.length === 1 && isShown) {
			const only = parts[0];
			return only.length === length
				? new FastBuffer(only.buffer, only.byteOffset, length)
				: null;
		}
		return joined(parts, length, length);
	}

	/** Gives the message its final memory where `length` bytes that are here answer for those `announced`. */
	#place(length: number, announced: number): void {
		const total = length + announced;
		if (
			announced === 0 ||
			total < MIN_PLACED_BYTES ||
			total > MAX_RESERVED_BYTES + MAX_PINNED_FACTOR * length
		)
			return;
		const filled = this.#length;
		// Who has sent little must not keep a slab that others share.
		const mayShare = 2 * length >= total;
		const whole = joined(this.takeParts(), filled, total, mayShare);
		if (whole === null) {
			this.#isLost = true;
			return;
		}
		this.#whole = whole;
		this.#filled = filled;
		this.#length = filled;
	}

	/** Copies what there is room for of `piece` to the final memory. Returns the rest. */
	#fill(piece: Uint8Array): Uint8Array {
		const whole = this.#whole;
		if (whole === null) return piece;
		const count = Math.min(piece.length, whole.length - this.#filled);
		const isAll = count === piece.length;
		whole.set(isAll ? piece : piece.subarray(0, count), this.#filled);
		this.advance(count);
		return isAll ? NOTHING : piece.subarray(count);
	}

	/** The block to fill, with room for at least one byte. */
	#room(): Buffer {
		if (this.#block !== null && this.#blockUsed < this.#block.length) {
			return this.#block;
		}
		this.#sealBlock();
		// Zero-filled, because a short message leaves as a view of its first block.
		const block = Buffer.alloc(this.#nextBlockBytes);
		this.#nextBlockBytes = Math.min(block.length * 2, LAST_BLOCK_BYTES);
		this.#block = block;
		this.#blockUsed = 0;
		return block;
	}

	/** Closes what is filled of the block, so that the next part comes behind it. The rest of the block serves again. */
	#sealBlock(): void {
		const block = this.#block;
		if (block === null || this.#blockUsed === 0) return;
		this.#parts.push(block.subarray(0, this.#blockUsed));
		this.#block = block.subarray(this.#blockUsed);
		this.#blockUsed = 0;
	}
}

/** A copy of `bytes`, in memory of its own unless it `mayShare` a slab. */
export function copied(bytes: Uint8Array, mayShare: boolean): Buffer {
	const whole = uninitialised(bytes.length, mayShare);
	whole.set(bytes);
	return whole;
}

/** The slab being filled, of this thread. */
let slab: Buffer = Buffer.alloc(0);
let slabUsed = 0;

/**
 * Memory for `length` bytes that begins with `parts`, which are `expected` bytes; null where they are fewer. The rest of it has
 * to be overwritten before anybody sees it.
 */
function joined(
	parts: Uint8Array[],
	expected: number,
	length: number,
	mayShare = true,
): Buffer | null {
	const whole = uninitialised(length, mayShare);
	let at = 0;
	for (const part of parts) {
		// As a part of memory that is gone is; copying that would throw.
		if (part.length === 0) return null;
		whole.set(part, at);
		at += part.length;
	}
	return at === expected ? whole : null;
}

/** Memory for `length` bytes, all of which have to be overwritten. */
function uninitialised(length: number, mayShare: boolean): Buffer {
	if (!mayShare || length < MIN_SHARED_BYTES || length > MAX_SHARED_BYTES) {
		paceCollector(length);
		return Buffer.allocUnsafeSlow(length);
	}
	if (length > slab.length - slabUsed) {
		paceCollector(SLAB_BYTES);
		slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
		slabUsed = 0;
		keepHere(slab.buffer);
	}
	const start = slabUsed;
	slabUsed += length;
	return new FastBuffer(slab.buffer, slab.byteOffset + start, length);
}

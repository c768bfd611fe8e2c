import { markAsUntransferable } from "node:worker_threads";
import { FastBuffer } from "./buffer.js";

/** Blocks for small pieces grow from the first size to the second, doubling. */
const FIRST_BLOCK_BYTES = 256;
const LAST_BLOCK_BYTES = 64 * 1024;

/** A shorter piece is always copied. */
const MIN_VIEW_BYTES = 4 * 1024;

/** A view is kept only where it is at least this fraction (1 / n) of the memory that it keeps alive. */
const MAX_PINNED_FACTOR = 4;

/**
 * Whole messages of a middle size share slabs: making each an ArrayBuffer of its own costs more than copying it. A message
 * that is kept may keep a slab alive that is `SLAB_BYTES / MIN_SHARED_BYTES` = 8 times as long.
 */
const SLAB_BYTES = 512 * 1024;
const MIN_SHARED_BYTES = 64 * 1024;
const MAX_SHARED_BYTES = 128 * 1024;

/**
 * The pieces of one message that is not complete yet. Large pieces are kept as the views they came as, small ones are
 * copied into blocks, and all are joined once: a byte is copied at most twice. What is held is at most
 * `MAX_PINNED_FACTOR` times the message and a block, whatever the cuts; time is proportional to bytes and pieces.
 */
export class Assembly {
	#length = 0;
	#parts: Uint8Array[] = [];
	/** The block being filled, which follows `#parts`. */
	#block: Buffer | null = null;
	#blockUsed = 0;
	#nextBlockBytes = FIRST_BLOCK_BYTES;

	/** Bytes appended since the last `take`. */
	get length(): number {
		return this.#length;
	}

	/** Appends `piece`, whose memory belongs to the assembly from here on. */
	append(piece: Uint8Array): void {
		const { length } = piece;
		if (
			length >= MIN_VIEW_BYTES &&
			length * MAX_PINNED_FACTOR >= piece.buffer.byteLength
		) {
			this.#length += length;
			this.#sealBlock();
			this.#parts.push(piece);
		} else this.appendCopy(piece);
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
		this.#parts = [];
		this.#length = 0;
		this.#block = null;
		this.#nextBlockBytes = FIRST_BLOCK_BYTES;
		return parts;
	}

	/** All bytes, in a row. The assembly is empty afterwards. */
	take(): Buffer {
		const length = this.#length;
		const parts = this.takeParts();
		if (parts.length === 1) {
			const only = parts[0];
			return new FastBuffer(only.buffer, only.byteOffset, only.length);
		}
		// Every byte is overwritten below.
		const whole = uninitialised(length);
		let at = 0;
		for (const part of parts) {
			whole.set(part, at);
			at += part.length;
		}
		return whole;
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

/** The slab being filled, of this thread. */
let slab: Buffer = Buffer.alloc(0);
let slabUsed = 0;

/** Memory for `length` bytes, all of which have to be overwritten. */
function uninitialised(length: number): Buffer {
	if (length < MIN_SHARED_BYTES || length > MAX_SHARED_BYTES) {
		return Buffer.allocUnsafeSlow(length);
	}
	if (length > slab.length - slabUsed) {
		slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
		slabUsed = 0;
		// Who transfers one message to another thread would take the others from their owners.
		markAsUntransferable(slab.buffer);
	}
	const start = slabUsed;
	slabUsed += length;
	return new FastBuffer(slab.buffer, slab.byteOffset + start, length);
}

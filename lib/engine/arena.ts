import type { OutputArena } from "./engine.js";

const SLAB_BYTES = 64 * 1024;

/**
 * Output memory in slabs of 64 KiB or as said, made when first needed. Frames that are longer get a slab of their own.
 *
 * A slab is never written twice, unless its owner sets `used` back: whoever took a view of what was written may keep it.
 * To see that a slab was replaced while something was appended, compare `slab` before and after; what was written before
 * stays in the old one.
 */
export class Arena implements OutputArena {
	slab: Buffer = Buffer.alloc(0);
	used = 0;
	readonly #slabBytes: number;

	constructor(slabBytes = SLAB_BYTES) {
		this.#slabBytes = slabBytes;
	}

	reserve(bytes: number): void {
		if (bytes <= this.slab.length - this.used) return;
		// Uninitialised, and not from Node's pool: only what was written, up to `used`, may ever be shown.
		this.slab = Buffer.allocUnsafeSlow(Math.max(bytes, this.#slabBytes));
		this.used = 0;
	}
}

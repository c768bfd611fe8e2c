/**
 * The compressing half of permessage-deflate in the addon, within the calls that ask for it: a trip through a thread pool
 * takes longer than compressing a message of usual length. What is longer is compressed slice by slice, each in a turn of the event loop.
 */
import { createError } from "../../errors.js";
import { checkBytes, FastBuffer } from "../buffer.js";
import {
	DEFLATE_NOW_BYTES,
	type Deflater,
	type DeflaterOptions,
} from "../engine.js";
import { type Binding, DEFLATE_ROOM_BYTES, Then } from "./binding.js";
import { type Slot, Slots } from "./slots.js";

/** What is compressed in one turn, in bytes. */
const SLICE_BYTES = 64 * 1024;

/** What the deflaters of an engine share: the addon, and memory for what comes out. */
export class DeflaterHost {
	readonly binding: Binding;
	#output: Buffer | null = null;
	readonly #slots: Slots;

	constructor(binding: Binding) {
		this.binding = binding;
		this.#slots = new Slots((index) => binding.destroyDeflater(index));
	}

	/** Makes the native half of `deflater`. */
	allocate(deflater: object, options: DeflaterOptions): Slot {
		const index = this.binding.createDeflater(
			options.level,
			options.memoryLevel,
			options.windowBits,
			options.contextTakeover,
		);
		const slot = { index };
		this.#slots.watch(deflater, slot);
		return slot;
	}

	/** Frees what the slot names; once more does nothing. */
	free(slot: Slot): void {
		this.#slots.free(slot);
	}

	/** Compresses start..end of `payload`, at most a slice. What is returned is overwritten by the next call. */
	deflate(
		slot: Slot,
		payload: Uint8Array,
		start: number,
		end: number,
		then: number,
	): Buffer {
		this.#output ??= Buffer.allocUnsafeSlow(SLICE_BYTES + DEFLATE_ROOM_BYTES);
		const output = this.#output;
		const { binding } = this;
		const length = binding.deflate(
			slot.index,
			payload,
			start,
			end,
			output,
			then,
		);
		if (length < 0) {
			throw createError("WS_ERR_BUFFER", {
				detail:
					"the memory of a payload was detached or resized while it was being compressed; pass a copy",
			});
		}
		return new FastBuffer(output.buffer, output.byteOffset, length);
	}
}

/** A piece that is compressed slice by slice. */
interface Work {
	readonly payload: Uint8Array;
	readonly isFinal: boolean;
	readonly done: (bytes: Uint8Array) => void;
	/** Length of `payload` when it came, and how much of it is compressed. */
	readonly length: number;
	position: number;
	readonly slices: Buffer[];
	next: NodeJS.Immediate | undefined;
}

export class NativeDeflater implements Deflater {
	readonly #host: DeflaterHost;
	readonly #options: DeflaterOptions;
	#slot: Slot | null = null;
	#work: Work | null = null;

	constructor(host: DeflaterHost, options: DeflaterOptions) {
		this.#host = host;
		this.#options = options;
	}

	deflate(
		payload: Uint8Array,
		isFinal: boolean,
		done: (bytes: Uint8Array) => void,
	): Uint8Array | null {
		checkBytes(payload, "payload");
		const host = this.#host;
		this.#slot ??= host.allocate(this, this.#options);
		const { length } = payload;
		if (length <= DEFLATE_NOW_BYTES) {
			const then = isFinal ? Then.END : Then.FLUSH;
			return host.deflate(this.#slot, payload, 0, length, then);
		}
		const work: Work = {
			payload,
			isFinal,
			done,
			length,
			position: 0,
			slices: [],
			next: undefined,
		};
		this.#work = work;
		this.#schedule(work);
		return null;
	}

	finish(): void {
		const work = this.#work;
		if (work === null) return;
		clearImmediate(work.next);
		while (work.position < work.length) this.#slice(work);
		this.#complete(work);
	}

	release(): void {
		if (this.#slot !== null) {
			this.#host.binding.releaseDeflater(this.#slot.index);
		}
	}

	destroy(): void {
		clearImmediate(this.#work?.next);
		this.#work = null;
		if (this.#slot !== null) this.#host.free(this.#slot);
		this.#slot = null;
	}

	#schedule(work: Work): void {
		work.next = setImmediate(() => {
			this.#slice(work);
			if (work.position < work.length) this.#schedule(work);
			else this.#complete(work);
		});
	}

	#slice(work: Work): void {
		const { payload, position, length } = work;
		const end = Math.min(position + SLICE_BYTES, length);
		const isLast = end === length;
		const last = work.isFinal ? Then.END : Then.FLUSH;
		const then = isLast ? last : Then.MORE;
		const slot = this.#slot as Slot;
		const bytes = this.#host.deflate(slot, payload, position, end, then);
		// A copy: the next slice, of whichever connection, overwrites it.
		work.slices.push(Buffer.from(bytes));
		work.position = end;
	}

	#complete(work: Work): void {
		this.#work = null;
		const { slices } = work;
		work.done(slices.length === 1 ? slices[0] : Buffer.concat(slices));
	}
}

import type { DecoderOptions } from "../engine.js";
import { type Binding, WORDS_PER_RECORD } from "./binding.js";
import { type Slot, Slots } from "./slots.js";

/** A batch this long makes the cost of a call disappear, and stays in the fastest cache. */
const RECORDS_PER_BATCH = 256;

/** One for each addon that a thread has loaded. */
const hosts = new WeakMap<Binding, DecoderHost>();

/** What the decoders of all engines on one addon share: the addon, and memory for records. */
export class DecoderHost {
	static of(binding: Binding): DecoderHost {
		let host = hosts.get(binding);
		if (host === undefined) {
			host = new DecoderHost(binding);
			hosts.set(binding, host);
		}
		return host;
	}

	readonly binding: Binding;
	/** One array for each depth of nesting: a sink may feed another decoder while records are being delivered. */
	readonly #records: Uint32Array[] = [];
	readonly #numbers: number[] = [];
	/** How many decoders are delivering, one within another, less one. */
	depth = -1;
	/** The bit of the receive slab whose records are being delivered, and the bits of those that a view was taken of. */
	slabBit = 0;
	kept = 0;
	readonly #slots: Slots;

	private constructor(binding: Binding) {
		this.binding = binding;
		this.#slots = new Slots((index) => binding.destroyDecoder(index));
	}

	/** Makes the native half of `decoder`. */
	allocate(decoder: object, options: DecoderOptions): Slot {
		const { role, limits, inflate } = options;
		const index = this.binding.createDecoder(
			role === "server",
			limits.maxMessageBytes,
			limits.maxStreamBytes,
			limits.maxFragments,
			inflate?.windowBits ?? 0,
			inflate?.contextTakeover ?? false,
		);
		const slot = { index };
		if (options.isOwned !== true) this.#slots.watch(decoder, slot);
		return slot;
	}

	/** Frees what the slot names; once more does nothing. */
	free(slot: Slot): void {
		this.#slots.free(slot);
	}

	/** The records of the present depth. */
	records(): Uint32Array {
		const { depth } = this;
		if (depth === this.#records.length) {
			const words = new Uint32Array((1 + RECORDS_PER_BATCH) * WORDS_PER_RECORD);
			this.#numbers.push(this.binding.registerRecords(words));
			this.#records.push(words);
		}
		return this.#records[depth];
	}

	/** The number the addon knows those records by. */
	recordsNumber(): number {
		return this.#numbers[this.depth];
	}
}

/** A place in the addon: what JavaScript knows of a native object. -1 once it is freed. */
export interface Slot {
	index: number;
}

/** The places of one kind of native object. */
export class Slots {
	readonly #destroy: (index: number) => void;
	readonly #registry: FinalizationRegistry<Slot>;

	/** @param destroy frees what the addon has under that number */
	constructor(destroy: (index: number) => void) {
		this.#destroy = destroy;
		this.#registry = new FinalizationRegistry((slot) => this.free(slot));
	}

	/** Frees what `slot` names, should `owner` be dropped without doing so. */
	watch(owner: object, slot: Slot): void {
		this.#registry.register(owner, slot);
	}

	/** Frees what the slot names; once more does nothing. */
	free(slot: Slot): void {
		if (slot.index < 0) return;
		this.#destroy(slot.index);
		slot.index = -1;
	}
}

/** Who is who in the pictures: names, and colours by CSS variables, so that light and dark are the style sheet's business. */

/** @typedef {import("../results.mjs").Results["candidates"][number]} Person */

export class People {
	#byId;

	/** @param {Person[]} candidates */
	constructor(candidates) {
		this.#byId = new Map(candidates.map((person) => [person.id, person]));
	}

	/** @param {string} id */
	get(id) {
		const person = this.#byId.get(id);
		if (!person) throw new Error(`${id} is no candidate of these results`);
		return person;
	}

	/** @param {string} id */
	label(id) {
		return this.get(id).label;
	}
}

/** Ours have a colour each, the reference is dark, the rest is pale. @param {Person} person @param {string} reference */
export function colorOf({ id, isOurs }, reference) {
	if (isOurs) return `var(--${id})`;
	return id === reference ? "var(--reference)" : "var(--peer)";
}

/** What of the library a run puts under load: options that both `createServer` and `connect` are given. */

/**
 * @typedef {object} Variant
 * @property {string} name
 * @property {{ engine: "native" | "typescript" }} options
 */

/** @type {readonly Variant[]} */
export const variants = [
	{ name: "native", options: { engine: "native" } },
	{ name: "typescript", options: { engine: "typescript" } },
];

/**
 * @param {string} name
 * @returns {Variant}
 */
export function variantOf(name) {
	const variant = variants.find((candidate) => candidate.name === name);
	if (variant === undefined) throw new Error(`there is no variant ${name}`);
	return variant;
}

/** What of the library a run puts under load: options that both `createServer` and `connect` are given. */

/**
 * @typedef {object} Variant
 * @property {string} name
 * @property {{ engine: "native" | "typescript", transport: "native" | "socket" }} options
 */

/** What serves by default on Linux, then elsewhere, then where there is no addon. @type {readonly Variant[]} */
export const variants = [
	{
		name: "native-transport",
		options: { engine: "native", transport: "native" },
	},
	{ name: "native", options: { engine: "native", transport: "socket" } },
	{
		name: "typescript",
		options: { engine: "typescript", transport: "socket" },
	},
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

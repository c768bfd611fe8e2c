/** SVG and HTML as text. Text that comes from outside goes through `escapeText`. */

/** @param {string} text */
export function escapeText(text) {
	return text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");
}

/**
 * An element with attributes; numbers are rounded to a tenth.
 *
 * @param {string} name
 * @param {Record<string, string | number | undefined>} attributes
 * @param {string | string[]} [content] Markup.
 */
export function element(name, attributes, content = "") {
	const written = Object.entries(attributes)
		.filter(([, value]) => value !== undefined)
		.map(([key, value]) => {
			const text =
				typeof value === "number"
					? `${Math.round(value * 10) / 10}`
					: `${value}`;
			return ` ${key}="${escapeText(text)}"`;
		})
		.join("");
	const inner = Array.isArray(content) ? content.join("") : content;
	return `<${name}${written}>${inner}</${name}>`;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content Plain text.
 * @param {Record<string, string | number | undefined>} [attributes]
 */
export function text(x, y, content, attributes = {}) {
	return element("text", { x, y, ...attributes }, escapeText(content));
}

/**
 * @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2
 * @param {string} kind Its class.
 */
export function line(x1, y1, x2, y2, kind) {
	return element("line", { x1, y1, x2, y2, class: kind });
}

/**
 * A picture that scales with its place, and says what it shows to those who do not see it.
 *
 * @param {number} width
 * @param {number} height
 * @param {string} label
 * @param {string[]} content
 */
export function picture(width, height, label, content) {
	return element(
		"svg",
		{
			viewBox: `0 0 ${width} ${height}`,
			role: "img",
			"aria-label": label,
			xmlns: "http://www.w3.org/2000/svg",
		},
		content,
	);
}

/**
 * A logarithmic axis.
 *
 * @param {number} least @param {number} most Both above 0.
 * @param {number} from @param {number} to Coordinates.
 * @returns {(value: number) => number}
 */
export function logScale(least, most, from, to) {
	const span = Math.log(most / least) || 1;
	return (value) => from + (Math.log(value / least) / span) * (to - from);
}

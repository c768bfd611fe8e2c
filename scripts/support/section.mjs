/** Sections of a Markdown file that a script writes: what is between `<!-- name -->` and `<!-- /name -->`. */
import { readFileSync, writeFileSync } from "node:fs";

/**
 * A text with one of its sections replaced; the rest stays as it is.
 *
 * @param {string} text
 * @param {string} name
 * @param {string} content
 * @throws where the text has no such section
 */
export function withSection(text, name, content) {
	const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
	const from = text.indexOf(begin);
	const to = text.indexOf(end, from);
	if (from < 0 || to < 0) throw new Error(`there is no ${begin} … ${end}`);
	return `${text.slice(0, from)}${begin}\n${content.trim()}\n${text.slice(to)}`;
}

/** Likewise in a file. @param {string} file @param {string} name @param {string} content */
export function writeSection(file, name, content) {
	writeFileSync(file, withSection(readFileSync(file, "utf8"), name, content));
}

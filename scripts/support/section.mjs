/** Sections of a Markdown file that a script writes: what is between `<!-- name -->` and `<!-- /name -->`. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/**
 * Replaces a section, or adds it at the end. The rest of the file stays as it is.
 *
 * @param {string} file
 * @param {string} name
 * @param {string} content
 */
export function writeSection(file, name, content) {
	const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
	const text = existsSync(file) ? readFileSync(file, "utf8") : "";
	const section = `${begin}\n${content.trim()}\n${end}`;
	const from = text.indexOf(begin);
	const to = text.indexOf(end, from);
	const isThere = from >= 0 && to >= 0;
	writeFileSync(
		file,
		isThere
			? text.slice(0, from) + section + text.slice(to + end.length)
			: `${text ? `${text.trimEnd()}\n\n` : ""}${section}\n`,
	);
}

/** The words behind a script's name. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

/** Exit code for words that make no sense. */
const USAGE = 2;

/**
 * As `parseArgs`, but `--help` prints what the script says of itself at its head and ends, and so does, behind one line that
 * says what is wrong, an option that it does not know.
 *
 * @template {import("node:util").ParseArgsConfig} T
 * @param {string} script Its `import.meta.url`.
 * @param {T} config
 * @returns {ReturnType<typeof parseArgs<T>>}
 */
export function readCommandLine(script, config) {
	if (process.argv.slice(2).includes("--help")) {
		process.stdout.write(headOf(script));
		process.exit(0);
	}
	try {
		return parseArgs(config);
	} catch (error) {
		process.stderr.write(
			`${/** @type {Error} */ (error).message}\n\n${headOf(script)}`,
		);
		process.exit(USAGE);
	}
}

/** The comment at the head of the script, as text. @param {string} script */
export function headOf(script) {
	const source = readFileSync(new URL(script), "utf8");
	const [, comment = ""] = /^\/\*\*(.*?)\*\//s.exec(source) ?? [];
	return `${comment.replace(/^ \* ?/gm, "").trim()}\n`;
}

/**
 * The import lines of the library's sources, read as text: who imports whom, and whether only for types.
 * A line is any of: `import … from "x"`, `export … from "x"`, `import "x"`, `import("x")`, `require("x")`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { fileURLToPath } from "node:url";

export interface ImportLine {
	/** The importing file, relative to lib/, with forward slashes. */
	readonly from: string;
	/** The imported file relative to lib/ (a source: `.ts`), or the name of a module outside of it. */
	readonly to: string;
	/** Whether `to` is a file of lib/. */
	readonly isOwn: boolean;
	/** Whether nothing of it is left at run time. */
	readonly typeOnly: boolean;
}

export interface Source {
	/** Relative to lib/, with forward slashes. */
	readonly name: string;
	/** The text without comments. */
	readonly code: string;
}

const lib = fileURLToPath(new URL("../../lib", import.meta.url));

/** Removes comments and leaves strings and the number of lines alone. */
export function withoutComments(text: string): string {
	const token =
		/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
	return text.replace(token, (match) =>
		match.startsWith("/") ? match.replace(/[^\n]/g, "") : match,
	);
}

export function readSources(): Source[] {
	return readdirSync(lib, { recursive: true, encoding: "utf8" })
		.filter((name) => /\.m?ts$/.test(name))
		.sort()
		.map((name) => ({
			name: name.split(sep).join("/"),
			code: withoutComments(readFileSync(join(lib, name), "utf8")),
		}));
}

/** Whether the words between `import` or `export` and `from` name types only. */
function namesOnlyTypes(clause: string): boolean {
	if (/^type\b(?!\s*,|\s+from\b)/.test(clause)) return true;
	const braces = /^\{([^}]*)\}$/.exec(clause.trim());
	if (!braces) return false;
	const names = braces[1].split(",").map((name) => name.trim());
	return names.filter(Boolean).every((name) => name.startsWith("type "));
}

function resolveName(from: string, specifier: string): string {
	const path = posix.normalize(posix.join(posix.dirname(from), specifier));
	return path.replace(/\.(m?)js$/, ".$1ts");
}

/** All import lines of one source. */
export function importLines({ name: from, code }: Source): ImportLine[] {
	const found: { specifier: string; typeOnly: boolean }[] = [];
	const statement =
		/^[ \t]*(?:import|export)\s+(?:([\w*{][^;"'()=]*?)\s*from\s*)?["']([^"']+)["']/gm;
	for (const [, clause, specifier] of code.matchAll(statement))
		found.push({ specifier, typeOnly: namesOnlyTypes(clause ?? "") });
	const call = /(\btypeof\s+)?\b(?:import|require)\s*\(\s*["']([^"']+)["']/g;
	for (const [, asType, specifier] of code.matchAll(call))
		found.push({ specifier, typeOnly: asType !== undefined });
	return found.map(({ specifier, typeOnly }) => {
		const isOwn = specifier.startsWith(".");
		const to = isOwn ? resolveName(from, specifier) : specifier;
		return { from, to, isOwn, typeOnly };
	});
}

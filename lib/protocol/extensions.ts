/** The list of extensions in the opening handshake (RFC 6455 section 9.1): read in time linear in its length. */

export interface Extension {
	name: string;
	/** Names and values in the order they stand; a parameter without a value has null. The same name may come twice. */
	parameters: [name: string, value: string | null][];
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const SPACE = /[ \t]*/y;

/** "quoted-string", of which only what is a token may be the value of a parameter. */
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;

/**
 * Reads the value of a Sec-WebSocket-Extensions field, or several joined by commas. Returns null for what breaks the
 * grammar.
 */
export function parseExtensions(value: string): Extension[] | null {
	const reader = new Reader(value);
	const extensions: Extension[] = [];
	do {
		// "Empty list elements do not contribute to the count" (RFC 9110 section 5.6.1).
		if (reader.isAt(",") || reader.isAtEnd()) continue;
		const extension = readExtension(reader);
		if (extension === null) return null;
		extensions.push(extension);
	} while (reader.takes(","));
	return reader.isAtEnd() ? extensions : null;
}

function readExtension(reader: Reader): Extension | null {
	const name = reader.token();
	if (name === null) return null;
	const parameters: Extension["parameters"] = [];
	while (reader.takes(";")) {
		const parameter = reader.token();
		if (parameter === null) return null;
		let value: string | null = null;
		if (reader.takes("=")) {
			value = reader.token() ?? reader.quotedToken();
			if (value === null) return null;
		}
		parameters.push([parameter, value]);
	}
	return { name, parameters };
}

/** A position in a string. White space before what is asked for is skipped. */
class Reader {
	readonly #text: string;
	#at = 0;

	constructor(text: string) {
		this.#text = text;
	}

	isAtEnd(): boolean {
		this.#skipSpace();
		return this.#at === this.#text.length;
	}

	isAt(character: string): boolean {
		this.#skipSpace();
		return this.#text[this.#at] === character;
	}

	takes(character: string): boolean {
		if (!this.isAt(character)) return false;
		this.#at++;
		return true;
	}

	token(): string | null {
		this.#skipSpace();
		return this.#match(TOKEN)?.[0] ?? null;
	}

	/** "When using the quoted-string syntax variant, the value after quoted-string unescaping MUST conform to the token". */
	quotedToken(): string | null {
		const quoted = this.#match(QUOTED)?.[1].replace(/\\(.)/g, "$1");
		if (quoted === undefined) return null;
		TOKEN.lastIndex = 0;
		return TOKEN.exec(quoted)?.[0].length === quoted.length ? quoted : null;
	}

	#skipSpace(): void {
		this.#match(SPACE);
	}

	#match(pattern: RegExp): RegExpExecArray | null {
		pattern.lastIndex = this.#at;
		const match = pattern.exec(this.#text);
		if (match !== null) this.#at = pattern.lastIndex;
		return match;
	}
}

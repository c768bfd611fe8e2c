/** Choices by a word: an option, and an environment variable that sets its default. */
import { createError } from "../errors.js";

/**
 * `value`, if it is one of `words`.
 *
 * @param where what the message calls it
 * @throws TypeError `WS_ERR_OPTION`
 */
export function checkChoice<Word extends string>(
	value: unknown,
	words: readonly Word[],
	where: string,
): Word {
	const word = words.find((known) => known === value);
	if (word !== undefined) return word;
	const quoted = words.map((known) => `"${known}"`);
	const last = quoted.pop();
	throw createError("WS_ERR_OPTION", {
		detail: `${where} should be ${quoted.join(", ")} or ${last}, it is ${JSON.stringify(value)}`,
	});
}

/**
 * The word in the environment variable `name`; the first where it is not set, or this program may not know.
 *
 * @throws TypeError `WS_ERR_OPTION` for another word
 */
export function defaultChoice<Word extends string>(
	name: string,
	words: readonly [Word, ...Word[]],
): Word {
	const value = environmentVariable(name);
	if (value === undefined || value === "") return words[0];
	return checkChoice(value, words, name);
}

function environmentVariable(name: string): string | undefined {
	try {
		return process.env[name];
	} catch {
		// Deno does not let every process see its environment.
		return undefined;
	}
}

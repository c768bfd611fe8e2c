/** One line of the set-up: a name, what happens, and how long it took. On a terminal the line shows progress. */
import { stdout } from "node:process";
import { stripVTControlCharacters } from "node:util";

const NAME_WIDTH = 20;

/** A step that ended in an error which has been explained to the reader already, or is explained by `details`. */
export class StepError extends Error {
	/**
	 * @param {string} message One sentence: what failed.
	 * @param {string} [details] Output of the tool that failed.
	 */
	constructor(message, details = "") {
		super(message);
		this.details = details;
	}
}

/** @param {number} since From performance.now(). */
export function elapsed(since) {
	return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * @typedef {object} Step
 * @property {(text: string) => void} start Says what takes its time now. Printed at once, also into a log.
 * @property {(text: string) => void} progress The latest news of it. Shown on a terminal only.
 */

/**
 * Runs one step. What `work` resolves to is the text its line ends with.
 *
 * @param {string} name
 * @param {(step: Step) => Promise<string>} work
 */
export async function step(name, work) {
	const since = performance.now();
	const label = name.padEnd(NAME_WIDTH);
	let doing = "";
	let news = "";
	/** @type {NodeJS.Timeout | undefined} */
	let timer;
	const draw = () => {
		const text = `${label}${doing} ${elapsed(since)}  ${news}`;
		stdout.write(`\r\x1b[K${text.slice(0, (stdout.columns ?? 80) - 1)}`);
	};
	/** @param {string} text */
	const finish = (text) => {
		clearInterval(timer);
		if (timer && stdout.isTTY) stdout.write("\r\x1b[K");
		stdout.write(`${label}${text}\n`);
	};
	try {
		const text = await work({
			start(what) {
				doing = what;
				if (!stdout.isTTY) stdout.write(`${label}${what} …\n`);
				timer ??= stdout.isTTY
					? setInterval(draw, 100)
					: setInterval(
							() =>
								stdout.write(`${label}${doing} … ${elapsed(since)}  ${news}\n`),
							15_000,
						);
				timer.unref();
			},
			progress(line) {
				news = stripVTControlCharacters(line).trim() || news;
			},
		});
		finish(timer ? `${text} (${elapsed(since)})` : text);
	} catch (error) {
		finish(
			`FAILED: ${error instanceof Error ? error.message : error} (${elapsed(since)})`,
		);
		throw error;
	}
}

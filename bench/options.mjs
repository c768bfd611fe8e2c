/** The command line of `npm run bench`. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { chooseCandidates, foreign, peerIds } from "./candidates.mjs";
import { nodeVersion } from "./machine.mjs";
import { groups, scenarios } from "./scenarios.mjs";

export const usage = `npm run bench -- [options]

  --quick                 the most telling scenarios, against ws: about 2 minutes (default)
  --full                  all scenarios against all peers: about an hour
  --only=<name>,…         these scenarios or groups, against the peers chosen
  --peers=<name>,…        these peers; "none" for none
  --candidate name=cmd    one more server: any command that listens on the port in $PORT; may come several times
  --seconds=N             measured seconds of a run
  --warmup=N              seconds before that; more of them on a machine that is busy with other things
  --rounds=N              rounds; figures are medians over them
  --node=<program>        another Node.js to run ours and the peers' programs in
  --readme                also writes the table into README.md
  --smoke                 all scenarios with ours alone, for a moment each: whether they work, not how fast
  --output=<folder>       where results.json and report.html go; bench/results by default
  --from=<results.json>   measures nothing, makes the page (and the table) of results that are there

  groups     ${groups.join(", ")}
  scenarios  ${wrap(scenarios.map(({ id }) => id))}
  peers      ${wrap(peerIds)}
`;

/** @param {string[]} words */
function wrap(words) {
	return words.join(", ").replace(/(.{60,75}) /g, "$1\n             ");
}

/** @type {Record<"quick" | "full" | "smoke", import("./scenarios.mjs").Pace>} */
const paces = {
	quick: { rounds: 3, warmup: 0.4, seconds: 0.7 },
	full: { rounds: 5, warmup: 1, seconds: 2 },
	smoke: {
		rounds: 1,
		warmup: 0,
		seconds: 0.1,
		maxConnections: 100,
		maxQuiet: 0.1,
	},
};

/** A command line that cannot be understood, in one sentence. */
export class UsageError extends Error {}

/**
 * @typedef {object} Options
 * @property {boolean} help
 * @property {import("./scenarios.mjs").Scenario[]} scenarios
 * @property {import("./candidates.mjs").Candidate[]} candidates Ours first.
 * @property {import("./scenarios.mjs").Pace} pace
 * @property {string} node The Node.js that is measured.
 * @property {boolean} readme
 * @property {string} [output]
 * @property {string} [from]
 */

/**
 * @param {string[]} words
 * @returns {Options}
 * @throws {UsageError}
 */
export function parseOptions(words) {
	const values = parse(words);
	const { readme = false, output, from } = values;
	const scope = chooseScope(values);
	const full = scope !== "quick";
	const pace = paces[scope];
	const noPeers = scope === "smoke" ? "none" : undefined;
	return {
		help: values.help ?? false,
		scenarios: chooseScenarios(full, list(values.only)),
		candidates: chooseCandidates({
			full,
			peers: choosePeers(list(values.peers ?? noPeers)),
			foreign: (values.candidate ?? []).map(parseCandidate),
		}),
		pace: {
			...pace,
			seconds: positive("seconds", values.seconds) ?? pace.seconds,
			warmup: positive("warmup", values.warmup) ?? pace.warmup,
			rounds: wholePositive("rounds", values.rounds) ?? pace.rounds,
		},
		node: chooseNode(values.node),
		readme,
		output,
		from,
	};
}

/** How to measure the same again, as it is typed. @param {string[]} words */
export function commandOf(words) {
	const typed = words
		.filter((word) => !/^--(?:readme$|output=)/.test(word))
		.map((word) =>
			/^[\w=,.:/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`,
		);
	return ["npm run bench", ...(typed.length > 0 ? ["--"] : []), ...typed].join(
		" ",
	);
}

/** @param {string[]} args */
function parse(args) {
	try {
		return parseArgs({
			args,
			options: {
				help: { type: "boolean", short: "h" },
				quick: { type: "boolean" },
				full: { type: "boolean" },
				smoke: { type: "boolean" },
				output: { type: "string" },
				only: { type: "string" },
				peers: { type: "string" },
				candidate: { type: "string", multiple: true },
				seconds: { type: "string" },
				warmup: { type: "string" },
				rounds: { type: "string" },
				node: { type: "string" },
				readme: { type: "boolean" },
				from: { type: "string" },
			},
		}).values;
	} catch (error) {
		throw new UsageError(/** @type {Error} */ (error).message);
	}
}

/** @param {{ quick?: boolean, full?: boolean, smoke?: boolean }} values */
function chooseScope({ quick, full, smoke }) {
	if ([quick, full, smoke].filter(Boolean).length > 1)
		throw new UsageError("--quick, --full or --smoke, one of them");
	if (full) return "full";
	return smoke ? "smoke" : "quick";
}

/** @param {string | undefined} words */
const list = (words) => words?.split(",").filter(Boolean);

/** @param {boolean} full @param {string[] | undefined} only */
function chooseScenarios(full, only) {
	if (!only) return scenarios.filter(({ quick }) => full || quick);
	const unknown = only.find(
		(name) =>
			!groups.includes(name) && !scenarios.some(({ id }) => id === name),
	);
	if (unknown !== undefined || only.length === 0)
		throw new UsageError(`there is no scenario ${unknown ?? ""}`.trim());
	return scenarios.filter(
		({ id, group }) => only.includes(id) || only.includes(group),
	);
}

/** @param {string[] | undefined} names */
function choosePeers(names) {
	if (names?.join() === "none") return [];
	const unknown = names?.find((name) => !peerIds.includes(name));
	if (unknown !== undefined)
		throw new UsageError(`there is no peer ${unknown}`);
	return names;
}

/** @param {string | undefined} program */
function chooseNode(program) {
	if (program === undefined) return process.execPath;
	// Its servers run in another folder.
	const node = program.includes("/") ? resolve(program) : program;
	try {
		nodeVersion(node);
	} catch {
		throw new UsageError(`--node: ${program} is no Node.js`);
	}
	return node;
}

/** @param {string} word */
function parseCandidate(word) {
	const at = word.indexOf("=");
	const name = word.slice(0, at).trim();
	const command = word.slice(at + 1).trim();
	if (at < 1 || !name || !command)
		throw new UsageError("--candidate takes name=command");
	if (["native", "typescript", ...peerIds].includes(name))
		throw new UsageError(`the name ${name} is taken`);
	return foreign(name, command);
}

/** @param {string} name @param {string | undefined} text */
function positive(name, text) {
	if (text === undefined) return undefined;
	const number = Number(text);
	if (!(number > 0 && Number.isFinite(number)))
		throw new UsageError(`--${name} takes a number above 0`);
	return number;
}

/** @type {typeof positive} */
function wholePositive(name, text) {
	const number = positive(name, text);
	if (number !== undefined && !Number.isInteger(number))
		throw new UsageError(`--${name} takes a whole number`);
	return number;
}

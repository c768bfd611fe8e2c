/** A run in figures: what was done, what was found, and what is left; and the lines that show it. */
import { judge } from "./judge.mjs";
import { CLIENT, SERVER } from "./ledger.mjs";
import { faults } from "./plan.mjs";

/** @typedef {import("./history.mjs").History} History */
/** @typedef {import("./judge.mjs").Wrong} Wrong */
/** @typedef {import("./workers/vitals.mjs").Vitals} Vitals */

/** @type {readonly Wrong[]} */
export const wrongs = [
	"duplicated",
	"out of order",
	"altered",
	"missing",
	"unexplained losses",
	"ends told wrongly",
	"callbacks",
];

/** Violations that are told in words. */
const MOST_DETAILS = 20;

/**
 * @typedef {object} Findings
 * @property {number} connections Attempts, one after another in as many slots as there are connections at once.
 * @property {number} open Of these, with an opening handshake that was done.
 * @property {number} clean Closed by a closing handshake, for both ends.
 * @property {number} lost Lost, by a fault or because the program terminated them, and reported so to both ends.
 * @property {number} halfLost Lost while closing: clean for one end, lost for the other.
 * @property {number} messages Delivered.
 * @property {number} bytes Of these.
 * @property {number} cutOff Binary messages cut off in their middle.
 * @property {Record<string, number>} faults Injected, by kind.
 * @property {Record<Wrong, number>} wrong
 * @property {string[]} details
 */

/** @template {string} K @param {readonly K[]} names @returns {Record<K, number>} */
function zeroes(names) {
	return /** @type {Record<K, number>} */ (
		Object.fromEntries(names.map((name) => [name, 0]))
	);
}

/**
 * @param {Map<number, History>} histories
 * @param {import("./messages.mjs").Messages} messages
 * @returns {Findings}
 */
export function findingsOf(histories, messages) {
	/** @type {Findings} */
	const findings = {
		connections: histories.size,
		open: 0,
		clean: 0,
		lost: 0,
		halfLost: 0,
		messages: 0,
		bytes: 0,
		cutOff: 0,
		faults: zeroes(faults),
		wrong: zeroes(wrongs),
		details: [],
	};
	for (const [connection, history] of histories) {
		count(findings, history);
		const violations = judge(history, (end, number, length) =>
			messages.checksumOfStart(connection, end, number, length),
		);
		for (const { wrong, detail } of violations) {
			findings.wrong[wrong]++;
			if (findings.details.length < MOST_DETAILS)
				findings.details.push(`connection ${connection}, ${wrong}: ${detail}`);
		}
	}
	return findings;
}

/** @param {Findings} findings @param {History} history */
function count(findings, { sides, fault }) {
	for (const { received, cutOff } of sides) {
		for (const item of received) {
			if (item === undefined) continue;
			findings.messages++;
			findings.bytes += item.length;
		}
		if (cutOff !== null) findings.cutOff++;
	}
	if (fault !== null) findings.faults[faults[fault]]++;
	if (sides[CLIENT].opened === 0) return;
	findings.open++;
	const clean = [CLIENT, SERVER].filter(
		(end) => sides[end].closed[0]?.wasClean,
	);
	if (clean.length === 2) findings.clean++;
	else if (clean.length === 1) findings.halfLost++;
	else findings.lost++;
}

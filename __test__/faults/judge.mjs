/**
 * The judgement of one connection: whether what its two ends saw can have happened to a correct library.
 *
 * Law: what arrives is a beginning of what was sent, unaltered; nothing that had to arrive is missing; every end is told
 * once, and rightly.
 */
import { nameOf } from "./history.mjs";
import { CLIENT, SERVER } from "./ledger.mjs";

/** @typedef {import("./history.mjs").History} History */
/** @typedef {import("./history.mjs").Side} Side */
/** @typedef {import("./history.mjs").Item} Item */

/**
 * What may be wrong, as it is counted.
 *
 * @typedef {"duplicated" | "out of order" | "altered" | "missing" | "ends told wrongly" | "callbacks"
 *   | "unexplained losses"} Wrong
 */

/** @typedef {{ wrong: Wrong, detail: string }} Violation */

const ABNORMAL = 1006;

/**
 * @callback StartChecksum The checksum of the first `length` bytes of a message that `end` sent.
 * @param {number} end
 * @param {number} number
 * @param {number} length
 * @returns {number}
 */

/**
 * @param {History} history
 * @param {StartChecksum} startChecksum
 * @returns {Violation[]}
 */
export function judge(history, startChecksum) {
	/** @type {Violation[]} */
	const violations = [];
	for (const end of [CLIENT, SERVER]) {
		/** @param {Wrong} wrong @param {string} detail */
		const report = (wrong, detail) =>
			violations.push({ wrong, detail: `${nameOf(end)}: ${detail}` });
		judgeReceived(history, end, startChecksum, report);
		judgePings(history, end, report);
		judgeCallbacks(history.sides[end], report);
		judgeEnd(history, end, report);
	}
	return violations;
}

/** @typedef {(wrong: Wrong, detail: string) => void} Report */

/** @param {Item | undefined} a @param {Item | undefined} b */
function isSame(a, b) {
	return (
		a !== undefined &&
		b !== undefined &&
		a.flag === b.flag &&
		a.length === b.length &&
		a.checksum === b.checksum
	);
}

/**
 * Compares what was received with what was sent, to the first difference: what follows one is all different.
 *
 * @param {string} what
 * @param {Item[]} sent
 * @param {Item[]} received
 * @param {Report} report
 * @returns {boolean} Whether the one is a beginning of the other.
 */
function compare(what, sent, received, report) {
	const at = received.findIndex(
		(item, index) => item !== undefined && !isSame(item, sent[index]),
	);
	if (at === -1) return true;
	const item = received[at];
	const origin = sent.findIndex((candidate) => isSame(candidate, item));
	const name = `${what} ${at} (${item.length} bytes)`;
	if (origin === -1) report("altered", `${name} was never sent so`);
	else if (origin < at) report("duplicated", `${name} is number ${origin}`);
	else report("out of order", `${name} is number ${origin}`);
	return false;
}

/**
 * @param {History} history
 * @param {number} end The receiver.
 * @param {StartChecksum} startChecksum
 * @param {Report} report
 */
function judgeReceived({ sides }, end, startChecksum, report) {
	const { received, cutOff } = sides[end];
	const { sent, passed } = sides[1 - end];
	if (!compare("message", sent, received, report)) return;
	if (cutOff !== null) {
		const { number, length, checksum } = cutOff;
		if (number !== received.length)
			report("out of order", `message ${number} was cut off, a later one came`);
		else if (checksum !== startChecksum(1 - end, number, length))
			report("altered", `the ${length} bytes that came of message ${number}`);
	}
	const whole = received.filter((item) => item !== undefined).length;
	const due = messagesDue(sides, end);
	if (whole < due) report("missing", `${due - whole} of ${sent.length}`);
	// What an end does not read because it has closed is no loss; nor what a reset took away.
	const hasToRead = passed?.isFinished && !hasLeft(sides[end]);
	if (hasToRead && sides[end].opened > 0 && whole < passed.messages)
		report(
			"missing",
			`${passed.messages - whole} of ${passed.messages} that the proxy passed on`,
		);
}

/** Whether the program ended the connection from this end, so that nothing more was delivered. @param {Side} side */
function hasLeft({ closeCalled, hasTerminated }) {
	return closeCalled !== null || hasTerminated;
}

/**
 * How many messages must have arrived at `end`, by what the program knows of how it ended.
 *
 * @param {[Side, Side]} sides
 * @param {number} end
 */
function messagesDue(sides, end) {
	const { closeCalled } = sides[end];
	const { sent } = sides[1 - end];
	// It has had the last message; or the close frame, which comes behind all of them.
	const hasAll =
		closeCalled === null ? isClean(sides[end]) : closeCalled.isAgreed;
	return hasAll ? sent.length : 0;
}

/** @param {Side} side */
function isClean({ closed }) {
	return closed.length > 0 && closed[0].wasClean;
}

/**
 * Pings arrive like messages. Pongs answer some of the pings, in their order: several may be answered by one.
 *
 * @param {History} history
 * @param {number} end
 * @param {Report} report
 */
function judgePings({ sides }, end, report) {
	const { pingsReceived, pingsSent, pongsReceived, closeCalled } = sides[end];
	const peer = sides[1 - end];
	compare("ping", peer.pingsSent, pingsReceived, report);
	if (closeCalled === null && isClean(sides[end])) {
		const missing = peer.pingsSent.length - pingsReceived.length;
		if (missing > 0) report("missing", `${missing} pings`);
	}
	let next = 0;
	for (const pong of pongsReceived) {
		while (next < pingsSent.length && !isSame(pingsSent[next], pong)) next++;
		if (next++ >= pingsSent.length)
			report("altered", "a pong answers no ping, or comes out of order");
	}
}

/** @param {Side} side @param {Report} report */
function judgeCallbacks({ callbacks, called }, report) {
	let silent = 0;
	let repeated = 0;
	for (let number = 0; number < callbacks; number++) {
		if (called[number] === undefined) silent++;
		else if (called[number] > 1) repeated++;
	}
	if (silent > 0) report("callbacks", `${silent} were never called`);
	if (repeated > 0) report("callbacks", `${repeated} were called again`);
}

/**
 * @param {History} history
 * @param {number} end
 * @param {Report} report
 */
function judgeEnd(history, end, report) {
	const { sides } = history;
	const side = sides[end];
	const { opened, closeEvents, closed } = side;
	if (end === SERVER && opened === 0) {
		if (sides[CLIENT].opened > 0)
			report("ends told wrongly", "it is open for the client only");
		return;
	}
	const events = closeEvents.length;
	if (opened > 1 || events !== 1 || closed.length !== 1) {
		report(
			"ends told wrongly",
			`it was opened ${opened} times, 'close' came ${events} times, \`closed\` settled ${closed.length} times`,
		);
		return;
	}
	const [{ code, wasClean }] = closed;
	judgeCodes(sides, end, report);
	if (side.closeCalled && wasClean && !isClean(sides[1 - end]))
		report("ends told wrongly", "it is clean, and was not for its peer");
	const isExplained =
		history.fault !== null || sides.some(({ hasTerminated }) => hasTerminated);
	if (!wasClean && !isExplained)
		report("unexplained losses", `it was lost with ${code}`);
	if (side.hasReset && !isExplained)
		report("unexplained losses", "it reset the connection");
	if (wasClean && !isExplained && side.closeCalled && side.failed > 0)
		report("callbacks", `${side.failed} got an error`);
}

/**
 * The codes an end was told: its own by 'close' where it closed, the peer's by `closed` where its close frame came.
 *
 * @param {[Side, Side]} sides
 * @param {number} end
 * @param {Report} report
 */
function judgeCodes(sides, end, report) {
	const { closeEvents, closed, closeCalled } = sides[end];
	const [{ code, wasClean }] = closed;
	// A peer that did not close first sends back what it got.
	const sentByPeer = sides[1 - end].closeCalled?.code ?? closeCalled?.code;
	const result = wasClean ? sentByPeer : ABNORMAL;
	const event = closeCalled?.code ?? result;
	if (code !== result)
		report("ends told wrongly", `\`closed\` says ${code} and not ${result}`);
	if (closeEvents[0] !== event)
		report(
			"ends told wrongly",
			`'close' says ${closeEvents[0]} and not ${event}`,
		);
}

/** The records of all ledgers, sorted by connection and end: what happened to each. */
import { CLIENT, Kind, SERVER } from "./ledger.mjs";

/** @typedef {import("./ledger.mjs").LedgerRecord} LedgerRecord */

/** A message or a ping: what is compared. @typedef {Pick<LedgerRecord, "flag" | "length" | "checksum">} Item */

/**
 * What one end of a connection saw.
 *
 * @typedef {object} Side
 * @property {number} opened How often its opening handshake was done.
 * @property {Item[]} sent By number.
 * @property {Item[]} received By number; one that was cut off is missing.
 * @property {{ number: number, length: number, checksum: number } | null} cutOff
 * @property {Item[]} pingsSent
 * @property {Item[]} pingsReceived
 * @property {Item[]} pongsReceived
 * @property {number} callbacks Handed over.
 * @property {number[]} called How often each of them was called.
 * @property {number} failed How many of the calls had an error.
 * @property {{ code: number, isAgreed: boolean } | null} closeCalled
 * @property {boolean} hasTerminated
 * @property {number[]} closeEvents Their codes.
 * @property {{ code: number, wasClean: boolean }[]} closed
 * @property {boolean} hasReset The proxy got an RST from it, before any fault.
 * @property {{ messages: number, isFinished: boolean } | null} passed What the proxy passed on of what it sent.
 */

/**
 * @typedef {object} History
 * @property {[client: Side, server: Side]} sides
 * @property {number | null} fault Which the proxy injected.
 */

/** @returns {Side} */
export function emptySide() {
	return {
		opened: 0,
		sent: [],
		received: [],
		cutOff: null,
		pingsSent: [],
		pingsReceived: [],
		pongsReceived: [],
		callbacks: 0,
		called: [],
		failed: 0,
		closeCalled: null,
		hasTerminated: false,
		closeEvents: [],
		closed: [],
		hasReset: false,
		passed: null,
	};
}

/**
 * @param {Side} side
 * @param {LedgerRecord} record
 */
function enter(side, record) {
	const { code, flag, number, length, checksum } = record;
	switch (record.kind) {
		case Kind.OPENED:
			side.opened++;
			break;
		case Kind.SENT:
			side.sent[number] = { flag, length, checksum };
			break;
		case Kind.RECEIVED:
			side.received[number] = { flag, length, checksum };
			break;
		case Kind.CUT_OFF:
			side.cutOff = { number, length, checksum };
			break;
		case Kind.PING_SENT:
			side.pingsSent[number] = { flag, length, checksum };
			break;
		case Kind.PING_RECEIVED:
			side.pingsReceived[number] = { flag, length, checksum };
			break;
		case Kind.PONG_RECEIVED:
			side.pongsReceived[number] = { flag, length, checksum };
			break;
		case Kind.CALLBACK_GIVEN:
			side.callbacks++;
			break;
		case Kind.CALLBACK_CALLED:
			side.called[number] = (side.called[number] ?? 0) + 1;
			if (flag) side.failed++;
			break;
		case Kind.CLOSE_CALLED:
			side.closeCalled = { code, isAgreed: flag };
			break;
		case Kind.TERMINATE_CALLED:
			side.hasTerminated = true;
			break;
		case Kind.CLOSE_EVENT:
			side.closeEvents.push(code);
			break;
		case Kind.CLOSED:
			side.closed.push({ code, wasClean: flag });
			break;
		case Kind.RESET:
			side.hasReset = true;
			break;
		case Kind.PASSED:
			side.passed = { messages: number, isFinished: flag };
			break;
		default:
			throw new Error(`there is no kind ${record.kind} of record`);
	}
}

/**
 * @param {Iterable<LedgerRecord>} records
 * @returns {Map<number, History>} By connection.
 */
export function historiesOf(records) {
	/** @type {Map<number, History>} */
	const histories = new Map();
	for (const record of records) {
		let history = histories.get(record.connection);
		if (history === undefined) {
			history = { sides: [emptySide(), emptySide()], fault: null };
			histories.set(record.connection, history);
		}
		if (record.kind === Kind.FAULT) history.fault = record.number;
		else enter(history.sides[record.end], record);
	}
	return histories;
}

/** The name of an end, for people. @param {number} end */
export function nameOf(end) {
	return end === CLIENT ? "client" : end === SERVER ? "server" : `end ${end}`;
}

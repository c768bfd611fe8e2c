/** What the processes of the servers and of the clients have in common. */
import { setBinaryFragmentation } from "nodejs-websocket";
import { LedgerWriter } from "../ledger.mjs";
import { Messages } from "../messages.mjs";
import { variantOf } from "../variants.mjs";
import { complain } from "./answer.mjs";
import { TIMEOUT_MS } from "./settled.mjs";
import { watchDecoders } from "./vitals.mjs";

/** Streamed messages leave in frames of at least so many bytes. */
const FRAGMENT_BYTES = 3000;

/**
 * What a process is told first.
 *
 * @typedef {object} Start
 * @property {number} seed
 * @property {string} variant Its name.
 * @property {string} ledgerFile
 */

/**
 * @param {Start} start
 * @param {number} end CLIENT or SERVER.
 */
export function prepare({ seed, variant, ledgerFile }, end) {
	setBinaryFragmentation(FRAGMENT_BYTES);
	watchDecoders();
	const { options } = variantOf(variant);
	const ledger = new LedgerWriter(ledgerFile);
	const messages = new Messages(seed);
	/** @type {import("../endpoint.mjs").EndpointOptions} */
	const endpointOptions = {
		seed,
		end,
		messages,
		ledger,
		gapMs: 0,
		...options,
		complain,
	};
	const libraryOptions = {
		...options,
		handshakeTimeoutMs: TIMEOUT_MS,
		closeTimeoutMs: TIMEOUT_MS,
	};
	return { ledger, endpointOptions, libraryOptions };
}

/**
 * The ledger: what each process saw, record by record, written to a file and not kept, so that the memory measured is the
 * library's. What the records mean together is judged from all ledgers at the end (judge.mjs).
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

/** The two ends of a connection, and by its sender the direction of what is sent. */
export const CLIENT = 0;
export const SERVER = 1;

/** What a record says. `number` counts per connection, end and kind of thing, from 0. */
export const Kind = /** @type {const} */ ({
	/** The opening handshake is done. */
	OPENED: 1,
	/** A message is about to be sent. `flag`: it is text. */
	SENT: 2,
	/** A whole message was received. `flag`: it is text. */
	RECEIVED: 3,
	/** A binary message was cut off after so many bytes. */
	CUT_OFF: 4,
	/** A ping is about to be sent, has been received, was answered. */
	PING_SENT: 5,
	PING_RECEIVED: 6,
	PONG_RECEIVED: 7,
	/** A callback was handed over with a message, has been called. `flag`: with an error. */
	CALLBACK_GIVEN: 8,
	CALLBACK_CALLED: 9,
	/** The program closed the connection. `flag`: after the last message of the peer. */
	CLOSE_CALLED: 10,
	/** The program ended the connection without a closing handshake. */
	TERMINATE_CALLED: 11,
	/** The event 'close'. */
	CLOSE_EVENT: 12,
	/** The promise `closed`. `flag`: wasClean. */
	CLOSED: 13,
	/** The proxy: a fault was injected. `number`: which (faults.mjs). */
	FAULT: 14,
	/** The proxy: so many whole messages of this end were passed on. `flag`: what came last was a FIN, not a reset. */
	PASSED: 15,
	/** The proxy: this end reset its connection. */
	RESET: 16,
});

/**
 * @typedef {object} LedgerRecord
 * @property {number} kind One of Kind.
 * @property {number} connection
 * @property {number} end CLIENT or SERVER.
 * @property {boolean} flag
 * @property {number} code A close code; 0 for none.
 * @property {number} number
 * @property {number} length In bytes.
 * @property {number} checksum
 */

const RECORD_BYTES = 24;
const BLOCK_BYTES = 2730 * RECORD_BYTES;

/** The digest of bytes that come in pieces, as an integer of 48 bits. */
export class Checksum {
	#hash = createHash("sha1");
	length = 0;

	/** @param {Uint8Array} bytes */
	update(bytes) {
		this.#hash.update(bytes);
		this.length += bytes.byteLength;
		return this;
	}

	/** Once, and last. */
	digest() {
		return this.#hash.digest().readUIntBE(0, 6);
	}
}

/** @param {Uint8Array} bytes */
export function checksumOf(bytes) {
	return new Checksum().update(bytes).digest();
}

export class LedgerWriter {
	/** @type {number} */
	#file;
	#block = Buffer.alloc(BLOCK_BYTES);
	#used = 0;

	/** @param {string} path */
	constructor(path) {
		this.#file = openSync(path, "w");
	}

	/**
	 * @param {number} kind
	 * @param {number} connection
	 * @param {number} end
	 * @param {Partial<LedgerRecord>} [rest]
	 */
	write(kind, connection, end, rest = {}) {
		const block = this.#block;
		const at = this.#used;
		block[at] = kind;
		block[at + 1] = end | (rest.flag ? 2 : 0);
		block.writeUInt16LE(rest.code ?? 0, at + 2);
		block.writeUInt32LE(connection, at + 4);
		block.writeUInt32LE(rest.number ?? 0, at + 8);
		block.writeUInt32LE(rest.length ?? 0, at + 12);
		block.writeUIntLE(rest.checksum ?? 0, at + 16, 6);
		this.#used += RECORD_BYTES;
		if (this.#used === BLOCK_BYTES) this.#flush();
	}

	close() {
		this.#flush();
		closeSync(this.#file);
	}

	#flush() {
		let written = 0;
		while (written < this.#used) {
			written += writeSync(
				this.#file,
				this.#block,
				written,
				this.#used - written,
			);
		}
		this.#used = 0;
	}
}

/**
 * @param {string} path
 * @returns {Generator<LedgerRecord, void>}
 */
export function* readLedger(path) {
	const bytes = readFileSync(path);
	for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
		yield {
			kind: bytes[at],
			end: bytes[at + 1] & 1,
			flag: (bytes[at + 1] & 2) !== 0,
			code: bytes.readUInt16LE(at + 2),
			connection: bytes.readUInt32LE(at + 4),
			number: bytes.readUInt32LE(at + 8),
			length: bytes.readUInt32LE(at + 12),
			checksum: bytes.readUIntLE(at + 16, 6),
		};
	}
}

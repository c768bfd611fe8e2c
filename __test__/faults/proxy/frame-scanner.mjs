/**
 * Follows the frames of one direction through a byte stream, by their headers alone (RFC 6455 section 5.2): where messages
 * end, and where the close frame is. Positions count from the first byte of the stream, its HTTP head included.
 */
import { Buffer } from "node:buffer";

const OPCODE = 0x0f;
const FIN = 0x80;
const CLOSE = 8;
const MASKED = 0x80;

/** A header has at most 14 bytes. */
const MAX_HEADER_BYTES = 14;

const HEAD_END = "\r\n\r\n";

const EMPTY = Buffer.alloc(0);

export class FrameScanner {
	/**
	 * Where the close frame is.
	 *
	 * @type {{ start: number, end: number } | null}
	 */
	close = null;
	/**
	 * Where the messages end that `messagesUpTo` has not counted.
	 *
	 * @type {number[]}
	 */
	#messageEnds = [];
	#messages = 0;
	#isHead = true;
	/** The head, or a frame's header, as far as it has come. */
	#held = EMPTY;
	/** How far the stream is read, without what is held. */
	#position = 0;
	/** Bytes of the present frame still to come. */
	#rest = 0;

	/** @param {Buffer} chunk */
	push(chunk) {
		const bytes = Buffer.concat([this.#held, chunk]);
		this.#held = EMPTY;
		let at = 0;
		if (this.#isHead) {
			const end = bytes.indexOf(HEAD_END, 0, "latin1");
			if (end === -1) {
				this.#held = bytes;
				return;
			}
			this.#isHead = false;
			at = end + HEAD_END.length;
			this.#position = at;
		}
		while (true) {
			const skipped = Math.min(this.#rest, bytes.length - at);
			at += skipped;
			this.#position += skipped;
			this.#rest -= skipped;
			if (at === bytes.length) return;
			const header = bytes.subarray(at, at + MAX_HEADER_BYTES);
			const length = frameLength(header);
			if (length === null) {
				this.#held = Buffer.from(header);
				return;
			}
			this.#rest = length;
			this.#note(header[0], this.#position, this.#position + length);
		}
	}

	/**
	 * How many data messages end within the first `position` bytes. Positions must not go back.
	 *
	 * @param {number} position
	 */
	messagesUpTo(position) {
		const ends = this.#messageEnds;
		const open = ends.findIndex((end) => end > position);
		this.#messages += ends.splice(0, open === -1 ? ends.length : open).length;
		return this.#messages;
	}

	/**
	 * @param {number} first The first byte of a frame.
	 * @param {number} start
	 * @param {number} end
	 */
	#note(first, start, end) {
		const opcode = first & OPCODE;
		if (opcode === CLOSE) this.close ??= { start, end };
		else if (opcode < CLOSE && first & FIN) this.#messageEnds.push(end);
	}
}

/**
 * The length of the frame that begins with `header`, in bytes; null where too little of it has come.
 *
 * @param {Buffer} header
 */
function frameLength(header) {
	if (header.length < 2) return null;
	const mask = header[1] & MASKED ? 4 : 0;
	const short = header[1] & 0x7f;
	if (short < 126) return 2 + mask + short;
	if (short === 126)
		return header.length < 4 ? null : 4 + mask + header.readUInt16BE(2);
	return header.length < 10
		? null
		: 10 + mask + Number(header.readBigUInt64BE(2));
}

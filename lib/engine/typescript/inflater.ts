/**
 * The decompressing half of permessage-deflate (RFC 7692 section 7.2.2) over node:zlib: a message in whatever cuts → pieces.
 *
 * A message of a few kilobytes, which is nearly every one, is held until it is whole and inflated within one call; what is
 * longer, or becomes long, goes through jobs in libuv's pool. Nothing of zlib lives from message to message: the history is
 * handed to it as a dictionary.
 *
 * Where in a stream it stopped, zlib does not say. A message has to end in the header of a stored block whose length was left
 * out, or in a last block. So a stored block with a mark is put behind each, in place of the empty one that was left out: the
 * mark has to come out, and nothing else of what was put there. A block that lacks its end would swallow it.
 */
import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";
import { type InflateRaw, inflateRawSync } from "node:zlib";
import { INFLATE_BYTES_PER_TURN, type InflateOptions } from "../engine.js";
import { History } from "./history.js";
import { InflateJob } from "./inflate-job.js";

/** Compressed messages up to this length are held until they are whole, in bytes. */
const HOLD_BYTES = 16 * 1024;

/** Longest piece of output, in bytes. */
const PIECE_BYTES = INFLATE_BYTES_PER_TURN;

const NOTHING = Buffer.alloc(0);

/** Unknown to the peer, so that no code of its own stands for it. */
const MARK = randomFillSync(Buffer.alloc(8));

/** Least room for output, in bytes, so that a short message takes one call of zlib. */
const MIN_ROOM_BYTES = 1024 + MARK.length;

/** The length of the mark and its complement, as a stored block has them. */
const MARK_LENGTHS = Buffer.from([MARK.length, 0, ~MARK.length, 0xff]);

/** The rest of a stored block. Where it is not its message's last block, nothing is left behind it. */
const MARK_BLOCK = Buffer.concat([MARK_LENGTHS, MARK]);

/** The same, and an empty last block. */
const END = Buffer.concat([MARK_BLOCK, Buffer.from([0x03, 0x00])]);

/** The same, and a byte that a stream which ends here leaves. */
const END_AND_MORE = Buffer.concat([END, Buffer.alloc(1)]);

/**
 * How many last blocks a message may have: "An endpoint MAY use both "BFINAL" bit 0 and 1 blocks" (section 7.2.1), each
 * takes a stream to inflate what follows, and nobody has a use for more than one.
 */
const MAX_LAST_BLOCKS = 128;

/** Memory in which a held message is put together; free again when the call that inflates it returns. */
const scratch = Buffer.alloc(HOLD_BYTES + END.length);

const TOO_LONG = "ERR_BUFFER_TOO_LARGE";

export class Inflater {
	/** The message cannot be inflated; nothing more is of use then. */
	isBroken = false;
	readonly #options: InflateOptions;
	readonly #ready: () => void;
	readonly #history: History;
	/** Bytes given of the message. */
	#messageBytes = 0;
	/** Those of a message that may turn out to be short. */
	#held: Buffer | null = null;
	#heldBytes = 0;
	#output: Buffer[] = [];
	#outputBytes = 0;
	#lastBlocks = 0;
	/** There where the message goes through the pool. */
	#job: InflateJob | null = null;
	/** What the job works on. */
	#input: Buffer = END;
	/** What has come out of what was put behind the message. */
	#behind: Buffer[] = [];
	#isEnding = false;

	/** @param ready called on a tick of its own when the inflater is not busy any more */
	constructor(options: InflateOptions, ready: () => void) {
		this.#options = options;
		this.#ready = ready;
		this.#history = new History(2 ** options.windowBits);
	}

	/** Whether a job is under way: `ready` follows. */
	get isBusy(): boolean {
		return this.#job?.isBusy ?? false;
	}

	/** Bytes held for the message, compressed and inflated, and what zlib takes. */
	get heldBytes(): number {
		const zlib = this.#job === null ? 0 : PIECE_BYTES;
		return this.#heldBytes + this.#outputBytes + zlib;
	}

	/** Takes the next bytes of a message, which it copies. */
	push(bytes: Uint8Array): void {
		this.#messageBytes += bytes.length;
		if (this.#job !== null) {
			this.#work(Buffer.from(bytes));
		} else if (this.#heldBytes + bytes.length <= HOLD_BYTES) {
			this.#hold(bytes);
		} else {
			const held = this.#takeHeld();
			this.#openJob();
			this.#work(Buffer.concat([held, bytes]));
		}
	}

	/** What has come of the message is to come out now, though the message is not whole. */
	flush(): void {
		if (this.#job !== null || this.#heldBytes === 0) return;
		const held = this.#takeHeld();
		this.#openJob();
		this.#work(held);
	}

	/** The message has come whole. */
	end(): void {
		// "An empty message" of no bytes at all: not what section 7.2.3.6 makes of it, but what some send.
		if (this.#messageBytes === 0) return;
		this.#isEnding = true;
		if (this.#job !== null) {
			this.#work(END_AND_MORE);
			return;
		}
		const held = this.#takeHeld();
		if (this.#inflateNow(held)) return;
		this.#openJob();
		this.#work(Buffer.from(held));
	}

	/** The next piece of output; null where none is here. */
	take(): Buffer | null {
		const piece = this.#output.shift() ?? null;
		if (piece !== null) this.#outputBytes -= piece.length;
		return piece;
	}

	/** Goes on once all output was taken. Returns whether it is done with what it was given; not while busy or broken. */
	proceed(): boolean {
		const job = this.#job;
		if (job !== null) {
			if (job.isBusy) return false;
			this.isBroken ||= job.isBroken;
			if (this.isBroken) return false;
			if (!job.isDone) {
				job.proceed();
				return false;
			}
			if (!this.#jobDone(job)) return false;
		}
		if (this.isBroken) return false;
		if (this.#isEnding) this.#reset();
		return true;
	}

	destroy(): void {
		this.#closeJob();
		this.#output = [];
		this.#outputBytes = 0;
		this.#takeHeld();
		this.#history.forget();
	}

	#hold(bytes: Uint8Array): void {
		const needed = this.#heldBytes + bytes.length;
		let held = this.#held;
		if (held === null || held.length < needed) {
			let size = Math.max(256, held?.length ?? 0);
			while (size < needed) size *= 2;
			held = Buffer.alloc(size);
			this.#held?.copy(held, 0, 0, this.#heldBytes);
			this.#held = held;
		}
		held.set(bytes, this.#heldBytes);
		this.#heldBytes = needed;
	}

	#takeHeld(): Buffer {
		const held = this.#held?.subarray(0, this.#heldBytes) ?? NOTHING;
		this.#held = null;
		this.#heldBytes = 0;
		return held;
	}

	/** Inflates a whole message. Returns false, and has done nothing, where that is for a job: it is too long, or ambiguous. */
	#inflateNow(message: Buffer): boolean {
		const end = message.length + END.length;
		message.copy(scratch);
		END.copy(scratch, message.length);
		const pieces: Buffer[] = [];
		let bytes = 0;
		let dictionary = this.#history.bytes;
		let at = 0;
		do {
			if (pieces.length > MAX_LAST_BLOCKS) return this.#break();
			const rest = scratch.subarray(at, end);
			let inflated: { buffer: Buffer; engine: InflateRaw };
			try {
				inflated = inflateRawSync(rest, {
					windowBits: this.#options.windowBits,
					dictionary,
					chunkSize: Math.max(MIN_ROOM_BYTES, rest.length * 4),
					maxOutputLength: PIECE_BYTES + MARK.length - bytes,
					info: true,
				} as never) as never;
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code === TOO_LONG) return false;
				return this.#break();
			}
			pieces.push(inflated.buffer);
			bytes += inflated.buffer.length;
			at += inflated.engine.bytesWritten;
			dictionary = undefined;
			// The last block may be the message's own, and its last.
		} while (at < message.length);
		const ending = endingOf(at - message.length);
		if (ending === "none") return this.#break();
		if (at > message.length) {
			const last = pieces[pieces.length - 1];
			const length = last.length - MARK.length;
			if (length < 0 || MARK.compare(last, length) !== 0) return this.#break();
			// Its own content, or a stored block that lacks bytes: a job sees what comes behind the message apart from it.
			const before = length - MARK_LENGTHS.length;
			if (before >= 0 && MARK_LENGTHS.compare(last, before, length) === 0)
				return false;
			pieces[pieces.length - 1] = last.subarray(0, length);
			bytes -= MARK.length;
		}
		if (bytes > PIECE_BYTES) return false;
		for (const piece of pieces) this.#put(piece);
		// What comes behind a last block does not refer to what is before it.
		if (pieces.length > 1 || ending === "last") this.#history.forget();
		if (this.#options.contextTakeover && ending === "open")
			this.#history.append(pieces[pieces.length - 1]);
		return true;
	}

	/** Always true: broken is as good as done. */
	#break(): true {
		this.isBroken = true;
		return true;
	}

	#put(piece: Buffer): void {
		if (piece.length === 0) return;
		this.#output.push(piece);
		this.#outputBytes += piece.length;
	}

	#openJob(): void {
		this.#job = new InflateJob({
			windowBits: this.#options.windowBits,
			dictionary: this.#history.bytes,
			chunkBytes: PIECE_BYTES,
			output: (chunk) => {
				if (this.#input === END_AND_MORE) {
					this.#behind.push(chunk);
					return;
				}
				this.#put(chunk);
				if (this.#options.contextTakeover) this.#history.append(chunk);
			},
			ready: this.#ready,
		});
	}

	#closeJob(): void {
		this.#job?.close();
		this.#job = null;
	}

	#work(input: Buffer): void {
		this.#input = input;
		this.#job?.give(input);
	}

	/** The job has used its input. Returns whether the inflater has, too. */
	#jobDone(job: InflateJob): boolean {
		const input = this.#input;
		const used = job.usedBytes;
		if (input === END_AND_MORE) {
			const ending = endingOf(used);
			const behind = Buffer.concat(this.#behind);
			const isMark = behind.equals(used === 0 ? NOTHING : MARK);
			this.#behind = [];
			this.isBroken = ending === "none" || !isMark;
			if (ending === "last") this.#history.forget();
			return !this.isBroken;
		}
		if (used < input.length) {
			// A last block, and more behind it.
			this.isBroken = ++this.#lastBlocks > MAX_LAST_BLOCKS;
			this.#history.forget();
			this.#closeJob();
			if (this.isBroken) return false;
			this.#openJob();
			this.#work(input.subarray(used));
			return false;
		}
		// A message that was held, and is too long, has been given without its end.
		if (!this.#isEnding) return true;
		this.#work(END_AND_MORE);
		return false;
	}

	/** The message is complete. */
	#reset(): void {
		this.#closeJob();
		this.#isEnding = false;
		this.#messageBytes = 0;
		this.#lastBlocks = 0;
		if (!this.#options.contextTakeover) this.#history.forget();
	}
}

/**
 * How a message ends whose stream has used so much of what was put behind it: open to the next one, with a last block of its
 * own, or nowhere, so far as that tells.
 */
function endingOf(usedBehind: number): "open" | "last" | "none" {
	if (usedBehind === END.length) return "open";
	return usedBehind === 0 || usedBehind === MARK_BLOCK.length ? "last" : "none";
}

/**
 * The decompressing half of permessage-deflate (RFC 7692 section 7.2.2) over node:zlib: a message in whatever cuts → pieces.
 *
 * A message of a few kilobytes, which is nearly every one, is held until it is whole and inflated within one call; what is
 * longer, or becomes long, goes through jobs in libuv's pool. Nothing of zlib lives from message to message: the history is
 * handed to it as a dictionary.
 *
 * That a message ends where a block ends, zlib does not say. So an empty last block is put behind each, and has to come out
 * as the end of the stream.
 */
import { Buffer } from "node:buffer";
import { type InflateRaw, inflateRawSync } from "node:zlib";
import { INFLATE_BYTES_PER_TURN, type InflateOptions } from "../engine.js";
import { History } from "./history.js";
import { InflateJob } from "./inflate-job.js";

/** Compressed messages up to this length are held until they are whole, in bytes. */
const HOLD_BYTES = 16 * 1024;

/** Longest piece of output, in bytes. */
const PIECE_BYTES = INFLATE_BYTES_PER_TURN;

/** Least room for output, in bytes, so that a short message takes one call of zlib. */
const MIN_ROOM_BYTES = 1024;

/** What the sender has left out (four bytes), then the empty last block. */
const END = Buffer.from([0x00, 0x00, 0xff, 0xff, 0x03, 0x00]);

const TAIL_BYTES = 4;

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
	#isEnding = false;

	/** @param ready called on a tick of its own when the inflater is not busy any more */
	constructor(options: InflateOptions, ready: () => void) {
		this.#options = options;
		this.#ready = ready;
		this.#history = new History(options.windowBits);
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
		const held = this.#held?.subarray(0, this.#heldBytes) ?? Buffer.alloc(0);
		this.#held = null;
		this.#heldBytes = 0;
		return held;
	}

	/** Inflates a whole message. Returns false, and has done nothing, where it is too long for that. */
	#inflateNow(message: Buffer): boolean {
		const end = message.length + END.length;
		message.copy(scratch);
		END.copy(scratch, message.length);
		const pieces: Buffer[] = [];
		let room = PIECE_BYTES;
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
					maxOutputLength: Math.max(1, room),
					info: true,
				} as never) as never;
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code === TOO_LONG) return false;
				return this.#break();
			}
			pieces.push(inflated.buffer);
			room -= inflated.buffer.length;
			at += inflated.engine.bytesWritten;
			dictionary = undefined;
			// The last block may be the message's own, and its last.
		} while (at < message.length);
		const isLastBlock = isLastBlockOf(at - message.length);
		if (at !== end && !isLastBlock) return this.#break();
		for (const piece of pieces) this.#put(piece);
		// What comes behind a last block does not refer to what is before it.
		if (pieces.length > 1 || isLastBlock) this.#history.forget();
		if (this.#options.contextTakeover && at === end)
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
			if (isLastBlockOf(used)) this.#history.forget();
			else this.isBroken = used !== END.length;
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

/** Whether a stream that has used so much behind the message has ended with a last block of the message's own. */
function isLastBlockOf(usedBehind: number): boolean {
	return usedBehind === 0 || usedBehind === TAIL_BYTES;
}

/**
 * The decompressing half of permessage-deflate (RFC 7692 section 7.2.2) over node:zlib: a message in whatever cuts → pieces.
 *
 * A message of a few kilobytes, which is nearly every one, is held until it is whole and inflated within one call; what is
 * longer, or becomes long, goes through jobs in libuv's pool. Nothing of zlib lives from message to message: the history is
 * handed to it as a dictionary, or as a block without compression.
 *
 * Where in a stream it stopped, zlib does not say. A message has to end in the header of a stored block whose length was left
 * out, or in a last block. So a stored block with a mark is put behind each, in place of the empty one that was left out: the
 * mark has to come out, and nothing else of what was put there. A block that lacks its end would swallow it.
 */
import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";
import { INFLATE_BYTES_PER_TURN, type InflateOptions } from "../engine.js";
import { History } from "./history.js";
import { InflateJob } from "./inflate-job.js";
import type { ReusedStream } from "./reused-stream.js";
import { dropStream, inflateStream, sharedRoom } from "./zlib-now.js";

/** Compressed messages up to this length are held until they are whole, in bytes. */
const HOLD_BYTES = 16 * 1024;

/** The end of a message that is inflated within the call where it comes up to this length, in bytes, with what was held of it. */
export const INFLATE_LAST_BYTES = 32 * 1024;

/** Longest piece of output, in bytes. */
const PIECE_BYTES = INFLATE_BYTES_PER_TURN;

const NOTHING = Buffer.alloc(0);

/** Unknown to the peer, so that no code of its own stands for it. */
const MARK = randomFillSync(Buffer.alloc(8));

/** The rest of a stored block, from its length on. Where it is a message's last block, nothing is used of what is behind it. */
const MARK_BLOCK = Buffer.concat([
	Buffer.from([MARK.length, 0, ~MARK.length, 0xff]),
	MARK,
]);

/** The same, and an empty last block. */
const END = Buffer.concat([MARK_BLOCK, Buffer.from([0x03, 0x00])]);

/** The same, and a byte that a stream which ends here leaves. */
const END_AND_MORE = Buffer.concat([END, Buffer.alloc(1)]);

/** What comes out of what is put behind a message: the mark, or something longer. */
const behindRoom = Buffer.alloc(MARK.length + 1);

/** That of a block without compression: its type, its length, and the complement of that. */
const storedHeader = Buffer.alloc(5);

/**
 * How many last blocks a message may have: "An endpoint MAY use both "BFINAL" bit 0 and 1 blocks" (section 7.2.1), each
 * takes a stream to inflate what follows, and nobody has a use for more than one.
 */
const MAX_LAST_BLOCKS = 128;

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

	/**
	 * Takes the last bytes of a message, which it copies, or none.
	 *
	 * @returns all of the message where it could be inflated at once and nothing was taken of it before; valid until an engine of
	 *   this thread is called. Else null: it is to be taken as ever.
	 */
	end(bytes: Uint8Array): Buffer | null {
		this.#messageBytes += bytes.length;
		// "An empty message" of no bytes at all: not what section 7.2.3.6 makes of it, but what some send.
		if (this.#messageBytes === 0) return null;
		this.#isEnding = true;
		if (this.#job !== null) {
			this.#work(bytes.length === 0 ? END_AND_MORE : Buffer.from(bytes));
			return null;
		}
		const isShort = this.#heldBytes + bytes.length <= INFLATE_LAST_BYTES;
		let message: Uint8Array = bytes;
		if (this.#heldBytes > 0) {
			if (isShort && bytes.length > 0) this.#hold(bytes);
			const held = this.#takeHeld();
			message = isShort ? held : Buffer.concat([held, bytes]);
		}
		const inflated = isShort ? this.#inflateNow(message) : null;
		if (inflated !== null) {
			this.#reset();
		} else if (!this.isBroken) {
			this.#openJob();
			this.#work(Buffer.from(message));
		}
		return inflated;
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

	/** Inflates a whole message. Returns null where it is broken; and, having done nothing, where that is for a job: it is long. */
	#inflateNow(message: Uint8Array): Buffer | null {
		const stream = inflateStream(this.#options.windowBits);
		if (stream === null) return null;
		const room = sharedRoom();
		let bytes = 0;
		let start = 0;
		let rest = message;
		let isFit = recall(stream, this.#history.bytes, room);
		for (let lastBlocks = 0; isFit; ) {
			start = bytes;
			isFit = stream.run(rest, room, start, PIECE_BYTES + 1);
			if (!isFit) break;
			bytes += stream.outputBytes;
			if (bytes > PIECE_BYTES) {
				stream.reset();
				return null;
			}
			if (stream.usedBytes === rest.length) break;
			// A last block, and more behind it, which does not refer to what is before it.
			isFit = ++lastBlocks <= MAX_LAST_BLOCKS;
			rest = rest.subarray(stream.usedBytes);
			stream.reset();
		}
		isFit &&= stream.run(END_AND_MORE, behindRoom, 0, behindRoom.length);
		const ending = isFit
			? endingOf(stream.usedBytes, behindRoom.subarray(0, stream.outputBytes))
			: "none";
		if (ending === "none") {
			this.isBroken = true;
			dropStream(stream);
			return null;
		}
		stream.reset();
		if (start > 0 || rest !== message || ending === "last")
			this.#history.forget();
		if (this.#options.contextTakeover && ending === "open")
			this.#history.append(room.subarray(start, bytes));
		return room.subarray(0, bytes);
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
			const ending = endingOf(used, Buffer.concat(this.#behind));
			this.#behind = [];
			this.isBroken = ending === "none";
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
 * How a message ends, after whose stream has used so much of what was put behind it, and put out `behind`: open to the next
 * one, with a last block of its own, or nowhere.
 */
function endingOf(
	usedBehind: number,
	behind: Buffer,
): "open" | "last" | "none" {
	if (!behind.equals(usedBehind === 0 ? NOTHING : MARK)) return "none";
	if (usedBehind === END.length) return "open";
	return usedBehind === 0 || usedBehind === MARK_BLOCK.length ? "last" : "none";
}

/** Has a stream know `history`: as a block without compression, which costs no more than a copy. Returns whether it is fit. */
function recall(
	stream: ReusedStream,
	history: Buffer | undefined,
	room: Buffer,
): boolean {
	if (history === undefined) return true;
	const { length } = history;
	storedHeader.writeUInt16LE(length, 1);
	storedHeader.writeUInt16LE(0xffff - length, 3);
	return (
		stream.run(storedHeader, room, 0, room.length) &&
		stream.run(history, room, 0, room.length)
	);
}

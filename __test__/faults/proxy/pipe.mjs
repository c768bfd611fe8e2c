/** One direction through the proxy: what comes from one end goes to the other, cut anew and late, until a fault strikes. */
import { FrameScanner } from "./frame-scanner.mjs";

/** @typedef {import("node:net").Socket} Socket */
/** @typedef {import("../plan.mjs").Treatment} Treatment */
/** @typedef {import("../../support/random.mjs").Random} Random */

/** Held bytes from which the source is not read. */
const HIGH_WATER_BYTES = 256 * 1024;

/** How much of a stream is passed on in single bytes, and where that begins at the latest. */
const SINGLE_BYTES = 150;
const LATEST_SINGLE_BYTE = 3000;

const DELAYS_MS = [5, 50, 500];

/** How long a direction is held up in all, in milliseconds: where the machine is busy every single byte takes its time. */
const MOST_WAITED_MS = 5000;

export class Pipe {
	/** A FIN followed what was passed on. */
	isFinished = false;
	/** @type {Socket} */
	#source;
	/** @type {Socket} */
	#target;
	/** @type {Treatment} */
	#treatment;
	/** @type {Random} */
	#random;
	/**
	 * Called where the fault strikes; null where it is not this direction's.
	 *
	 * @type {(() => void) | null}
	 */
	#strike;
	#scanner = new FrameScanner();
	/** @type {Buffer[]} */
	#held = [];
	#heldBytes = 0;
	/** Bytes passed on. */
	#position = 0;
	/** @type {NodeJS.Timeout | null} */
	#delay = null;
	#waitedMs = 0;
	/** Where the single bytes begin. */
	#singleFrom;
	#hasSourceEnded = false;
	#isStopped = false;

	/**
	 * @param {Socket} source
	 * @param {Socket} target
	 * @param {Treatment} treatment
	 * @param {Random} random
	 * @param {(() => void) | null} strike
	 */
	constructor(source, target, treatment, random, strike) {
		this.#source = source;
		this.#target = target;
		this.#treatment = treatment;
		this.#random = random;
		this.#strike = strike;
		this.#singleFrom = random.upTo(random.pick([0, LATEST_SINGLE_BYTE]));
		target.on("drain", () => this.#pump());
		source.on("end", () => {
			this.#hasSourceEnded = true;
			this.#pump();
		});
	}

	/** How many whole messages were passed on. */
	get messages() {
		return this.#scanner.messagesUpTo(this.#position);
	}

	/** @param {Buffer} chunk */
	receive(chunk) {
		if (this.#isStopped) return;
		this.#scanner.push(chunk);
		this.#held.push(chunk);
		this.#heldBytes += chunk.length;
		if (this.#heldBytes >= HIGH_WATER_BYTES) this.#source.pause();
		if (this.#random.chance(this.#treatment.delayChance))
			this.#wait(this.#random.upTo(this.#random.pick(DELAYS_MS)));
		this.#pump();
	}

	/** Passes on what is held, late or not. */
	release() {
		if (this.#isStopped) return;
		while (this.#heldBytes > 0) this.#pass(this.#heldBytes);
	}

	/** Passes on a FIN and nothing more. */
	finish() {
		if (!this.#isStopped && !this.#target.destroyed) {
			this.isFinished = true;
			this.#target.end();
		}
		this.stop();
	}

	/** Passes on nothing more: what the source still sends is read and dropped. */
	stop() {
		this.#isStopped = true;
		this.#held = [];
		this.#heldBytes = 0;
		if (this.#delay !== null) clearTimeout(this.#delay);
		this.#source.resume();
	}

	#pump() {
		while (
			!this.#isStopped &&
			this.#delay === null &&
			!this.#target.writableNeedDrain
		) {
			const room = this.#strikesAt() - this.#position;
			if (room <= 0) {
				this.#strike?.();
				return;
			}
			if (this.#heldBytes === 0) {
				if (this.#hasSourceEnded) this.finish();
				return;
			}
			const most = this.#pieceLength();
			this.#pass(Math.min(most, room));
			if (most < Number.POSITIVE_INFINITY) this.#wait(0);
		}
	}

	/**
	 * Passes on the beginning of the first chunk held.
	 *
	 * @param {number} most Bytes of it.
	 */
	#pass(most) {
		const [chunk] = this.#held;
		const piece = chunk.subarray(0, most);
		if (piece.length === chunk.length) this.#held.shift();
		else this.#held[0] = chunk.subarray(most);
		this.#heldBytes -= piece.length;
		this.#position += piece.length;
		this.#target.write(piece);
		if (this.#heldBytes < HIGH_WATER_BYTES) this.#source.resume();
	}

	/** The position at which the fault strikes, as far as it is known. */
	#strikesAt() {
		const { trigger } = this.#treatment;
		if (this.#strike === null) return Number.POSITIVE_INFINITY;
		if ("bytes" in trigger) return trigger.bytes;
		const { close } = this.#scanner;
		if (close === null) return Number.POSITIVE_INFINITY;
		if (trigger.close === "before") return close.start;
		return trigger.close === "behind" ? close.end : close.end - 1;
	}

	/** How much may be passed on at once. */
	#pieceLength() {
		const { cutting } = this.#treatment;
		if (cutting === "in pieces")
			return 1 + this.#random.below(this.#random.pick([8, 500, 20_000]));
		const singles = this.#position - this.#singleFrom;
		if (cutting === "as they come" || singles >= SINGLE_BYTES)
			return Number.POSITIVE_INFINITY;
		return singles < 0 ? -singles : 1;
	}

	/**
	 * Passes nothing on for so long. A delay that runs already is not made longer.
	 *
	 * @param {number} ms
	 */
	#wait(ms) {
		if (this.#waitedMs >= MOST_WAITED_MS) return;
		const since = performance.now();
		this.#delay ??= setTimeout(() => {
			this.#waitedMs += performance.now() - since;
			this.#delay = null;
			this.#pump();
		}, ms);
	}
}

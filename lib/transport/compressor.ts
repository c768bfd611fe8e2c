/**
 * What a link sends that is compressed, or waits behind something that is: RFC 7692 section 7.2.1, in the order of the sends.
 *
 * A message up to 64 KiB is compressed within the send, a longer one in slices between other work. What is sent meanwhile
 * queues up, but for pings and pongs, which may come anywhere. Fragments of a message are compressed as one.
 */
import { Buffer } from "node:buffer";
import {
	DEFLATE_NOW_BYTES,
	type Deflater,
	type DeflaterOptions,
	type Engine,
} from "../engine/engine.js";
import { createError } from "../errors.js";
import { FIN, Opcode, RSV1 } from "../rfc6455/opcode.js";
import { forgetIdler, type Idler, watchIdler } from "./idle-compressors.js";
import { LastCompressed } from "./last-compressed.js";
import type { SendCallback } from "./link.js";
import { settle } from "./outbox.js";
import { bytesOfText, lastingBytes } from "./text-room.js";

/** Frames from this length on may be kept by reference by a link, in bytes. */
const KEPT_BYTES = 32 * 1024;

/** After so many bytes of a queue the event loop serves others, in bytes. */
const QUEUE_BYTES_PER_TURN = 64 * 1024;

/** What a Compressor asks of its link. */
export interface CompressorTarget {
	/** Sends a frame with these bytes, which it copies where it keeps them. */
	sendFrame(
		first: number,
		payload: Uint8Array,
		callback: SendCallback | undefined,
	): void;
	/** Nothing waits any more. */
	compressed(): void;
}

interface Send {
	first: number;
	payload: Uint8Array;
	callback: SendCallback | undefined;
}

const lastCompressed = new LastCompressed();

export class Compressor implements Idler {
	isInUse = false;
	/** Bytes of the payloads that wait, as they were given. */
	queuedBytes = 0;
	readonly #engine: Engine;
	readonly #options: DeflaterOptions;
	readonly #target: CompressorTarget;
	#deflater: Deflater | null = null;
	/** The message whose frames are being sent is compressed. */
	#isContinuing = false;
	/** What is being compressed; with what queues behind it. */
	#current: Send | null = null;
	#queue: Send[] = [];
	#dropped: Send[] = [];
	#isTurnDue = false;

	constructor(
		engine: Engine,
		options: DeflaterOptions,
		target: CompressorTarget,
	) {
		this.#engine = engine;
		this.#options = options;
		this.#target = target;
	}

	/** Whether something waits. */
	get isBusy(): boolean {
		return this.#current !== null || this.#queue.length > 0;
	}

	/** Whether a frame with this first byte goes this way: with RSV1, in such a message, or behind one. */
	takes(first: number): boolean {
		const opcode = first & 0x0f;
		if (opcode === Opcode.PING || opcode === Opcode.PONG) return false;
		return (
			(first & RSV1) !== 0 ||
			this.isBusy ||
			(this.#isContinuing && opcode === Opcode.CONTINUATION)
		);
	}

	/** Sends `data`, or has it wait. RSV1 in `first` asks for compression, in the first frame of a message. */
	send(
		first: number,
		data: Uint8Array | string,
		callback: SendCallback | undefined,
	): void {
		if (!this.isBusy) {
			if (this.#sendAsBefore(first, data, callback)) return;
			const payload = payloadOf(data);
			this.#start({ first, payload, callback }, data);
			if (this.#current !== null) this.queuedBytes += payload.length;
			return;
		}
		const payload = Buffer.from(data as Uint8Array);
		this.#queue.push({ first, payload, callback });
		this.queuedBytes += payload.length;
	}

	/** Has all that waits sent within this call, however long that takes. */
	finish(): void {
		if (!this.isBusy) return;
		while (this.isBusy) {
			if (this.#current !== null) this.#deflater?.finish();
			if (this.#current === null) this.#next();
		}
		this.#target.compressed();
	}

	/** Nothing was sent for long: the next message refers to none before it. */
	rest(): void {
		if (this.isBusy || this.#isContinuing) this.#use();
		else this.#deflater?.release();
	}

	#deflaterInUse(): Deflater {
		this.#deflater ??= this.#engine.createDeflater(this.#options);
		if (this.#options.contextTakeover) this.#use();
		return this.#deflater;
	}

	#use(): void {
		if (!this.isInUse) watchIdler(this);
		this.isInUse = true;
	}

	/** Drops all that waits, and frees the memory. */
	destroy(): void {
		forgetIdler(this);
		if (this.#current !== null) this.#dropped.push(this.#current);
		this.#dropped.push(...this.#queue);
		this.#queue = [];
		this.#current = null;
		this.queuedBytes = 0;
		this.#deflater?.destroy();
		this.#deflater = null;
	}

	/** The transport is gone, and what was sent before has been told: now for what was dropped. */
	tellDropped(): void {
		const callbacks = this.#dropped
			.map(({ callback }) => callback)
			.filter((callback) => callback !== undefined);
		this.#dropped = [];
		if (callbacks.length === 0) return;
		const error = createError("WS_ERR_CONNECTION_CLOSED");
		process.nextTick(settle, callbacks, error);
	}

	/** Sends what another connection has compressed a moment ago. */
	#sendAsBefore(
		first: number,
		data: Uint8Array | string,
		callback: SendCallback | undefined,
	): boolean {
		if (this.#options.contextTakeover || !isWholeCompressed(first))
			return false;
		const known = lastCompressed.find(data, this.#options, this.#engine);
		if (known === null) return false;
		this.#target.sendFrame(first, known, callback);
		return true;
	}

	/** Sends, or starts to compress. @param data what `payload` was made of */
	#start(send: Send, data: Uint8Array | string): void {
		const { first, payload, callback } = send;
		const isCompressed =
			(first & RSV1) !== 0 ||
			(this.#isContinuing && (first & 0x0f) === Opcode.CONTINUATION);
		if (!isCompressed) {
			this.#sendAsItIs(first, payload, callback);
			return;
		}
		const isFinal = (first & FIN) !== 0;
		this.#isContinuing = !isFinal;
		const deflater = this.#deflaterInUse();
		const bytes = deflater.deflate(payload, isFinal, (later) =>
			this.#done(later),
		);
		if (bytes === null) {
			this.#current = send;
			return;
		}
		if (!this.#options.contextTakeover && isWholeCompressed(first)) {
			// What does not get smaller is sent as it is: the peer keeps no context that it would be missing from.
			if (bytes.length >= payload.length) {
				this.#sendAsItIs(first & ~RSV1, payload, callback);
				return;
			}
			lastCompressed.keep(data, bytes, this.#options, this.#engine);
		}
		// The target may keep long ones by reference, and these bytes are the engine's.
		const kept = bytes.length < KEPT_BYTES ? bytes : Buffer.from(bytes);
		this.#target.sendFrame(first, kept, callback);
	}

	#sendAsItIs(
		first: number,
		payload: Uint8Array,
		callback: SendCallback | undefined,
	): void {
		const kept = payload.length < KEPT_BYTES ? payload : lastingBytes(payload);
		this.#target.sendFrame(first, kept, callback);
	}

	/** What was being compressed is. */
	#done(bytes: Uint8Array): void {
		const { first, payload, callback } = this.#current as Send;
		this.#current = null;
		this.queuedBytes -= payload.length;
		try {
			const isSmaller = bytes.length < payload.length;
			if (
				isSmaller ||
				this.#options.contextTakeover ||
				!isWholeCompressed(first)
			)
				this.#target.sendFrame(first, bytes, callback);
			else this.#target.sendFrame(first & ~RSV1, payload, callback);
		} finally {
			this.#goOn();
		}
	}

	#goOn(): void {
		let bytes = 0;
		while (this.#current === null && this.#queue.length > 0) {
			if (bytes >= QUEUE_BYTES_PER_TURN) {
				this.#takeTurn();
				return;
			}
			bytes += this.#next();
		}
		if (!this.isBusy) this.#target.compressed();
	}

	/** Takes the next of the queue. Returns its length. */
	#next(): number {
		const send = this.#queue.shift();
		if (send === undefined) return 0;
		const { length } = send.payload;
		this.#start(send, send.payload);
		if (this.#current === null) this.queuedBytes -= length;
		return length;
	}

	#takeTurn(): void {
		if (this.#isTurnDue) return;
		this.#isTurnDue = true;
		setImmediate(() => {
			this.#isTurnDue = false;
			if (this.#current === null && this.isBusy) this.#goOn();
		});
	}
}

/** The bytes of `data`: in memory of their own where they are still being read when the sender has its memory back. */
function payloadOf(data: Uint8Array | string): Uint8Array {
	if (typeof data === "string") return bytesOfText(data);
	return data.length > DEFLATE_NOW_BYTES ? Buffer.from(data) : data;
}

/** Whether `first` is that of a compressed message in one frame. */
function isWholeCompressed(first: number): boolean {
	return (first & (FIN | RSV1)) === (FIN | RSV1);
}

/**
 * What every link does. With the bytes that come: has its decoder read them, books what that holds, stops in the middle and
 * goes on, and tells of the end behind all that came before it. With messages that are to be compressed: has its compressor
 * send them, and FIN behind them. How bytes come and go, and how reading stops, is for those below.
 */
import { CHUNK_TAKEN } from "../engine/buffer.js";
import type {
	Decoder,
	DecoderOptions,
	DecoderSink,
	Engine,
	EngineName,
	Role,
} from "../engine/engine.js";
import type { DecoderLimits } from "../rfc6455/limits.js";
import {
	bookCompressionBytes,
	bytesOf,
	type LinkCompression,
} from "./compression-memory.js";
import { Compressor, type CompressorTarget } from "./compressor.js";
import type { LinkSink, SendCallback } from "./link.js";
import { bookPendingBytes } from "./pending-bytes.js";

/** An engine, and what its decoders are. */
interface DecoderSource<AnyDecoder extends Decoder> extends Engine {
	createDecoder(options: DecoderOptions, sink: DecoderSink): AnyDecoder;
}

export abstract class BaseLink<AnyDecoder extends Decoder = Decoder>
	implements CompressorTarget
{
	protected readonly role: Role;
	/** Null until the link is opened. */
	protected sink: LinkSink | null = null;
	/** Null until the first bytes. */
	protected decoder: AnyDecoder | null = null;
	/** The user, or a reader that is full, wants no more. */
	protected isPaused = false;
	/** The decoder holds bytes it has not delivered. */
	protected hasRest = false;
	/** A chunk is being delivered. */
	protected isDelivering = false;
	protected isClosed = false;
	/** There where messages may be compressed. */
	protected readonly compressor: Compressor | null = null;
	readonly #compression: LinkCompression | null;
	/** What was booked for it. */
	#compressionBytes = 0;
	/** FIN waits for what is being compressed. */
	#isEndingDue = false;
	readonly #source: DecoderSource<AnyDecoder>;
	readonly #limits: DecoderLimits;
	/** What the decoder holds of incomplete messages, as booked. */
	#pendingBytes = 0;
	/** A turn to deliver the rest is on its way. */
	#isTurnDue = false;
	/** The peer's end, and the transport's, came while bytes before them were held back: they wait for those. */
	#isEndDue = false;
	#isCloseDue = false;

	constructor(
		source: DecoderSource<AnyDecoder>,
		role: Role,
		limits: DecoderLimits,
		compression: LinkCompression | null,
	) {
		this.role = role;
		this.#source = source;
		this.#limits = limits;
		this.#compression = compression;
		if (compression === null) return;
		this.#compressionBytes = bytesOf(source, compression);
		bookCompressionBytes(this.#compressionBytes);
		if (compression.deflate !== null)
			this.compressor = new Compressor(source, compression.deflate, this);
	}

	get engine(): EngineName {
		return this.#source.name;
	}

	/** Bytes that wait to be compressed, or behind such. */
	protected get compressingBytes(): number {
		return this.compressor?.queuedBytes ?? 0;
	}

	/** Has the compressor send `data` where it is to be compressed, or waits behind what is. Returns whether it does. */
	protected compresses(
		first: number,
		data: Uint8Array | string,
		callback: SendCallback | undefined,
	): boolean {
		const { compressor } = this;
		if (compressor === null || !compressor.takes(first)) return false;
		compressor.send(first, data, callback);
		return true;
	}

	abstract sendFrame(
		first: number,
		payload: Uint8Array,
		callback: SendCallback | undefined,
	): boolean;
	/** Sends what was sent, then FIN. */
	protected abstract end(): void;

	/** Has the transport read while `isReading`, and not else. */
	protected abstract regulate(): void;
	/** What is sent from here to `endDelivery` leaves then. */
	protected abstract beginDelivery(): void;
	protected abstract endDelivery(): void;
	/** The transport is gone: what is left of the sending half goes, too. */
	protected abstract letGo(): void;

	protected get isReading(): boolean {
		return this.sink !== null && !this.isPaused && !this.hasRest;
	}

	/** Whether something came that was not delivered. */
	protected get holdsBack(): boolean {
		return this.hasRest;
	}

	pause(): void {
		this.isPaused = true;
		this.decoder?.suspend();
		this.regulate();
	}

	resume(): void {
		if (!this.isPaused) return;
		this.isPaused = false;
		this.decoder?.unsuspend();
		// While a chunk is being delivered its end sees to the rest.
		if (this.isDelivering) return;
		if (this.hasRest) this.#takeTurn(false);
		else this.regulate();
	}

	shutdown(): void {
		if (this.compressor?.isBusy) this.#isEndingDue = true;
		else this.end();
	}

	/** What was being compressed is sent. */
	compressed(): void {
		if (!this.#isEndingDue) return;
		this.#isEndingDue = false;
		this.end();
	}

	turn(): void {
		this.#isTurnDue = false;
		if (this.hasRest && !this.isPaused) this.deliver(null);
	}

	/** The peer has ended its side. */
	ended(): void {
		this.#isEndDue = true;
		this.endIfDue();
	}

	/** The transport reported an error. */
	failed(error: Error): void {
		this.sink?.failed(error);
	}

	/** The transport is gone. */
	closed(): void {
		if (this.isClosed) return;
		if (this.#isEndDue) {
			this.#isCloseDue = true;
			return;
		}
		this.isClosed = true;
		this.compressor?.destroy();
		bookCompressionBytes(-this.#compressionBytes);
		this.#compressionBytes = 0;
		this.letGo();
		this.compressor?.tellDropped();
		this.decoder?.destroy();
		bookPendingBytes(-this.#pendingBytes);
		this.#pendingBytes = 0;
		this.hasRest = false;
		this.sink?.closed();
	}

	/** The transport was lost between the opening handshake and now: `closed` is told once there is somebody to tell. */
	protected openClosed(): void {
		this.isClosed = false;
		process.nextTick(closedOf, this);
	}

	/** Nobody waits any more for what was held back. */
	protected forgetEnd(): void {
		this.#isEndDue = false;
		// The transport has told of its end already.
		if (this.#isCloseDue) process.nextTick(closedOf, this);
	}

	/** Feeds `chunk`, or with null goes on with the rest. A handler that throws loses nothing of what follows it. */
	protected deliver(chunk: Uint8Array | null): void {
		const { sink } = this;
		if (sink === null || this.isClosed) return;
		const decoder = this.decoder ?? this.#makeDecoder(sink);
		let isDone = false;
		this.beginDelivery();
		this.isDelivering = true;
		try {
			if (chunk !== null) sink.received(chunk.byteLength);
		} finally {
			try {
				isDone = chunk === null ? decoder.resume() : decoder.feed(chunk);
			} catch (error) {
				this.threw(decoder, error);
			} finally {
				try {
					this.delivered(decoder, isDone);
				} finally {
					this.endDelivery();
				}
			}
		}
	}

	/** Delivering threw `error`: a handler's goes on its way. */
	protected threw(decoder: AnyDecoder, error: unknown): void {
		if (error !== decoder.loss) throw error;
	}

	/** A chunk was delivered, whole or not: sees to what comes next. */
	protected delivered(decoder: AnyDecoder, isDone: boolean): void {
		this.isDelivering = false;
		if (decoder.loss !== null) {
			this.robbed();
			return;
		}
		this.hasRest = !isDone && !this.isClosed;
		this.#book(decoder);
		this.regulate();
		if (!this.hasRest) this.endIfDue();
		else if (!this.isPaused && !decoder.isWaiting) this.#takeTurn(true);
	}

	/** A handler has transferred the memory away that bytes of this link were in: they are lost, and so is what follows them. */
	robbed(): void {
		this.decoder?.destroy();
		this.hasRest = false;
		if (this.decoder !== null) this.#book(this.decoder);
		this.regulate();
		this.sink?.failure("WS_ERR_BUFFER", CHUNK_TAKEN);
		this.endIfDue();
	}

	/** Tells of an end that came early, once what came before it has been delivered. */
	protected endIfDue(): void {
		if (!this.#isEndDue || this.holdsBack) return;
		this.#isEndDue = false;
		try {
			this.tellEnd();
		} finally {
			if (this.#isCloseDue) this.closed();
		}
	}

	protected tellEnd(): void {
		this.sink?.ended();
	}

	/** Made for the first bytes: a connection that only listens to this side has none. */
	#makeDecoder(sink: LinkSink): AnyDecoder {
		const inflate = this.#compression && {
			...this.#compression.inflate,
			ready: () => this.turn(),
		};
		const decoder = this.#source.createDecoder(
			{
				role: this.role,
				limits: this.#limits,
				isOwned: true,
				inflate: inflate ?? undefined,
			},
			sink,
		);
		if (this.isPaused) decoder.suspend();
		this.decoder = decoder;
		this.madeDecoder(decoder);
		return decoder;
	}

	protected madeDecoder(_decoder: AnyDecoder): void {}

	/** Goes on with the rest: after the event loop has served others, or at the end of this tick. */
	#takeTurn(isYielding: boolean): void {
		if (this.#isTurnDue) return;
		this.#isTurnDue = true;
		if (isYielding) setImmediate(turnOf, this);
		else process.nextTick(turnOf, this);
	}

	#book(decoder: AnyDecoder): void {
		const change = decoder.pendingBytes - this.#pendingBytes;
		if (change === 0 || this.isClosed) return;
		this.#pendingBytes += change;
		if (bookPendingBytes(change)) return;
		decoder.destroy();
		bookPendingBytes(-this.#pendingBytes);
		this.#pendingBytes = 0;
		this.sink?.failure("WS_ERR_PENDING_BYTES");
	}
}

function turnOf(link: { turn(): void }): void {
	link.turn();
}

function closedOf(link: { closed(): void }): void {
	link.closed();
}

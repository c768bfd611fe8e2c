/**
 * The JavaScript half of the reactor: one for each thread. The addon reads and parses what the sockets that are ready have,
 * and calls once for the batch; what its handlers send is gathered, and leaves in one call at the end of the batch, or of
 * the tick where it was sent at another time.
 */
import type { AsyncResource } from "node:async_hooks";
import { Buffer } from "node:buffer";
import { Arena } from "../../engine/arena.js";
import { keepHere, type RawBuffer } from "../../engine/buffer.js";
import { paceCollector } from "../../engine/collector.js";
import type { Binding } from "../../engine/native/binding.js";
import { NativeEngine } from "../../engine/native/engine.js";
import type { DecoderHost } from "../../engine/native/host.js";
import type { NativeLink } from "./native-link.js";
import { NativeOutbox } from "./outbox.js";

/** What the reactor waits for, as bits. */
export const READ = 1;
export const WRITE = 2;
export const REFERENCED = 4;

/** Who has a slot: what the reactor tells about the socket there. */
export interface SlotOwner {
	/** Where it is told. */
	readonly resource: AsyncResource;
	/**
	 * Bytes that the addon has parsed: `[start, end, consumed, pending bytes, records, more]` and the records, from `at`.
	 *
	 * @param slab null where they were received into the room that the decoder has named
	 */
	receiveParsed(slab: RawBuffer | null, words: Uint32Array, at: number): void;
	/** Bytes for which the addon had no decoder. They are the owner's. */
	receive(chunk: Buffer): void;
	/** A receiver of another message has transferred the memory away that bytes of this socket were in. */
	robbed(): void;
	/** The kernel has room again. */
	writable(): void;
	/** The peer has ended its side. */
	ended(): void;
	/** The connection is lost: `syscall` has failed with the error of that number. */
	lost(errno: number, syscall: string): void;
	/** A listener has taken in the connection of that slot, whose descriptor is one of the last, or not. */
	accepted?(slot: number, isLate: boolean): void;
	/** A listener cannot take in those that wait. */
	refused?(): void;
}

/** Room for the entries of a batch, in words: a batch ends when it is full. */
const BATCH_WORDS = 32 * 1024;

/** Before the first entry: `[end of the entries, slabs kept, slabs to replace if kept, slabs to replace]`. */
const HEAD_WORDS = 8;

/** `[slot, kind and slab, start, end, consumed, pending bytes, records, more]`, then the records of four words each. */
const ENTRY_WORDS = 8;

/** Kinds of entries, in the order of crate/src/napi/reactor/batch.rs. */
const Kind = {
	PARSED: 0,
	RAW: 1,
	END: 2,
	FAILED: 3,
	WRITABLE: 4,
	PLACED: 5,
	ACCEPTED: 6,
	REFUSED: 7,
} as const;

/**
 * Receive memory for connections that send little, and for those that send much, in bytes; with room for the headers of
 * messages whose length is a power of two, or the last of them would always be cut.
 */
const SLAB_BYTES = [64 * 1024, (512 + 4) * 1024];

/** How many ranges go out in one call; a range is `[slot, start, end, result]`. */
const MAX_RANGES = 256;
const RANGE_WORDS = 4;

/** How many outboxes are kept for the next that need one. */
const MAX_OUTBOXES = 256;

/** Set in the result of a range beside the number of an error. */
const FAILED = 2 ** 31;

/** Short texts that are framed in one call: how many, and how long they may be, in UTF-16 units. */
const MAX_TEXTS = 2048;
export const MAX_SHORT_UNITS = 125;

/** Of a short text at most, in bytes: its longest form with a header. */
export const SHORT_HEADER_BYTES = 4;

/** Output memory, and how much of it is filled before it is sent in any case, in bytes. */
const OUTPUT_BYTES = 256 * 1024;
const GATHER_BYTES = 128 * 1024;

/** A slab that one long frame has made larger than this is let go, in bytes. */
const MAX_KEPT_BYTES = 1024 * 1024;

/** By addon: engines that share one share its reactor. */
const reactors = new WeakMap<Binding, Reactor | { reason: string }>();

/** The reactor of this thread, or the reason in one sentence why there is none. */
export function reactorOf(engine: object): Reactor | { reason: string } {
	if (!(engine instanceof NativeEngine))
		return { reason: "The native transport needs the native engine" };
	let reactor = reactors.get(engine.binding);
	if (reactor === undefined) {
		reactor = open(engine);
		reactors.set(engine.binding, reactor);
	}
	return reactor;
}

function open(engine: NativeEngine): Reactor | { reason: string } {
	const { binding, host } = engine;
	if (binding.reactorOpen === undefined)
		return {
			reason: `There is no native transport for ${process.platform}`,
		};
	if (process.versions.bun !== undefined || process.versions.deno !== undefined)
		return { reason: "The native transport needs the event loop of Node.js" };
	const reactor = new Reactor(binding, host);
	const status = reactor.open();
	if (status === 0) return reactor;
	return {
		reason:
			status === 1
				? "This program does not export libuv, which the native transport needs"
				: `The native transport could not be set up (error ${status})`,
	};
}

/** What net.Server sets its connections to, by the names that it has for it. */
export interface ListenOptions {
	noDelay?: boolean;
	keepAlive?: boolean;
	/** In seconds. */
	keepAliveInitialDelay?: number;
}

export class Reactor {
	readonly binding: Binding;
	/** Output that leaves at the end of the batch or tick: the memory is then written again. */
	readonly arena = new Arena(OUTPUT_BYTES);
	readonly #host: DecoderHost;
	readonly #words = new Uint32Array(BATCH_WORDS);
	readonly #ranges = new Uint32Array(MAX_RANGES * RANGE_WORDS);
	/** Short texts that are sent and not framed yet: how many, joined; and the links of runs of them, with the ends of those. */
	readonly #texts = new Uint32Array(MAX_TEXTS);
	#textCount = 0;
	#joined = "";
	readonly #textLinks: NativeLink[] = [];
	readonly #textEnds: number[] = [];
	#textLink: NativeLink | null = null;
	readonly #slabs: RawBuffer[] = [];
	readonly #owners: (SlotOwner | undefined)[] = [];
	/** The next entry of the batch being delivered; 0 between batches. */
	#at = 0;
	/** How many deliveries are under way, whose ends see to the output. */
	#deliveries = 0;
	/** Links with output, and the array that takes turns with it. */
	#dirty: NativeLink[] = [];
	#spare: NativeLink[] = [];
	readonly #sending: NativeLink[] = [];
	readonly #outboxes: NativeOutbox[] = [];
	#isFlushDue = false;

	constructor(binding: Binding, host: DecoderHost) {
		this.binding = binding;
		this.#host = host;
	}

	open(): number {
		// Also what a handler has sent that ends the process.
		process.on("exit", () => this.flush());
		const deliver = () => this.#deliver();
		return this.binding.reactorOpen(
			this.#words,
			this.#ranges,
			this.#texts,
			deliver,
		);
	}

	/** Has `owner` told what becomes of the socket with descriptor `fd`. Returns its slot, or a negative error number. */
	attach(fd: number, owner: SlotOwner): number {
		const slot = this.binding.reactorAttach(fd);
		if (slot >= 0) this.#owners[slot] = owner;
		return slot;
	}

	/** Has `owner` told of the connections that come to the listening socket `fd`, which are set to `options`. Returns its slot, or a negative error number. */
	listen(fd: number, options: ListenOptions, owner: SlotOwner): number {
		const slot =
			this.binding.reactorListen?.(
				fd,
				options.noDelay === true ? 1 : 0,
				options.keepAlive === true ? 1 : 0,
				options.keepAliveInitialDelay ?? 0,
			) ?? -1;
		if (slot >= 0) this.#owners[slot] = owner;
		return slot;
	}

	/**
	 * Leaves the connections that come to `fd` to libuv again. Its owner is still told of those that have been accepted. Returns 0
	 * or a negative error number.
	 */
	unlisten(slot: number, fd: number): number {
		return this.binding.reactorUnlisten(slot, fd);
	}

	/** Frees a slot. Returns its descriptor, which is the caller's, or a negative error number. */
	take(slot: number): number {
		this.#owners[slot] = undefined;
		return this.binding.reactorTake(slot);
	}

	/** The slot is `owner`'s from now on. */
	handOver(slot: number, owner: SlotOwner): void {
		this.#owners[slot] = owner;
	}

	detach(slot: number): void {
		this.#owners[slot] = undefined;
		this.binding.reactorDetach(slot);
	}

	/** Begins a delivery outside of a batch; what is sent until `endDelivery` is gathered. */
	beginDelivery(): void {
		this.#deliveries++;
	}

	endDelivery(): void {
		if (--this.#deliveries === 0) this.flush();
	}

	/** `link` has output that it had not before. */
	addDirty(link: NativeLink): void {
		this.#dirty.push(link);
		if (this.#deliveries > 0 || this.#isFlushDue) return;
		this.#isFlushDue = true;
		process.nextTick(flushDue, this);
	}

	/**
	 * Takes a short text, to be framed with those around it in one call, which costs less than half. Whatever else goes to the
	 * outbox of a link has `frameTexts` run first.
	 */
	addText(link: NativeLink, first: number, text: string): void {
		if (link !== this.#textLink) this.#beginRun(link);
		this.#texts[this.#textCount++] = first | (text.length << 8);
		this.#joined += text;
		if (this.#textCount === MAX_TEXTS) this.frameTexts();
	}

	/** Frames the short texts that wait for it. */
	frameTexts(): void {
		if (this.#textCount > 0) this.#frameTexts();
	}

	/** The texts that follow are those of `link`. */
	#beginRun(link: NativeLink): void {
		if (this.#textLink !== null) this.#textEnds.push(this.#textCount);
		this.#textLink = link;
		this.#textLinks.push(link);
	}

	#frameTexts(): void {
		const links = this.#textLinks;
		const ends = this.#textEnds;
		const count = this.#textCount;
		const joined = this.#joined;
		ends.push(count);
		this.#textCount = 0;
		this.#textLink = null;
		this.#joined = "";
		const { arena } = this;
		const texts = this.#texts;
		arena.reserve(joined.length * 3 + count * SHORT_HEADER_BYTES);
		const { slab, used } = arena;
		const error = this.binding.reactorTexts(joined, count, slab, used);
		// It has room, and the lengths are those of the texts.
		if (error !== 0) throw new Error(`Texts were not framed (error ${error})`);
		let from = 0;
		for (let run = 0; run < links.length; run++) {
			const end = ends[run];
			let bytes = 0;
			while (from < end) bytes += texts[from++];
			arena.used += bytes;
			links[run].framed(bytes);
		}
		links.length = 0;
		ends.length = 0;
	}

	/** Sends now where much has been gathered: more would only delay the peers. */
	flushIfFull(): void {
		if (this.arena.used >= GATHER_BYTES) this.flush();
	}

	flushDue(): void {
		this.#isFlushDue = false;
		this.flush();
	}

	/** An empty outbox, lent to a link while it has output. */
	takeOutbox(): NativeOutbox {
		return this.#outboxes.pop()?.reset() ?? new NativeOutbox();
	}

	returnOutbox(outbox: NativeOutbox): void {
		if (this.#outboxes.length < MAX_OUTBOXES) this.#outboxes.push(outbox);
	}

	/** Hands all that was gathered to the kernel. */
	flush(): void {
		this.frameTexts();
		const links = this.#dirty;
		if (links.length === 0) return;
		this.#dirty = this.#spare;
		this.#spare = links;
		const { arena } = this;
		const { slab } = arena;
		const ranges = this.#ranges;
		const sending = this.#sending;
		for (const link of links) {
			link.isDirty = false;
			const { outbox } = link;
			if (!outbox.isOneRange || outbox.slab !== slab) {
				link.flush();
				continue;
			}
			const at = sending.length * RANGE_WORDS;
			ranges[at] = link.slot;
			ranges[at + 1] = outbox.start;
			ranges[at + 2] = outbox.end;
			if (sending.push(link) === MAX_RANGES) this.#sendRanges(slab);
		}
		if (sending.length > 0) this.#sendRanges(slab);
		links.length = 0;
		// All of it has left, or is held in memory of its own.
		arena.used = 0;
		if (slab.length > MAX_KEPT_BYTES) arena.slab = Buffer.alloc(0);
	}

	#sendRanges(slab: Buffer): void {
		const sending = this.#sending;
		const ranges = this.#ranges;
		const incomplete = this.binding.reactorFlush(sending.length, slab);
		for (let i = 0; i < sending.length; i++) {
			const link = sending[i];
			const result = ranges[i * RANGE_WORDS + 3];
			if (incomplete !== 0 && result >= FAILED)
				link.resource.runInAsyncScope(
					link.lost,
					link,
					result - FAILED,
					"write",
				);
			else link.sentRange(result, slab);
		}
		sending.length = 0;
	}

	/** Delivers the batch that the addon has collected; called again where a handler has thrown. */
	#deliver(): void {
		const words = this.#words;
		const host = this.#host;
		if (this.#at === 0) {
			this.#at = HEAD_WORDS;
			this.#deliveries++;
			host.kept = 0;
		}
		const end = words[0];
		while (this.#at < end) {
			const at = this.#at;
			this.#at = at + ENTRY_WORDS + words[at + 6] * 4;
			const owner = this.#owners[words[at]];
			// One that an earlier handler of this batch has destroyed.
			if (owner === undefined) {
				// With a listener that is closed go those that came to it.
				if ((words[at + 1] & 0xff) === Kind.ACCEPTED)
					this.detach(words[at + 2]);
				continue;
			}
			owner.resource.runInAsyncScope(this.#deliverEntry, this, owner, at);
		}
		// Delivered, also where what follows throws and this is called again.
		words[0] = 0;
		this.#at = 0;
		host.slabBit = 0;
		words[1] = host.kept;
		const replaced = (words[2] & host.kept) | words[3];
		words[2] = 0;
		words[3] = 0;
		this.#replaceSlabs(replaced);
		this.endDelivery();
	}

	#deliverEntry(owner: SlotOwner, at: number): void {
		const words = this.#words;
		const host = this.#host;
		const kind = words[at + 1] & 0xff;
		const index = words[at + 1] >>> 8;
		if (kind === Kind.PARSED || kind === Kind.RAW) {
			const slab = this.#slabs[index];
			const end = words[at + 3];
			if (slab.length < end) owner.robbed();
			else if (kind === Kind.PARSED) {
				host.slabBit = 1 << index;
				owner.receiveParsed(slab, words, at + 2);
			} else {
				// Once in the life of a connection.
				owner.receive(Buffer.from(slab.subarray(words[at + 2], end)));
			}
		} else if (kind === Kind.PLACED) owner.receiveParsed(null, words, at + 2);
		else if (kind === Kind.WRITABLE) owner.writable();
		else if (kind === Kind.END) owner.ended();
		else if (kind === Kind.ACCEPTED)
			owner.accepted?.(words[at + 2], words[at + 3] !== 0);
		else if (kind === Kind.REFUSED) owner.refused?.();
		else owner.lost(words[at + 2], "read");
	}

	/** Gives the addon fresh memory to receive into; what is left of the old lives on in the views of it. */
	#replaceSlabs(bits: number): void {
		for (let index = 0; index < SLAB_BYTES.length; index++) {
			if ((bits & (1 << index)) === 0) continue;
			// Uninitialised: nobody is shown more of it than was received.
			const slab = Buffer.allocUnsafeSlow(SLAB_BYTES[index]) as RawBuffer;
			keepHere(slab.buffer);
			paceCollector(slab.length);
			this.#slabs[index] = slab;
			this.binding.reactorSlab(index, slab);
		}
	}
}

function flushDue(reactor: Reactor): void {
	reactor.flushDue();
}

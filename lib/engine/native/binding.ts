/**
 * The functions of the addon, as crate/src/napi exports them. They check types and ranges, report what is wrong by their
 * result, and never call back.
 */
export interface Binding {
	/** The crate's version: that of the package it was built for. */
	readonly version: string;
	/** Whether it was built with a library that makes `measureText` and `writeText` faster than Node's own functions. */
	readonly hasFastText: boolean;
	/**
	 * Makes a decoder and returns its slot.
	 *
	 * @param windowBits of the peer's compression, 8 to 15; 0 where there is none.
	 */
	createDecoder(
		isServer: boolean,
		maxMessageBytes: number,
		maxStreamBytes: number,
		maxFragments: number,
		windowBits: number,
		contextTakeover: boolean,
	): number;
	/** Frees a slot, which may serve another decoder at once. */
	destroyDecoder(slot: number): void;
	/** How many decoders are alive. */
	decoderCount(): number;
	/**
	 * Registers memory for records, for good. It may never be transferred.
	 *
	 * @returns its number for `feed`, or a negative number where it cannot be used.
	 */
	registerRecords(words: Uint32Array): number;
	/**
	 * Parses `chunk` from `offset` on and writes records.
	 *
	 * @param answer how the binary message of the last record is wanted: 0 not asked, 1 "collect", 2 "stream".
	 * @returns the number of records, and `MORE` where another call has something to do; negative for a bad argument.
	 */
	feed(
		slot: number,
		records: number,
		chunk: Uint8Array,
		offset: number,
		answer: number,
	): number;
	/** How many bytes are to come of the frame whose payload is being read, where that is not compressed; else 0. */
	payloadLeft(slot: number): number;
	/** The string that a record has announced. Whatever records announce is taken in their order. */
	takeText(slot: number): string;
	/** The bytes that a record has announced. */
	takeBytes(slot: number): Buffer;
	/** Bytes that a decoder keeps between messages to inflate with context takeover. */
	inflaterBytes(windowBits: number): number;
	/** Bytes that a deflater keeps between messages with context takeover. */
	deflaterBytes(level: number, memoryLevel: number, windowBits: number): number;
	/** Makes a deflater, which takes memory with its first message, and returns its slot. */
	createDeflater(
		level: number,
		memoryLevel: number,
		windowBits: number,
		contextTakeover: boolean,
	): number;
	/**
	 * Compresses start..end of `payload` into `output`, which has room for as many bytes and `DEFLATE_ROOM_BYTES`.
	 *
	 * @returns the bytes written; negative for a bad argument.
	 */
	deflate(
		slot: number,
		payload: Uint8Array,
		start: number,
		end: number,
		output: Uint8Array,
		then: number,
	): number;
	/** Gives back what the deflater keeps. */
	releaseDeflater(slot: number): void;
	/** Frees a slot, which may serve another deflater at once. */
	destroyDeflater(slot: number): void;
	/** How many deflaters are alive. */
	deflaterCount(): number;
	/** The string of UTF-8 at start..end of `chunk`; undefined where it has no such range. */
	textSlice(chunk: Uint8Array, start: number, end: number): string | undefined;
	/** How many bytes of UTF-8 `text` is; the addon keeps it until the next call that has to do with text. */
	measureText(text: string): number;
	/** Writes the text that was measured. Returns the bytes written, or -1 where they do not fit. */
	writeText(output: Uint8Array, offset: number): number;
	/** Returns false where the arguments do not fit together. */
	mask(
		source: Uint8Array,
		mask: Uint8Array,
		output: Uint8Array,
		offset: number,
		length: number,
	): boolean;
	/** Returns false where the arguments are not such. */
	unmask(buffer: Uint8Array, mask: Uint8Array): boolean;
	isValidUTF8(buffer: Uint8Array): boolean;

	// The native transport. On systems that have none these are missing.

	/**
	 * Sets up the native transport of this thread, once. The arrays are the addon's from here on; lib/transport/native/reactor.ts
	 * says what is in them.
	 *
	 * @param onBatch called with a batch in `words`; called again where it has thrown
	 * @returns 0, 1 where the program does not export libuv, or a negative error number
	 */
	reactorOpen(
		words: Uint32Array,
		ranges: Uint32Array,
		texts: Uint32Array,
		onBatch: () => void,
	): number;
	/** Takes a duplicate of a stream socket's descriptor. Returns its slot, or a negative error number. */
	reactorAttach(fd: number): number;
	/** Closes the descriptor of the slot. */
	reactorDetach(slot: number): void;
	/**
	 * Takes in the connections of the listening socket `fd` from now on, in place of libuv. Returns its slot, or a negative error
	 * number where libuv goes on. There on Linux only, as the three below.
	 *
	 * @param noDelay 1 where they have TCP_NODELAY, else 0
	 * @param keepAlive 1 where the peer is asked after `keepAliveSeconds` of silence whether it is still there, else 0
	 */
	reactorListen?(
		fd: number,
		noDelay: number,
		keepAlive: number,
		keepAliveSeconds: number,
	): number;
	/** Frees the slot of a listener, and leaves `fd` to libuv again. Returns 0 or a negative error number. */
	reactorUnlisten(slot: number, fd: number): number;
	/** Frees the slot. Returns its descriptor, which is the caller's, or a negative error number. */
	reactorTake(slot: number): number;
	/** Returns a duplicate of the slot's descriptor, which is the caller's, or a negative error number. */
	reactorDuplicate(slot: number): number;
	/** Returns the peer's IPv4 address, or IPv6 network of 64 bits, as `networkOf` has it; "" where it has none. */
	reactorNetwork(slot: number): string;
	/** Sends FIN. Returns 0 or a negative error number. */
	reactorShutdown(slot: number): number;
	/** How many sockets there are. */
	reactorCount(): number;
	/** Has what comes parsed by a decoder, until that is freed. */
	reactorDecoder(slot: number, decoder: number): void;
	/** What to wait for: 1 bytes, 2 room, 4 and keep the loop alive meanwhile. Returns 0 or a negative error number. */
	reactorInterest(slot: number, bits: number): number;
	/**
	 * Memory for all that is to come of the payload that a decoder reads. It is nobody else's until it is filled, or the decoder
	 * is freed. Returns whether it is used: it has to be as long as that.
	 */
	reactorPlace(decoder: number, room: Uint8Array): boolean;
	/** Memory to receive into. */
	reactorSlab(index: number, slab: Uint8Array): void;
	/**
	 * Frames the first `count` of `texts`, each `first byte | units << 8`, which lie joined in `text`, one behind the other to
	 * `slab` from `at` on. The length of each frame takes the place of its entry. Returns 0 or a negative error number.
	 */
	reactorTexts(
		text: string,
		count: number,
		slab: Uint8Array,
		at: number,
	): number;
	/**
	 * Whether `chunk` begins with a perfect opening handshake (crate/src/request.rs), of which `words` then say where its parts
	 * are: `[end of the head, start and end of the target, of the key, of the list of subprotocols, of that of extensions]`, the
	 * last two empty where there is none. Behind them are the 28 bytes of the value of Sec-WebSocket-Accept. They are 16.
	 */
	parseRequest(chunk: Uint8Array, words: Uint32Array): boolean;
	/** Sends `first` from `offset` on, then `second`. Returns how many bytes were taken, or a negative error number. */
	reactorSend(
		slot: number,
		first: Uint8Array,
		offset: number,
		second: Uint8Array,
	): number;
	/** The same, where `reactorShutdown` follows at once: the bytes wait for it, and leave with FIN. */
	reactorSendLast(
		slot: number,
		first: Uint8Array,
		offset: number,
		second: Uint8Array,
	): number;
	/** Sends the first `count` ranges, of `slab`. Returns how many were not taken whole, each with its result. */
	reactorFlush(count: number, slab: Uint8Array): number;
}

/** Set in the result of `feed` where another call has something to do; the number of records is below it. */
export const MORE = 1 << 16;

/** What follows the bytes that `deflate` gets. */
export const Then = {
	/** More of them: what was written may lack its last bits. */
	MORE: 0,
	/** A pause: the peer can inflate all of it. */
	FLUSH: 1,
	/** The end of the message. */
	END: 2,
} as const;

/** Room that `deflate` wants for output beyond the length of its input, up to 64 KiB of that. */
export const DEFLATE_ROOM_BYTES = 64;

/**
 * A record is `[kind, a, b, c]`; as many words stand before the first: `[consumed, pending bytes, bytes that were inflated,
 * bytes that came out of that]`.
 */
export const WORDS_PER_RECORD = 4;

/** Kinds of records, in the order of crate/src/napi/records.rs. Ranges are offsets in the chunk. */
export const Kind = {
	/** a..b, all of it ASCII. */
	TEXT_ASCII: 0,
	/** a..b, valid UTF-8. */
	TEXT_UTF8: 1,
	/** Fetched by `takeText` or `takeBytes`; a is 1 where all of it is ASCII. */
	TEXT_HELD: 2,
	/** b bytes at a. */
	BINARY: 3,
	/** To be answered by the next `feed`. */
	BINARY_BEGIN: 4,
	/** b bytes at a. */
	BINARY_DATA: 5,
	BINARY_END: 6,
	/** b bytes at a. */
	PING: 7,
	/** Fetched by `takeBytes`. */
	PING_HELD: 8,
	/** b bytes at a. */
	PONG: 9,
	/** Fetched by `takeBytes`. */
	PONG_HELD: 10,
	/** The reason is a..b, the code c. */
	CLOSE: 11,
	/** The reason is fetched by `takeText`, the code is c. */
	CLOSE_HELD: 12,
	/** Index a of `decoderFailureCodes`. */
	FAILURE: 13,
	/** The whole message that BINARY_BEGIN has announced, fetched by `takeBytes`. */
	BINARY_HELD: 14,
	/** Fetched by `takeBytes`. */
	BINARY_DATA_HELD: 15,
} as const;

/**
 * The frame engine by itself, for those who bring their own transport: the module `nodejs-websocket/engine`.
 *
 * Everything here runs on the native engine where it can be had, on the TypeScript one elsewhere; both do the same.
 */
import { checkBytes, plainBytes } from "./engine/buffer.js";
import type {
	DecoderSink,
	Engine,
	Decoder as EngineDecoder,
	Encoder as EngineEncoder,
	EngineName,
	OutputArena,
	Role,
} from "./engine/engine.js";
import {
	type EngineChoice,
	engineInfo,
	selectEngine,
} from "./engine/select.js";
import { createError } from "./errors.js";
import {
	DEFAULT_MAX_FRAGMENTS,
	DEFAULT_MAX_MESSAGE_BYTES,
	DEFAULT_MAX_STREAM_BYTES,
} from "./rfc6455/limits.js";

export { Arena } from "./engine/arena.js";
export type {
	DecoderSink,
	EngineName,
	OutputArena,
	Role,
} from "./engine/engine.js";
export type { EngineChoice } from "./engine/select.js";
export type { DecoderFailure, ErrorCode } from "./errors.js";

/** The default engine in use, and after a fallback why it is not the native one. */
export const engine = {
	get name(): EngineName {
		return engineInfo().name;
	},
	get reason(): string | undefined {
		return engineInfo().reason;
	},
};

let chosen: Engine | undefined;

/** The default engine, chosen at the first call. */
function defaultEngine(): Engine {
	chosen ??= selectEngine();
	return chosen;
}

/**
 * Masks the first `length` bytes of `source` with the four bytes of `mask` into `output` from `offset` on (RFC 6455
 * section 5.3). `output` may be `source` itself. Call-compatible with the npm package bufferutil.
 *
 * @throws TypeError (`WS_ERR_BUFFER`) where an argument is not a Uint8Array, its memory is shared or detached, or the
 * lengths do not fit together
 */
export function mask(
	source: Uint8Array,
	mask: Uint8Array,
	output: Uint8Array,
	offset: number,
	length: number,
): void {
	defaultEngine().mask(source, mask, output, offset, length);
}

/**
 * Unmasks all of `buffer` in place with the four bytes of `mask`. Call-compatible with the npm package bufferutil.
 *
 * @throws TypeError (`WS_ERR_BUFFER`) as `mask` does
 */
export function unmask(buffer: Uint8Array, mask: Uint8Array): void {
	defaultEngine().unmask(buffer, mask);
}

/**
 * Whether `buffer` is UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing beyond U+10FFFF, no
 * character cut off. Call-compatible with the npm package utf-8-validate.
 *
 * @throws TypeError (`WS_ERR_BUFFER`) where it is not a Uint8Array, or its memory is shared or detached
 */
export function isValidUTF8(buffer: Uint8Array): boolean {
	return defaultEngine().isValidUTF8(buffer);
}

export interface EncoderOptions {
	/** Which end of the connection this is. A client masks what it sends. Default: "server". */
	role?: Role;
	/** Default: that of the environment variable NODEJS_WEBSOCKET_ENGINE, else "auto". */
	engine?: EngineChoice;
}

export interface DecoderOptions extends EncoderOptions {
	/** Longest text message, and longest binary message that is collected, in bytes. Default: 2 MiB. */
	maxMessageBytes?: number;
	/** Longest binary message that is streamed, in bytes. Default: Infinity. */
	maxStreamBytes?: number;
	/** Most fragments shorter than 64 bytes that a message may have. Default: 16,384. */
	maxFragments?: number;
}

const sinkMethods = [
	"text",
	"binary",
	"binaryBegin",
	"binaryData",
	"binaryEnd",
	"ping",
	"pong",
	"close",
	"failure",
] as const satisfies (keyof DecoderSink)[];

/**
 * A streaming parser for one connection: bytes in whatever cuts → calls of the sink, in the order of the bytes.
 *
 * It checks every rule of RFC 6455 for frames, unmasks, validates UTF-8, assembles messages and holds the limits. What
 * breaks a rule comes as one `failure`, after which everything is discarded; nothing a peer sends makes it throw. What
 * the sink throws comes out of `feed` and `resume`; the event counts as delivered.
 */
export class Decoder {
	readonly #decoder: EngineDecoder;
	/** The engine that does the work. */
	readonly engine: EngineName;

	/**
	 * @throws TypeError (`WS_ERR_OPTION`) for an option or a sink of the wrong type, RangeError (`WS_ERR_OPTION_RANGE`)
	 * for a limit below zero, Error (`WS_ERR_ENGINE_UNAVAILABLE`) where "native" was asked for and cannot be loaded
	 */
	constructor(options: DecoderOptions, sink: DecoderSink) {
		const { role, engine } = readOptions(options);
		for (const name of sinkMethods) {
			if (typeof sink?.[name] !== "function") {
				throw createError("WS_ERR_OPTION", {
					detail: `the sink should have a method ${name}`,
				});
			}
		}
		const limits = {
			maxMessageBytes: readLimit(
				"maxMessageBytes",
				options.maxMessageBytes,
				DEFAULT_MAX_MESSAGE_BYTES,
			),
			maxStreamBytes: readLimit(
				"maxStreamBytes",
				options.maxStreamBytes,
				DEFAULT_MAX_STREAM_BYTES,
			),
			maxFragments: readLimit(
				"maxFragments",
				options.maxFragments,
				DEFAULT_MAX_FRAGMENTS,
			),
		};
		this.#decoder = engine.createDecoder({ role, limits }, sink);
		this.engine = engine.name;
	}

	/** Bytes held for messages that are not complete yet: text, and binary being collected. */
	get pendingBytes(): number {
		return this.#decoder.pendingBytes;
	}

	/**
	 * Parses `chunk`, which belongs to the decoder from here on: payloads are unmasked in place, and buffers that are
	 * delivered may be views of it.
	 *
	 * @returns true when all that was fed has been delivered; false when a rest waits for `resume`, because the sink
	 * suspended the decoder or 2048 events were delivered in this call
	 * @throws TypeError (`WS_ERR_BUFFER`) where it is not a Uint8Array, or its memory is shared or detached
	 */
	feed(chunk: Uint8Array): boolean {
		return this.#decoder.feed(chunk);
	}

	/** Goes on after a stop, with the return value of `feed`. While suspended it does nothing. */
	resume(): boolean {
		return this.#decoder.resume();
	}

	/** Stops delivery after the event being delivered. What is fed meanwhile queues up. */
	suspend(): void {
		this.#decoder.suspend();
	}

	/** Lets the `feed` go on that is being stopped, or the next `resume`. */
	unsuspend(): void {
		this.#decoder.unsuspend();
	}

	/** Frees what the decoder holds. Nothing is delivered any more, and feeding does nothing. */
	destroy(): void {
		this.#decoder.destroy();
	}
}

/**
 * Writes frames into an arena, each length in its minimal encoding. One encoder serves all connections of its role.
 *
 * `first` is the first byte of a frame: FIN (0x80), RSV1 to RSV3 (0x40, 0x20, 0x10) and the opcode. It is written as it
 * is given. All methods return how many bytes they appended; the frame is the last that many before `arena.used`.
 */
export class Encoder {
	readonly #encoder: EngineEncoder;
	readonly role: Role;
	/** The engine that does the work. */
	readonly engine: EngineName;

	/**
	 * @throws TypeError (`WS_ERR_OPTION`) for an option of the wrong type, Error (`WS_ERR_ENGINE_UNAVAILABLE`) where
	 * "native" was asked for and cannot be loaded
	 */
	constructor(options: EncoderOptions = {}) {
		const { role, engine } = readOptions(options);
		this.#encoder = engine.createEncoder(role);
		this.role = role;
		this.engine = engine.name;
	}

	/**
	 * Appends a frame with `text` in UTF-8; lone surrogates become U+FFFD.
	 *
	 * @throws TypeError (`WS_ERR_TEXT_TYPE`) where it is not a string
	 */
	text(arena: OutputArena, first: number, text: string): number {
		checkTarget(arena, first);
		if (typeof text !== "string") {
			throw createError("WS_ERR_TEXT_TYPE", { detail: `got ${typeof text}` });
		}
		return this.#encoder.text(arena, first, text);
	}

	/**
	 * Appends a frame with a copy of `payload`, masked if this is a client's.
	 *
	 * @throws TypeError (`WS_ERR_BUFFER`) where it is not a Uint8Array, or its memory is shared or detached
	 */
	binary(arena: OutputArena, first: number, payload: Uint8Array): number {
		checkTarget(arena, first);
		checkBytes(payload, "payload");
		return this.#encoder.binary(arena, first, plainBytes(payload));
	}

	/**
	 * Appends only the header of a server's frame, whose payload of `payloadLength` bytes follows by other means.
	 *
	 * @throws TypeError (`WS_ERR_OPTION`) for a client, which has to mask what it sends; RangeError
	 * (`WS_ERR_OPTION_RANGE`) where the length is not an integer from 0 to 2^53 - 1
	 */
	header(arena: OutputArena, first: number, payloadLength: number): number {
		checkTarget(arena, first);
		if (!Number.isSafeInteger(payloadLength) || payloadLength < 0) {
			throw createError("WS_ERR_OPTION_RANGE", {
				detail: `payloadLength should be a number of bytes, it is ${String(payloadLength)}`,
			});
		}
		return this.#encoder.header(arena, first, payloadLength);
	}
}

function readOptions(options: EncoderOptions): { role: Role; engine: Engine } {
	if (typeof options !== "object" || options === null) {
		throw createError("WS_ERR_OPTION", {
			detail: "the options should be an object",
		});
	}
	const { role = "server", engine } = options;
	if (role !== "server" && role !== "client") {
		throw createError("WS_ERR_OPTION", {
			detail: `role should be "server" or "client", it is ${String(role)}`,
		});
	}
	return { role, engine: selectEngine(engine) };
}

function readLimit(
	name: string,
	value: number | undefined,
	fallback: number,
): number {
	if (value === undefined) return fallback;
	if (typeof value !== "number") {
		throw createError("WS_ERR_OPTION", {
			detail: `${name} should be a number, it is of type ${typeof value}`,
		});
	}
	if (!(value >= 0)) {
		throw createError("WS_ERR_OPTION_RANGE", {
			detail: `${name} should not be below zero, it is ${value}`,
		});
	}
	return value;
}

function checkTarget(arena: OutputArena, first: number): void {
	if (!Buffer.isBuffer(arena?.slab) || typeof arena.reserve !== "function") {
		throw createError("WS_ERR_OPTION", {
			detail: "arena should be an Arena, or have its slab, used and reserve",
		});
	}
	if (!Number.isInteger(first) || first < 0 || first > 255) {
		throw createError("WS_ERR_OPTION_RANGE", {
			detail: `the first byte of a frame should be an integer from 0 to 255, it is ${String(first)}`,
		});
	}
}

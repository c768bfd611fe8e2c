import { createError } from "../../errors.js";
import type { OutputArena, Role } from "../engine.js";
import { FrameWriter, headerBytes } from "../frame-writer.js";
import type { Binding } from "./binding.js";

/** Payloads from this many bytes on are masked natively; for shorter ones the call costs more than it saves. */
const MIN_NATIVE_BYTES = 64;

/** Texts from this many units on are written natively where they are not ASCII, which Node writes faster. */
const MIN_NATIVE_UNITS = 128;

/** How many units of a text are looked at to tell whether it is ASCII. */
const SAMPLES = 16;

/** Writes frames; what it masks natively it masks while copying, in the one call. */
export class NativeEncoder extends FrameWriter {
	readonly #binding: Binding;

	constructor(role: Role, binding: Binding) {
		super(role);
		this.#binding = binding;
	}

	override text(arena: OutputArena, first: number, text: string): number {
		const units = text.length;
		const binding = this.#binding;
		if (
			units < MIN_NATIVE_UNITS ||
			!binding.hasFastText ||
			looksLikeAscii(text)
		) {
			return super.text(arena, first, text);
		}
		const length = binding.measureText(text);
		const header = headerBytes(length) + this.maskBytes;
		arena.reserve(header + length);
		// The frame is not claimed: what was not written is not sent.
		if (binding.writeText(arena.slab, arena.used + header) !== length) {
			throw createError("WS_ERR_BUFFER");
		}
		return this.finish(arena, first, header, length);
	}

	protected override maskInto(
		source: Uint8Array,
		maskKey: Uint8Array,
		output: Uint8Array,
		offset: number,
		length: number,
	): void {
		if (length < MIN_NATIVE_BYTES) {
			super.maskInto(source, maskKey, output, offset, length);
		} else if (!this.#binding.mask(source, maskKey, output, offset, length)) {
			// The frame is not claimed: what was not written is not sent.
			throw createError("WS_ERR_BUFFER");
		}
	}
}

/** A guess: where it is wrong the text is written correctly all the same, in the slower way. */
function looksLikeAscii(text: string): boolean {
	const step = (text.length / SAMPLES) | 0;
	let seen = 0;
	for (let at = 0; at < text.length; at += step) seen |= text.charCodeAt(at);
	return seen < 0x80;
}

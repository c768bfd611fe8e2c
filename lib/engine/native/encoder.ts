import { createError } from "../../errors.js";
import type { Role } from "../engine.js";
import { FrameWriter } from "../frame-writer.js";
import type { Binding } from "./binding.js";

/** Payloads from this many bytes on are masked natively; for shorter ones the call costs more than it saves. */
const MIN_NATIVE_BYTES = 64;

/** Writes frames; what it masks natively it masks while copying, in the one call. */
export class NativeEncoder extends FrameWriter {
	readonly #binding: Binding;

	constructor(role: Role, binding: Binding) {
		super(role);
		this.#binding = binding;
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

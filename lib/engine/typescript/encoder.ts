import { FrameWriter } from "../frame-writer.js";
import { mask } from "./mask.js";

/** Writes frames with the masking loop of this engine. */
export class TypeScriptEncoder extends FrameWriter {
	protected override maskInto(
		source: Uint8Array,
		maskKey: Uint8Array,
		output: Uint8Array,
		offset: number,
		length: number,
	): void {
		mask(source, maskKey, output, offset, length);
	}
}

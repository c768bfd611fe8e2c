import { createError } from "../../errors.js";
import { checkBytes } from "../buffer.js";
import type {
	Decoder,
	DecoderOptions,
	DecoderSink,
	Deflater,
	DeflaterOptions,
	Encoder,
	Engine,
	Role,
} from "../engine.js";
import { TypeScriptDecoder } from "./decoder.js";
import { historyBytes, TypeScriptDeflater } from "./deflater.js";
import { TypeScriptEncoder } from "./encoder.js";
import { mask, unmask } from "./mask.js";
import { isValidRange } from "./utf8.js";

/** The engine that runs wherever the library does. */
export function createTypeScriptEngine(): Engine {
	return new TypeScriptEngine();
}

class TypeScriptEngine implements Engine {
	readonly name = "typescript";
	readonly #server = new TypeScriptEncoder("server");
	readonly #client = new TypeScriptEncoder("client");

	createDecoder(options: DecoderOptions, sink: DecoderSink): Decoder {
		return new TypeScriptDecoder(options, sink);
	}

	createEncoder(role: Role): Encoder {
		return role === "client" ? this.#client : this.#server;
	}

	createDeflater(options: DeflaterOptions): Deflater {
		return new TypeScriptDeflater(options);
	}

	deflaterBytes({ windowBits }: DeflaterOptions): number {
		return historyBytes(windowBits);
	}

	inflaterBytes(windowBits: number): number {
		return 2 ** windowBits;
	}

	mask(
		source: Uint8Array,
		maskKey: Uint8Array,
		output: Uint8Array,
		offset: number,
		length: number,
	): void {
		checkBytes(source, "source");
		checkBytes(maskKey, "mask");
		checkBytes(output, "output");
		const fits =
			maskKey.length >= 4 &&
			Number.isInteger(offset) &&
			Number.isInteger(length) &&
			offset >= 0 &&
			length >= 0 &&
			length <= source.length &&
			length <= output.length - offset;
		if (!fits) {
			throw createError("WS_ERR_BUFFER", {
				detail:
					"mask needs four bytes, source `length` of them, and output as many from `offset` on",
			});
		}
		mask(source, maskKey, output, offset, length);
	}

	unmask(buffer: Uint8Array, maskKey: Uint8Array): void {
		checkBytes(buffer, "buffer");
		checkBytes(maskKey, "mask");
		if (maskKey.length < 4) {
			throw createError("WS_ERR_BUFFER", { detail: "mask needs four bytes" });
		}
		unmask(buffer, maskKey);
	}

	isValidUTF8(buffer: Uint8Array): boolean {
		checkBytes(buffer, "buffer");
		return isValidRange(buffer, 0, buffer.length);
	}
}

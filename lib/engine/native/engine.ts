import { createError } from "../../errors.js";
import { checkBytes } from "../buffer.js";
import type {
	DecoderOptions,
	DecoderSink,
	Deflater,
	DeflaterOptions,
	Encoder,
	Engine,
	Role,
} from "../engine.js";
import type { Binding } from "./binding.js";
import { NativeDecoder } from "./decoder.js";
import { DeflaterHost, NativeDeflater } from "./deflater.js";
import { NativeEncoder } from "./encoder.js";
import { DecoderHost } from "./host.js";
import { loadBinding } from "./load.js";

/**
 * The engine that runs in the addon.
 *
 * @returns the engine, or the reason in one sentence why it cannot be had here.
 */
export function createNativeEngine(): Engine | { readonly reason: string } {
	const loaded = loadBinding();
	return "reason" in loaded ? loaded : new NativeEngine(loaded.binding);
}

export class NativeEngine implements Engine {
	readonly name = "native";
	readonly #binding: Binding;
	/** What the decoders share; for the native transport. */
	readonly host: DecoderHost;
	readonly #deflaterHost: DeflaterHost;
	readonly #server: Encoder;
	readonly #client: Encoder;

	constructor(binding: Binding) {
		this.#binding = binding;
		this.host = DecoderHost.of(binding);
		this.#deflaterHost = new DeflaterHost(binding);
		this.#server = new NativeEncoder("server", binding);
		this.#client = new NativeEncoder("client", binding);
	}

	get binding(): Binding {
		return this.#binding;
	}

	/** How many decoders hold native memory, in all engines of this thread. */
	get decoderCount(): number {
		return this.#binding.decoderCount();
	}

	createDecoder(options: DecoderOptions, sink: DecoderSink): NativeDecoder {
		return new NativeDecoder(this.host, options, sink);
	}

	createEncoder(role: Role): Encoder {
		return role === "client" ? this.#client : this.#server;
	}

	/** How many deflaters hold native memory, or may, in all engines of this thread. */
	get deflaterCount(): number {
		return this.#binding.deflaterCount();
	}

	createDeflater(options: DeflaterOptions): Deflater {
		return new NativeDeflater(this.#deflaterHost, options);
	}

	deflaterBytes({ level, memoryLevel, windowBits }: DeflaterOptions): number {
		return this.#binding.deflaterBytes(level, memoryLevel, windowBits);
	}

	inflaterBytes(windowBits: number): number {
		return this.#binding.inflaterBytes(windowBits);
	}

	mask(
		source: Uint8Array,
		mask: Uint8Array,
		output: Uint8Array,
		offset: number,
		length: number,
	): void {
		checkBytes(source, "source");
		checkBytes(mask, "mask");
		checkBytes(output, "output");
		// Integers that a 32-bit argument would change never fit anyway.
		const counts =
			Number.isInteger(offset) &&
			Number.isInteger(length) &&
			offset >= 0 &&
			offset <= 0xffff_ffff &&
			length >= 0 &&
			length <= 0xffff_ffff;
		if (!counts || !this.#binding.mask(source, mask, output, offset, length)) {
			throw createError("WS_ERR_BUFFER", {
				detail:
					"mask needs four bytes, source `length` of them, and output as many from `offset` on",
			});
		}
	}

	unmask(buffer: Uint8Array, mask: Uint8Array): void {
		checkBytes(buffer, "buffer");
		checkBytes(mask, "mask");
		if (!this.#binding.unmask(buffer, mask)) {
			throw createError("WS_ERR_BUFFER", { detail: "mask needs four bytes" });
		}
	}

	isValidUTF8(buffer: Uint8Array): boolean {
		checkBytes(buffer, "buffer");
		return this.#binding.isValidUTF8(buffer);
	}
}

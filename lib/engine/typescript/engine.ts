import type {
	Decoder,
	DecoderOptions,
	DecoderSink,
	Encoder,
	Engine,
	Role,
} from "../engine.js";
import { TypeScriptDecoder } from "./decoder.js";
import { TypeScriptEncoder } from "./encoder.js";
import { mask, unmask } from "./mask.js";
import { isValidRange } from "./utf8.js";

/** The engine that runs wherever the library does. */
export function createTypeScriptEngine(): Engine {
	const server = new TypeScriptEncoder("server");
	const client = new TypeScriptEncoder("client");
	return {
		name: "typescript",
		createDecoder(options: DecoderOptions, sink: DecoderSink): Decoder {
			return new TypeScriptDecoder(options, sink);
		},
		createEncoder(role: Role): Encoder {
			return role === "client" ? client : server;
		},
		mask,
		unmask,
		isValidUTF8(buffer: Uint8Array): boolean {
			return isValidRange(buffer, 0, buffer.length);
		},
	};
}

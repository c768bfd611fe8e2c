/**
 * What a Decoder should make of a stream, worked out the naive way: the whole stream at once, bytes as BigInts and slices,
 * UTF-8 judged by Node. It is slow and shares nothing with the engines but the names of their failures.
 */
import { isUtf8 } from "node:buffer";
import { applyMask } from "./frames.js";

export type ModeOf = (binaryMessage: number) => "collect" | "stream";

export interface StreamOptions {
	role: "server" | "client";
	maxMessageBytes: number;
	maxStreamBytes: number;
	maxFragments: number;
	/** How the sink wants the nth binary message, if it is asked. */
	modeOf: ModeOf;
}

/** A delivered message, control frame, close or failure. Bytes are in hex. */
export type Outcome =
	| ["text", string]
	| ["binary", string]
	| ["ping", string]
	| ["pong", string]
	| ["close", number, string]
	| ["failure", string];

export interface Reading {
	outcomes: Outcome[];
	/** What was delivered of a streamed binary message that never ended, in hex; null where there is none. */
	partial: string | null;
}

/** The shortest continuations of every beginning that some character in UTF-8 has. */
const endings = ["", "80", "8080", "808080", "a080", "908080"].map((hex) =>
	Buffer.from(hex, "hex"),
);

/** Whether some valid text begins with `bytes`. */
export function beginsText(bytes: Uint8Array): boolean {
	return endings.some((ending) => isUtf8(Buffer.concat([bytes, ending])));
}

class Failed extends Error {}

/** Reads all of `bytes`. */
export function readReference(bytes: Buffer, options: StreamOptions): Reading {
	const reader = new Reader(bytes, options);
	try {
		while (reader.readFrame());
	} catch (error) {
		if (!(error instanceof Failed)) throw error;
		reader.outcomes.push(["failure", error.message]);
	}
	return { outcomes: reader.outcomes, partial: reader.partial };
}

function fail(code: string): never {
	throw new Failed(code);
}

class Reader {
	readonly outcomes: Outcome[] = [];
	#at = 0;
	#kind: "none" | "text" | "collect" | "stream" = "none";
	#parts: Buffer[] = [];
	#declared = 0n;
	#tiny = 0;
	#binaryMessages = 0;

	constructor(
		readonly bytes: Buffer,
		readonly options: StreamOptions,
	) {}

	get partial(): string | null {
		return this.#kind === "stream"
			? Buffer.concat(this.#parts).toString("hex")
			: null;
	}

	/** Reads one frame. Returns false at the end of what can be read. */
	readFrame(): boolean {
		const { bytes, options } = this;
		const header = bytes.subarray(this.#at);
		if (header.length < 2) return false;
		const bits = header.readUInt16BE(0).toString(2).padStart(16, "0");
		const fin = bits[0] === "1";
		const opcode = Number.parseInt(bits.slice(4, 8), 2);
		const short = Number.parseInt(bits.slice(9), 2);
		if (bits.slice(1, 4) !== "000") fail("WS_ERR_RESERVED_BITS");
		if (![0, 1, 2, 8, 9, 10].includes(opcode)) fail("WS_ERR_OPCODE");
		const control = opcode >= 8;
		if (control && !fin) fail("WS_ERR_CONTROL_FRAGMENTED");
		if (opcode === 0 && this.#kind === "none")
			fail("WS_ERR_UNEXPECTED_CONTINUATION");
		if ((opcode === 1 || opcode === 2) && this.#kind !== "none")
			fail("WS_ERR_EXPECTED_CONTINUATION");
		const masked = bits[8] === "1";
		if (options.role === "server" && !masked) fail("WS_ERR_MASK_REQUIRED");
		if (options.role === "client" && masked) fail("WS_ERR_MASK_FORBIDDEN");
		if (control && short > 125) fail("WS_ERR_CONTROL_LENGTH");

		let length = BigInt(short);
		const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
		if (header.length < 2 + lengthBytes) return false;
		if (lengthBytes === 2) length = BigInt(header.readUInt16BE(2));
		if (lengthBytes === 8) length = header.readBigUInt64BE(2);
		if (length >= 2n ** 63n) fail("WS_ERR_LENGTH_SIGN");
		if (lengthBytes === 2 && length <= 125n) fail("WS_ERR_LENGTH_NOT_MINIMAL");
		if (lengthBytes === 8 && length <= 65535n)
			fail("WS_ERR_LENGTH_NOT_MINIMAL");

		const size = 2 + lengthBytes + (masked ? 4 : 0);
		if (header.length < size) return false;
		const key = header.subarray(size - 4, size);
		const here = header.subarray(size).subarray(0, Number(length));
		const payload = masked ? applyMask(here, key) : Buffer.from(here);
		const whole = BigInt(payload.length) === length;
		this.#at += size + payload.length;
		if (control) {
			return whole && this.#control(opcode, payload);
		}
		this.#admit(opcode, fin, length);
		this.#parts.push(payload);
		const message = Buffer.concat(this.#parts);
		if (this.#kind === "text" && !beginsText(message))
			fail("WS_ERR_INVALID_UTF8");
		if (!whole) return false;
		if (!fin) return true;
		if (this.#kind === "text") {
			if (!isUtf8(message)) fail("WS_ERR_INVALID_UTF8");
			this.outcomes.push(["text", message.toString("utf8")]);
		} else this.outcomes.push(["binary", message.toString("hex")]);
		this.#kind = "none";
		return true;
	}

	#admit(opcode: number, fin: boolean, length: bigint): void {
		const { options } = this;
		if (opcode !== 0) {
			this.#parts = [];
			this.#declared = 0n;
			this.#tiny = 0;
		}
		if (opcode === 1) this.#kind = "text";
		if (opcode === 2) {
			// Within both limits it does not matter whether the sink was asked.
			this.#kind = options.modeOf(this.#binaryMessages++);
		}
		this.#declared += length;
		const limit =
			this.#kind === "stream"
				? options.maxStreamBytes
				: options.maxMessageBytes;
		if (length >= 2n ** 53n || this.#declared > limit)
			fail("WS_ERR_MESSAGE_TOO_BIG");
		if ((opcode === 0 || !fin) && length < 64n) this.#tiny++;
		if (this.#tiny > options.maxFragments) fail("WS_ERR_TOO_MANY_FRAGMENTS");
	}

	#control(opcode: number, payload: Buffer): boolean {
		if (opcode === 9) this.outcomes.push(["ping", payload.toString("hex")]);
		if (opcode === 10) this.outcomes.push(["pong", payload.toString("hex")]);
		if (opcode !== 8) return true;
		if (payload.length === 0) {
			this.outcomes.push(["close", 1005, ""]);
			return false;
		}
		if (payload.length === 1) fail("WS_ERR_CLOSE_PAYLOAD");
		const code = payload.readUInt16BE(0);
		const sendable = [
			1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
		];
		if (!sendable.includes(code) && !(code >= 3000 && code <= 4999))
			fail("WS_ERR_CLOSE_CODE");
		const reason = payload.subarray(2);
		if (!isUtf8(reason)) fail("WS_ERR_INVALID_UTF8");
		this.outcomes.push(["close", code, reason.toString("utf8")]);
		return false;
	}
}

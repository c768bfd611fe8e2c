/** The peer as raw TCP: what the library puts on the wire byte for byte, and what happens when odd bytes come back. */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { within } from "./compat-wait.js";

/** The key of RFC 6455 section 1.3, and the answer the section gives for it. */
export const RFC_KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const RFC_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** Sec-WebSocket-Accept for `key`. */
export function acceptFor(key: string): string {
	return createHash("sha1")
		.update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
		.digest("base64");
}

export interface Frame {
	fin: boolean;
	rsv: number;
	opcode: number;
	masked: boolean;
	key: Buffer | null;
	payload: Buffer;
	/** The frame as it came, header and all. */
	bytes: Buffer;
}

export interface FrameOptions {
	fin?: boolean;
	rsv?: number;
	/** A masking key, or true for a fixed one. A client's frames need it. */
	mask?: boolean | Buffer;
	/** Forces the extended length of so many bytes, minimal or not. */
	lengthBytes?: 0 | 2 | 8;
	/** The length the header claims, where that is not the payload's. */
	claim?: number;
}

/** The bytes of one frame. */
export function frame(
	opcode: number,
	payload: string | Buffer = "",
	options: FrameOptions = {},
): Buffer {
	const data = Buffer.from(payload as string);
	const claim = options.claim ?? data.length;
	const extended =
		options.lengthBytes ?? (claim < 126 ? 0 : claim < 65536 ? 2 : 8);
	const head = Buffer.alloc(2 + extended);
	head[0] =
		(options.fin === false ? 0 : 0x80) | ((options.rsv ?? 0) << 4) | opcode;
	head[1] = extended === 0 ? claim : extended === 2 ? 126 : 127;
	if (extended === 2) head.writeUInt16BE(claim, 2);
	if (extended === 8) head.writeBigUInt64BE(BigInt(claim), 2);
	if (!options.mask) return Buffer.concat([head, data]);
	const key =
		options.mask === true
			? Buffer.from([0x37, 0xfa, 0x21, 0x3d])
			: options.mask;
	head[1] |= 0x80;
	for (let i = 0; i < data.length; i++) data[i] ^= key[i % 4];
	return Buffer.concat([head, key, data]);
}

/** A close frame with `code` and `reason`. */
export function closeFrame(
	code: number,
	reason = "",
	options: FrameOptions = {},
): Buffer {
	const head = Buffer.alloc(2);
	head.writeUInt16BE(code);
	return frame(8, Buffer.concat([head, Buffer.from(reason)]), options);
}

/** The request of a well-behaved client. `headers` replace (null removes) or add to the usual ones. */
export function request(
	headers: Record<string, string | null> = {},
	line = "GET / HTTP/1.1",
): string {
	const all: Record<string, string | null> = {
		Host: "localhost",
		Upgrade: "websocket",
		Connection: "Upgrade",
		"Sec-WebSocket-Key": RFC_KEY,
		"Sec-WebSocket-Version": "13",
		...headers,
	};
	const lines = Object.entries(all)
		.filter(([, value]) => value !== null)
		.map(([name, value]) => `${name}: ${value}`);
	return `${[line, ...lines].join("\r\n")}\r\n\r\n`;
}

/** The answer of a well-behaved server to `key`. `headers` replace, remove or add. */
export function response(
	key: string,
	headers: Record<string, string | null> = {},
	line = "HTTP/1.1 101 Switching Protocols",
): string {
	const all: Record<string, string | null> = {
		Upgrade: "websocket",
		Connection: "Upgrade",
		"Sec-WebSocket-Accept": acceptFor(key),
		...headers,
	};
	const lines = Object.entries(all)
		.filter(([, value]) => value !== null)
		.map(([name, value]) => `${name}: ${value}`);
	return `${[line, ...lines].join("\r\n")}\r\n\r\n`;
}

/** A TCP connection read by hand. Owns the socket's 'data', 'end', 'close' and 'error' events. */
export class Wire {
	readonly socket: Socket;
	/** Settles when the other side has sent FIN; also when the connection is gone. */
	readonly ended: Promise<void>;
	/** Settles with the error, if any, when the connection is gone. */
	readonly gone: Promise<Error | undefined>;
	#bytes = Buffer.alloc(0);
	#finished = false;
	#wake: () => void = () => {};

	constructor(socket: Socket) {
		this.socket = socket;
		let error: Error | undefined;
		socket.on("error", (seen) => {
			error = seen;
		});
		socket.on("data", (chunk: Buffer) => {
			this.#bytes = Buffer.concat([this.#bytes, chunk]);
			this.#wake();
		});
		this.ended = new Promise((resolve) => {
			const finish = () => {
				this.#finished = true;
				resolve();
				this.#wake();
			};
			socket.once("end", finish);
			socket.once("close", finish);
		});
		this.gone = new Promise((resolve) => {
			socket.once("close", () => resolve(error));
		});
	}

	/** What has come and was not taken. */
	get pending(): Buffer {
		return this.#bytes;
	}

	write(...data: (string | Buffer)[]): void {
		this.socket.write(
			Buffer.concat(data.map((each) => Buffer.from(each as string))),
		);
	}

	/** Sends RST in place of FIN. */
	reset(): void {
		this.socket.resetAndDestroy();
	}

	/** The next `length` bytes. */
	take(length: number): Promise<Buffer> {
		return this.#when(`${length} bytes`, () => {
			if (this.#bytes.length < length) return undefined;
			return this.#cut(length);
		});
	}

	/** Everything up to and with the empty line that ends an HTTP head. */
	head(): Promise<string> {
		return this.#when("an HTTP head", () => {
			const end = this.#bytes.indexOf("\r\n\r\n");
			return end < 0 ? undefined : this.#cut(end + 4).toString("latin1");
		});
	}

	/** The next frame, unmasked. */
	frame(): Promise<Frame> {
		return this.#when("a frame", () => {
			const all = this.#bytes;
			if (all.length < 2) return undefined;
			const short = all[1] & 0x7f;
			const extended = short < 126 ? 0 : short === 126 ? 2 : 8;
			const masked = (all[1] & 0x80) !== 0;
			const start = 2 + extended + (masked ? 4 : 0);
			if (all.length < start) return undefined;
			const length =
				extended === 0
					? short
					: extended === 2
						? all.readUInt16BE(2)
						: Number(all.readBigUInt64BE(2));
			if (all.length < start + length) return undefined;
			const bytes = this.#cut(start + length);
			const key = masked ? Buffer.from(bytes.subarray(start - 4, start)) : null;
			const payload = Buffer.from(bytes.subarray(start));
			if (key) {
				for (let i = 0; i < payload.length; i++) payload[i] ^= key[i % 4];
			}
			return {
				fin: (bytes[0] & 0x80) !== 0,
				rsv: (bytes[0] >> 4) & 7,
				opcode: bytes[0] & 0x0f,
				masked,
				key,
				payload,
				bytes,
			};
		});
	}

	/** All that is left once the other side has ended. */
	async rest(): Promise<Buffer> {
		await within("the end of the connection", this.ended);
		return this.#cut(this.#bytes.length);
	}

	#cut(length: number): Buffer {
		const taken = Buffer.from(this.#bytes.subarray(0, length));
		this.#bytes = this.#bytes.subarray(length);
		return taken;
	}

	#when<T>(what: string, look: () => T | undefined): Promise<T> {
		return within(
			what,
			new Promise((resolve, reject) => {
				const wake = () => {
					const found = look();
					if (found !== undefined) {
						// What comes from here on is for the next who asks.
						this.#wake = () => {};
						resolve(found);
					} else if (this.#finished) {
						reject(
							new Error(
								`the connection ended before ${what}; left: ${this.#bytes.toString("hex")}`,
							),
						);
					}
				};
				this.#wake = wake;
				wake();
			}),
		);
	}
}

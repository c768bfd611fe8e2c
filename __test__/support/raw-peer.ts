/**
 * A raw WebSocket endpoint over TCP, past its opening handshake: reads frames at a cost linear in their bytes, and writes
 * them in whatever pieces. It judges nothing; what comes is handed on.
 */
import { once } from "node:events";
import type { Socket } from "node:net";
import { frame } from "./compat-wire.js";
import type { Random } from "./random.js";

export interface RawMessage {
	isBinary: boolean;
	data: Buffer;
}

const immediate = () => new Promise((resolve) => setImmediate(resolve));

/** Takes frames out of the bytes of one direction. */
class FrameReader {
	#chunks: Buffer[] = [];
	#length = 0;
	#needed = 2;

	/** The frames that are complete now: first byte and unmasked payload. */
	*push(chunk: Buffer): Generator<[first: number, payload: Buffer]> {
		this.#chunks.push(chunk);
		this.#length += chunk.length;
		while (this.#length >= this.#needed) {
			const all = Buffer.concat(this.#chunks, this.#length);
			this.#chunks = [all];
			const short = all[1] & 0x7f;
			const extended = short < 126 ? 0 : short === 126 ? 2 : 8;
			const isMasked = (all[1] & 0x80) !== 0;
			const start = 2 + extended + (isMasked ? 4 : 0);
			this.#needed = start;
			if (all.length < start) return;
			let length = short;
			if (extended === 2) length = all.readUInt16BE(2);
			if (extended === 8) length = Number(all.readBigUInt64BE(2));
			this.#needed = start + length;
			if (all.length < this.#needed) return;
			const payload = Buffer.from(all.subarray(start, this.#needed));
			if (isMasked) {
				const key = all.subarray(start - 4, start);
				for (let i = 0; i < length; i++) payload[i] ^= key[i & 3];
			}
			const first = all[0];
			this.#chunks = [all.subarray(this.#needed)];
			this.#length -= this.#needed;
			this.#needed = 2;
			yield [first, payload];
		}
	}
}

export class RawPeer {
	readonly socket: Socket;
	readonly #mask: boolean;
	readonly #random: Random;
	readonly #reader = new FrameReader();
	#fragments: Buffer[] = [];
	#isBinary = false;

	/**
	 * @param mask whether this end is the client
	 * @param onMessage gets every whole message
	 * @param onControl gets opcode and payload of every control frame
	 */
	constructor(
		socket: Socket,
		mask: boolean,
		random: Random,
		onMessage: (message: RawMessage) => void,
		onControl: (opcode: number, payload: Buffer) => void = () => {},
	) {
		this.socket = socket.setNoDelay(true);
		this.#mask = mask;
		this.#random = random;
		socket.on("data", (chunk: Buffer) => {
			for (const [first, payload] of this.#reader.push(chunk)) {
				const opcode = first & 0x0f;
				if (opcode >= 8) {
					onControl(opcode, payload);
					continue;
				}
				if (opcode !== 0) this.#isBinary = opcode === 2;
				this.#fragments.push(payload);
				if (first < 0x80) continue;
				const data = Buffer.concat(this.#fragments);
				this.#fragments = [];
				onMessage({ isBinary: this.#isBinary, data });
			}
		});
	}

	/** Sends `message` in random frames, pings between some of them, in random pieces, some of one byte. */
	async send(message: string | Buffer): Promise<void> {
		const random = this.#random;
		const data = Buffer.from(message as string);
		let opcode = typeof message === "string" ? 1 : 2;
		let at = 0;
		const frames: Buffer[] = [];
		const mask = this.#mask ? Buffer.from("a1b2c3d4", "hex") : false;
		while (random.chance(0.4)) {
			const end = at + random.upTo(data.length - at);
			frames.push(
				frame(opcode, data.subarray(at, end), { fin: false, mask: mask }),
			);
			opcode = 0;
			at = end;
			if (random.chance(0.3)) frames.push(frame(9, "ping", { mask }));
		}
		frames.push(frame(opcode, data.subarray(at), { mask }));
		await this.#write(Buffer.concat(frames));
	}

	async #write(bytes: Buffer): Promise<void> {
		const random = this.#random;
		let at = 0;
		while (at < bytes.length) {
			const longest = random.pick([0, 0, 16, 1500, 65_536, 400_000]);
			const end = at + 1 + random.upTo(longest);
			const hasRoom = this.socket.write(bytes.subarray(at, end));
			at = end;
			if (!hasRoom) await once(this.socket, "drain");
			// A turn between writes, so that the pieces are read one by one.
			else if (random.chance(0.3)) await immediate();
		}
	}
}

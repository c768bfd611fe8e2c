/** A client's offer of permessage-deflate, held to the budget for compression. */
import type { Socket } from "node:net";
import {
	type DeflateWishes,
	MAX_WINDOW_BITS,
} from "../protocol/permessage-deflate.js";
import {
	bookCompressionBytes,
	bytesOf,
	hasCompressionRoom,
} from "../transport/compression-memory.js";
import { linkCompression } from "./compression.js";
import type { ConnectionSettings } from "./settings.js";

/**
 * Books the most that the server's answer can make of it until the opening handshake is over: many that open at once must not
 * each find the room that is there for one.
 */
export class CompressionOffer {
	/** What is offered: null for nothing, because it is not wanted or the budget does not allow it. */
	readonly wishes: DeflateWishes | null = null;
	readonly #socket: Socket;
	#booked = 0;

	/** @param socket what the handshake goes over: its end is that of the offer */
	constructor({ engine, compression }: ConnectionSettings, socket: Socket) {
		this.#socket = socket;
		if (compression === null) return;
		// The server may keep the largest window there is.
		const receive = { ...compression, windowBits: MAX_WINDOW_BITS };
		const most = { extension: "", send: compression, receive };
		const bytes = bytesOf(engine, linkCompression(compression, most));
		if (!hasCompressionRoom(bytes)) return;
		this.wishes = compression;
		if (bytes === 0) return;
		this.#booked = bytes;
		bookCompressionBytes(bytes);
		socket.once("close", this.release);
	}

	/** The handshake is over. */
	readonly release = (): void => {
		this.#socket.off("close", this.release);
		bookCompressionBytes(-this.#booked);
		this.#booked = 0;
	};
}

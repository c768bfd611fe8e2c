import { createHash } from "node:crypto";
import { parseObject, refuse } from "../refuse.mjs";

const MAX_FILE_BYTES = 1024 ** 3;
/** Received bytes are acknowledged each time that this many have come. The page lets a few times as many be under way. */
const ACKNOWLEDGE_BYTES = 512 * 1024;

/**
 * Receives files, one after the other, and hashes them as they arrive; nothing is stored.
 *
 *   page   → text   { type: "start", name, size }
 *   page   → binary slices of the file, in order, of any length
 *   server → text   { type: "progress", bytes } every now and then
 *   page   → text   { type: "end" }
 *   server → text   { type: "done", name, bytes, sha256, milliseconds }
 */
export function upload(connection) {
	let transfer = null;

	connection.on("text", (text) => {
		const request = parseObject(text);
		if (request?.type === "start" && transfer === null) {
			if (!isFile(request))
				return refuse(connection, "Not a file's name and size");
			transfer = new Transfer(connection, request);
		} else if (request?.type === "end" && transfer !== null) {
			const ended = transfer;
			transfer = null;
			ended.end();
		} else refuse(connection, "Expected a file's start or end");
	});
	connection.on("binary", (slice) => {
		if (transfer === null) return refuse(connection, "A slice without a file");
		transfer.append(slice);
	});
}

function isFile({ name, size }) {
	return (
		typeof name === "string" &&
		name.length <= 255 &&
		Number.isSafeInteger(size) &&
		size >= 0 &&
		size <= MAX_FILE_BYTES
	);
}

/** One file on its way. Slices are read strictly one after the other, whatever the order their streams become readable. */
class Transfer {
	#connection;
	#file;
	#hash = createHash("sha256");
	#bytes = 0;
	#acknowledged = 0;
	#startedAt = performance.now();
	#work = Promise.resolve();

	constructor(connection, { name, size }) {
		this.#connection = connection;
		this.#file = { name, size };
	}

	append(slice) {
		this.#then(() => this.#read(slice));
	}

	end() {
		this.#then(() => this.#report());
	}

	#then(step) {
		this.#work = this.#work.then(step);
		// What a step throws skips the steps after it: a lost connection has no one to tell, all else ends the connection.
		this.#work.catch((error) => refuse(this.#connection, error.message));
	}

	async #read(slice) {
		for await (const piece of slice) {
			this.#bytes += piece.length;
			if (this.#bytes > this.#file.size)
				throw new Error("More bytes than the file has");
			this.#hash.update(piece);
		}
		if (this.#bytes - this.#acknowledged < ACKNOWLEDGE_BYTES) return;
		this.#acknowledged = this.#bytes;
		this.#send({ type: "progress", bytes: this.#bytes });
	}

	#report() {
		if (this.#bytes !== this.#file.size)
			throw new Error("Fewer bytes than the file has");
		this.#send({
			type: "done",
			name: this.#file.name,
			bytes: this.#bytes,
			sha256: this.#hash.digest("hex"),
			milliseconds: performance.now() - this.#startedAt,
		});
	}

	#send(message) {
		if (this.#connection.readyState === this.#connection.OPEN)
			this.#connection.sendText(JSON.stringify(message));
	}
}

import { parseObject, refuse } from "../refuse.mjs";

const MAX_NAME_LENGTH = 24;
const MAX_TEXT_LENGTH = 500;
/** A member with more than this waiting to be sent reads too slowly and has to go. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** More messages than this in one window are taken for a program run wild. */
const MAX_MESSAGES = 60;
const WINDOW_MS = 5000;

/** Who chats. Shared by the servers of all engines, so that tabs on different engines meet. */
export class Room {
	#names = new Map();

	get people() {
		return [...this.#names.values()];
	}

	has(connection) {
		return this.#names.has(connection);
	}

	join(connection, name) {
		this.#names.set(connection, name);
		this.#broadcast({ type: "join", name });
	}

	rename(connection, name) {
		const before = this.#names.get(connection);
		if (before === name) return;
		this.#names.set(connection, name);
		this.#broadcast({ type: "rename", name, before });
	}

	say(connection, text) {
		this.#broadcast({ type: "say", name: this.#names.get(connection), text });
	}

	leave(connection) {
		const name = this.#names.get(connection);
		if (this.#names.delete(connection))
			this.#broadcast({ type: "leave", name });
	}

	#broadcast(event) {
		const text = JSON.stringify({ ...event, people: this.people });
		for (const connection of [...this.#names.keys()]) {
			if (connection.readyState !== connection.OPEN) continue;
			if (connection.bufferedAmount > MAX_WAITING_BYTES)
				connection.close(1013, "This connection reads too slowly");
			else connection.sendText(text);
		}
	}
}

/** Takes `{ type: "join", name }` first (again to change the name), then `{ type: "say", text }`, from each tab. */
export function chat(connection, { room }) {
	let windowEnd = 0;
	let messages = 0;

	connection.on("message", (data, isBinary) => {
		const now = performance.now();
		if (now > windowEnd) {
			windowEnd = now + WINDOW_MS;
			messages = 0;
		}
		if (++messages > MAX_MESSAGES)
			return refuse(connection, "Too many messages at once");
		const request = isBinary ? null : parseObject(data);
		if (request?.type === "join" && isText(request.name, MAX_NAME_LENGTH)) {
			const name = request.name.trim();
			if (room.has(connection)) room.rename(connection, name);
			else room.join(connection, name);
		} else if (
			request?.type === "say" &&
			room.has(connection) &&
			isText(request.text, MAX_TEXT_LENGTH)
		) {
			room.say(connection, request.text.trim());
		} else refuse(connection, "Not a chat message");
	});
	connection.on("close", () => room.leave(connection));
}

function isText(value, maxLength) {
	return (
		typeof value === "string" &&
		value.trim() !== "" &&
		value.length <= maxLength
	);
}

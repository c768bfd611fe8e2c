/** A server that takes the connection and then says nothing is as good as lost. */
const CONNECT_TIMEOUT_MS = 5000;

/**
 * A connection to one endpoint that comes back by itself: after a loss it waits until the server answers, and when the
 * engine is switched it moves to the other server. Everything that passes is shown to the inspector.
 *
 * Events: 'open' (each time), 'message' (`data`: string or ArrayBuffer), 'state'.
 */
export class Channel extends EventTarget {
	#server;
	#inspector;
	#socket = null;
	#record = null;

	/** "connecting", "open" or "lost" (and waiting for the server). */
	state = "connecting";

	constructor(server, path, inspector) {
		super();
		this.#server = server;
		this.#inspector = inspector;
		this.path = path;
		server.addEventListener("engine", () => this.#move());
		this.#connect();
	}

	/** Sends if the connection is open; says whether it was. */
	send(data) {
		if (this.state !== "open") return false;
		this.#socket.send(data);
		this.#record.passed("out", data);
		return true;
	}

	#connect() {
		const socket = new WebSocket(this.#server.url(this.path));
		const record = this.#inspector.connection(this.path, this.#server.engine);
		socket.binaryType = "arraybuffer";
		this.#socket = socket;
		this.#record = record;
		this.#set("connecting");
		const timeout = setTimeout(() => socket.close(), CONNECT_TIMEOUT_MS);
		socket.addEventListener("open", () => {
			clearTimeout(timeout);
			record.opened();
			if (socket !== this.#socket) return;
			this.#set("open");
			this.dispatchEvent(new Event("open"));
		});
		socket.addEventListener("message", ({ data }) => {
			record.passed("in", data);
			if (socket === this.#socket)
				this.dispatchEvent(new MessageEvent("message", { data }));
		});
		socket.addEventListener("close", ({ code, reason }) => {
			clearTimeout(timeout);
			record.closed(code, reason);
			if (socket === this.#socket) this.#retry();
		});
	}

	async #retry() {
		this.#socket = null;
		this.#set("lost");
		await this.#server.whenReachable();
		if (this.#socket === null) this.#connect();
	}

	#move() {
		const left = this.#socket;
		this.#connect();
		left?.close(1000, "The engine was switched");
	}

	#set(state) {
		this.state = state;
		this.dispatchEvent(new Event("state"));
	}
}

/** Disables `button` whenever the channel could not send what it stands for. */
export function enableWhileOpen(button, channel) {
	const show = () => {
		button.disabled = channel.state !== "open";
	};
	channel.addEventListener("state", show);
	show();
}

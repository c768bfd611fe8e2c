import { byId, formatBytes, formatCompact, formatCount, make } from "./dom.mjs";
import { engineLabels } from "./server.mjs";

const MAX_MESSAGES = 200;
const MAX_CLOSED_CONNECTIONS = 4;
const PREVIEW_LENGTH = 80;
const PREVIEW_BYTES = 16;

/**
 * The inspector: what this page's connections do. Owns the rows it shows, never more than MAX_MESSAGES; they are put on
 * the page once a frame, however many messages pass.
 */
export class Inspector {
	#connections = byId("inspector-connections");
	#messages = byId("inspector-messages");
	#note = byId("inspector-note");
	#waiting = [];
	#frame = 0;
	#paused = false;
	#skipped = 0;

	constructor() {
		const pause = byId("inspector-pause");
		pause.addEventListener("click", () => {
			this.#paused = !this.#paused;
			pause.textContent = this.#paused ? "Resume" : "Pause";
			pause.setAttribute("aria-pressed", String(this.#paused));
			if (!this.#paused) this.#skipped = 0;
			this.#showNote();
		});
		byId("inspector-clear").addEventListener("click", () => {
			this.#waiting = [];
			this.#messages.replaceChildren();
		});
	}

	/** A new connection appears. Tell the record what happens to it. */
	connection(path, engine) {
		return new ConnectionRecord(this, this.#connections, path, engine);
	}

	/** Takes one entry for the list of messages: `{ direction, path, engine, type, size, preview }`. */
	add(entry) {
		if (this.#paused) {
			this.#skipped++;
			return this.#schedule();
		}
		this.#waiting.push({ ...entry, time: new Date() });
		if (this.#waiting.length > MAX_MESSAGES) this.#waiting.shift();
		this.#schedule();
	}

	#schedule() {
		if (this.#frame !== 0) return;
		this.#frame = requestAnimationFrame(() => {
			this.#frame = 0;
			const rows = this.#waiting.map(row);
			this.#waiting = [];
			this.#messages.prepend(...rows.reverse());
			while (this.#messages.childElementCount > MAX_MESSAGES)
				this.#messages.lastElementChild.remove();
			this.#showNote();
		});
	}

	#showNote() {
		this.#note.textContent = this.#paused
			? `Paused. ${formatCount(this.#skipped)} passed unseen.`
			: "";
	}
}

/** One connection's line: its path, engine, state, and how much went either way. */
class ConnectionRecord {
	#inspector;
	#list;
	#path;
	#engine;
	#element;
	#state = make("span", { className: "connection-state" });
	#counts = make("span", { className: "connection-counts number" });
	#sent = 0;
	#received = 0;
	#frame = 0;

	constructor(inspector, list, path, engine) {
		this.#inspector = inspector;
		this.#list = list;
		this.#path = path;
		this.#engine = engine;
		this.#element = make(
			"li",
			{},
			make("code", {}, path),
			make("span", { className: "badge" }, engineLabels[engine]),
			this.#state,
			this.#counts,
		);
		this.#element.querySelector(".badge").dataset.engine = engine;
		this.#set("connecting", "connecting");
		this.#showCounts();
		list.insertBefore(this.#element, list.querySelector("[data-state=closed]"));
	}

	opened() {
		if (this.#element.dataset.state === "open") return;
		this.#set("open", "open");
		this.#event("open", "");
	}

	closed(code, reason) {
		// Those that are over stand at the end, the latest first, and the oldest of them go.
		const over = this.#list.querySelectorAll("[data-state=closed]");
		this.#list.insertBefore(this.#element, over[0] ?? null);
		for (const old of [...over].slice(MAX_CLOSED_CONNECTIONS - 1)) old.remove();
		this.#set("closed", `closed ${code}`);
		this.#event("close", reason === "" ? String(code) : `${code} ${reason}`);
	}

	/** A message passed: `direction` is "in" or "out". */
	passed(direction, data) {
		const isText = typeof data === "string";
		this.#count(direction, 1);
		this.#inspector.add({
			direction,
			path: this.#path,
			engine: this.#engine,
			type: isText ? "text" : "binary",
			size: isText ? utf8Length(data) : data.byteLength,
			preview: isText ? previewText(data) : previewBytes(data),
		});
	}

	/** Many messages passed both ways, each of `bytes`: they are counted and shown as one entry. */
	counted(count, bytes) {
		this.#count("out", count);
		this.#count("in", count);
		this.#inspector.add({
			direction: "in",
			path: this.#path,
			engine: this.#engine,
			type: "flood",
			size: count * bytes,
			preview: `${formatCount(count)} messages echoed`,
		});
	}

	#event(type, preview) {
		this.#inspector.add({
			direction: "none",
			path: this.#path,
			engine: this.#engine,
			type,
			size: null,
			preview,
		});
	}

	#set(state, text) {
		this.#element.dataset.state = state;
		this.#state.textContent = text;
	}

	#count(direction, count) {
		if (direction === "out") this.#sent += count;
		else this.#received += count;
		this.#frame ||= requestAnimationFrame(() => {
			this.#frame = 0;
			this.#showCounts();
		});
	}

	#showCounts() {
		this.#counts.textContent = `↑ ${formatCompact(this.#sent)} ↓ ${formatCompact(this.#received)}`;
	}
}

const ARROWS = { in: "↓", out: "↑", none: "·" };
const ARROW_NAMES = { in: "received", out: "sent", none: "event" };

function row({ direction, path, engine, type, size, preview, time }) {
	const element = make(
		"li",
		{},
		make("time", {}, formatTime(time)),
		make(
			"span",
			{ className: "arrow", title: ARROW_NAMES[direction] },
			ARROWS[direction],
		),
		make("code", { className: "path" }, path),
		make("span", { className: "type" }, type),
		make(
			"span",
			{ className: "size number" },
			size === null ? "" : formatBytes(size),
		),
		make("code", { className: "preview" }, preview),
	);
	element.dataset.direction = direction;
	element.dataset.engine = engine;
	return element;
}

function formatTime(time) {
	const part = (value, digits = 2) => String(value).padStart(digits, "0");
	return `${part(time.getHours())}:${part(time.getMinutes())}:${part(time.getSeconds())}.${part(time.getMilliseconds(), 3)}`;
}

function utf8Length(text) {
	return new TextEncoder().encode(text).length;
}

function previewText(text) {
	return text.length > PREVIEW_LENGTH
		? `${text.slice(0, PREVIEW_LENGTH)}…`
		: text;
}

function previewBytes(buffer) {
	const bytes = new Uint8Array(
		buffer,
		0,
		Math.min(buffer.byteLength, PREVIEW_BYTES),
	);
	const hex = Array.from(bytes, (byte) =>
		byte.toString(16).padStart(2, "0"),
	).join(" ");
	return buffer.byteLength > PREVIEW_BYTES ? `${hex} …` : hex;
}

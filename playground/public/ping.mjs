import { enableWhileOpen } from "./channel.mjs";
import { byId, formatMilliseconds, median } from "./dom.mjs";

/** The medians are of so many measurements. */
const KEPT = 20;

/** The ping card: the server's ping frame on one channel, an echo on the other. */
export function startPing(pingChannel, echoChannel) {
	const button = byId("ping-button");
	const server = new Figure("ping-server");
	const echo = new Figure("ping-echo");
	let sentAt = null;
	enableWhileOpen(button, pingChannel);

	button.addEventListener("click", async () => {
		await afterNextFrame();
		pingChannel.send("ping");
		// One echo at a time, so that the answer is sure to belong to this question.
		if (sentAt !== null) return;
		const now = performance.now();
		if (echoChannel.send("echo")) sentAt = now;
	});
	pingChannel.addEventListener("message", ({ data }) =>
		server.add(JSON.parse(data).roundTripMs),
	);
	echoChannel.addEventListener("message", () => {
		echo.add(performance.now() - sentAt);
		sentAt = null;
	});
	echoChannel.addEventListener("open", () => {
		sentAt = null;
	});
}

/** After a click the browser paints before it delivers messages; that wait is no part of the round trip. */
function afterNextFrame() {
	return new Promise((resolve) => {
		requestAnimationFrame(() => setTimeout(resolve));
	});
}

/** One measured quantity: its last value and the median of the last ones. */
class Figure {
	#value;
	#median;
	#measured = [];

	constructor(id) {
		this.#value = byId(id);
		this.#median = byId(`${id}-median`);
	}

	add(milliseconds) {
		this.#measured.push(milliseconds);
		if (this.#measured.length > KEPT) this.#measured.shift();
		this.#value.textContent = formatMilliseconds(milliseconds);
		this.#median.textContent = `median of ${this.#measured.length}: ${formatMilliseconds(median(this.#measured))}`;
	}
}

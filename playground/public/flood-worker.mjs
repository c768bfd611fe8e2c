// The flood, off the page's own thread: a few connections to the echo endpoint, each with a bounded number of messages
// under way. Told { url, kind, bytes } it starts; it is stopped by being terminated. Reports four times a second.

const CONNECTIONS = 2;
const MAX_IN_FLIGHT = 128;
const MAX_IN_FLIGHT_BYTES = 512 * 1024;
const REPORT_MS = 250;

let received = 0;
let wrong = 0;
let open = 0;

addEventListener("message", ({ data: { url, kind, bytes } }) => {
	const random = crypto.getRandomValues(new Uint8Array(bytes));
	const payload =
		kind === "text"
			? Array.from(random, (byte) =>
					String.fromCharCode(97 + (byte % 26)),
				).join("")
			: random;
	const inFlight = Math.max(
		1,
		Math.min(MAX_IN_FLIGHT, Math.floor(MAX_IN_FLIGHT_BYTES / bytes)),
	);
	for (let i = 0; i < CONNECTIONS; i++) flood(url, payload, inFlight);
	setInterval(report, REPORT_MS);
});

function flood(url, payload, inFlight) {
	const socket = new WebSocket(url);
	socket.binaryType = "arraybuffer";
	socket.onopen = () => {
		open++;
		for (let i = 0; i < inFlight; i++) socket.send(payload);
	};
	socket.onmessage = ({ data }) => {
		received++;
		if (!isSame(data, payload)) wrong++;
		socket.send(payload);
	};
	socket.onclose = ({ code, reason }) =>
		postMessage({ type: "lost", code, reason });
}

function isSame(data, payload) {
	if (typeof payload === "string") return data === payload;
	if (data.byteLength !== payload.length) return false;
	// Word by word, so that checking does not become what is measured. All sizes are multiples of four.
	const words = new Uint32Array(data);
	const expected = new Uint32Array(payload.buffer);
	for (let i = 0; i < words.length; i++)
		if (words[i] !== expected[i]) return false;
	return true;
}

function report() {
	postMessage({
		type: "report",
		time: performance.timeOrigin + performance.now(),
		received,
		wrong,
		open,
	});
}

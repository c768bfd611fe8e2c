/**
 * Runs in a page: obeys the commands that it fetches, and posts the reports. Over HTTP, since what passes through the
 * protocol that drives the browser passes as text, too slowly for messages of megabytes.
 */
import { whatwgPeer } from "./whatwg.mjs";

const LF = 10;
const text = new TextDecoder();
let posted = Promise.resolve();

function report(head, bytes = new Uint8Array()) {
	const line = JSON.stringify({ ...head, bytes: bytes.length });
	const body = new Blob([`${line}\n`, bytes]);
	// One after the other, so that they arrive in order.
	posted = posted.then(() => fetch("reports", { method: "POST", body }));
}

const obey = whatwgPeer(
	({ url, protocols }) => new WebSocket(url, protocols),
	report,
);

for (;;) {
	const response = await fetch("commands");
	let rest = new Uint8Array(await response.arrayBuffer());
	while (rest.length > 0) {
		const end = rest.indexOf(LF);
		const command = JSON.parse(text.decode(rest.subarray(0, end)));
		rest = rest.subarray(end + 1);
		obey(command, rest.subarray(0, command.bytes));
		rest = rest.subarray(command.bytes);
	}
}

/**
 * Drives a client library against an echo server: so many connections, so many messages in flight on each. Prints one JSON
 * object in the shape of the load generator's; `server` in it is what is measured, here this process.
 *
 *   PORT=… drive.mjs <library> <JSON of the load>
 */
import { endWithParent, host, port } from "../surroundings.mjs";
import { libraries } from "./libraries.mjs";
import { checkerFor, makePayload } from "./payload.mjs";

const [library, load] = process.argv.slice(2);
const { connections, inFlight, size, kind, warmup, seconds } = JSON.parse(load);

const url = `ws://${host}:${port}/`;
const payload = makePayload(kind, size);
const check = checkerFor(payload);
let messages = 0;
let opened = 0;

/** @param {string} reason */
function fail(reason) {
	process.stderr.write(`${reason}\n`);
	process.exit(1);
}

/** CPU seconds of this process so far, all threads. */
function cpuSeconds() {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1e6;
}

function begin() {
	const before = { messages, cpu: cpuSeconds(), time: performance.now() };
	setTimeout(() => {
		const elapsed = (performance.now() - before.time) / 1000;
		const cpu = cpuSeconds() - before.cpu;
		const count = messages - before.messages;
		if (count === 0) fail("no message came back");
		const result = {
			mode: "client",
			connections,
			inFlight,
			messageBytes: size,
			kind,
			seconds: elapsed,
			messages: count,
			payloadBytes: count * size,
			messagesPerSecond: count / elapsed,
			megabytesPerSecond: (count * size) / elapsed / 1e6,
			server: {
				cpuSeconds: cpu,
				messagesPerCpuSecond: count / cpu,
				rssPeak: process.resourceUsage().maxRSS * 1024,
			},
		};
		process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
	}, seconds * 1000);
}

function connect() {
	const client = libraries[library](url, {
		open() {
			for (let i = 0; i < inFlight; i++) client.send(payload);
			if (++opened === connections) setTimeout(begin, warmup * 1000);
		},
		message(data) {
			check(data);
			messages++;
			client.send(payload);
		},
		close() {
			fail(`a connection was lost after ${messages} messages`);
		},
	});
}

endWithParent();
for (let i = 0; i < connections; i++) connect();

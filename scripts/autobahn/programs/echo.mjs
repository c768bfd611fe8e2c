/** What the echo programs have in common: they send back every message as it came. */
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";

const { values } = parseArgs({
	options: {
		engine: { type: "string", default: "auto" },
		transport: { type: "string", default: "auto" },
		binary: { type: "string", default: "collected" },
		url: { type: "string", default: "" },
		agent: { type: "string", default: "" },
	},
});

/** The longest messages of the suite. Every other limit stays at its default. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

export const { url, agent } = values;

/** Options of the library, which checks the names of the engine and of the transport. */
export const options = {
	engine: /** @type {"auto" | "native" | "typescript"} */ (values.engine),
	transport: /** @type {"auto" | "socket" | "native"} */ (values.transport),
	maxMessageBytes: MAX_MESSAGE_BYTES,
	// Without a threshold, and as much as the other end wants: the suite's sections on compression are to see some.
	perMessageDeflate: { threshold: 0, contextTakeover: true, windowBits: 15 },
};

/** @typedef {import("nodejs-websocket").Connection} Connection */

/** @param {Connection} connection */
function echoCollected(connection) {
	connection.on("message", (data) => connection.send(data));
}

/**
 * A message can only be sent when the stream before it has ended: each waits for its turn.
 *
 * @param {Connection} connection
 */
function echoStreamed(connection) {
	let turn = Promise.resolve();
	/** @param {() => unknown} send */
	const inTurn = (send) => {
		turn = turn.then(async () => {
			if (connection.readyState === connection.OPEN) await send();
		});
	};
	connection.on("text", (text) => inTurn(() => connection.sendText(text)));
	connection.on("binary", (stream) =>
		inTurn(async () => {
			const echoed = connection.beginBinary();
			// Cut off by the end of the connection, it fails: whoever waits for the echo sees that for himself.
			if (echoed) await pipeline(stream, echoed).catch(() => {});
		}),
	);
}

export const echo = values.binary === "streamed" ? echoStreamed : echoCollected;

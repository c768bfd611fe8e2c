/** ws. It hands over text as bytes, and is echoed as such; with BENCH_TEXT=string the handler makes a string of it. */
import { workBeside } from "../other-work.mjs";
import {
	deflate,
	endWithParent,
	listenHttp,
	maxMessageBytes,
	nop,
	peer,
} from "../surroundings.mjs";

const { WebSocketServer } = peer("ws");
const makesStrings = process.env.BENCH_TEXT === "string";
const subscribers = new Set();

/** @param {Buffer} data @param {boolean} isBinary */
const received = (data, isBinary) =>
	makesStrings && !isBinary ? data.toString() : data;

endWithParent();
workBeside();
new WebSocketServer({
	server: listenHttp(),
	maxPayload: maxMessageBytes,
	perMessageDeflate: deflate && {
		threshold: deflate.threshold,
		serverNoContextTakeover: !deflate.contextTakeover,
		// The load generator never takes over its own.
		clientNoContextTakeover: true,
		zlibDeflateOptions: {
			level: deflate.level,
			windowBits: deflate.windowBits,
			memLevel: deflate.memoryLevel,
		},
	},
}).on(
	"connection",
	(
		/** @type {any} */ socket,
		/** @type {import("node:http").IncomingMessage} */ request,
	) => {
		socket.on("error", nop);
		if (request.url === "/subscribe") {
			subscribers.add(socket);
			socket.on("close", () => subscribers.delete(socket));
		} else if (request.url === "/publish") {
			socket.on(
				"message",
				(/** @type {Buffer} */ data, /** @type {boolean} */ isBinary) => {
					const message = received(data, isBinary);
					for (const subscriber of subscribers)
						subscriber.send(message, { binary: isBinary });
				},
			);
		} else {
			socket.on(
				"message",
				(/** @type {Buffer} */ data, /** @type {boolean} */ isBinary) => {
					socket.send(received(data, isBinary), { binary: isBinary });
				},
			);
		}
	},
);

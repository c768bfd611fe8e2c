/** nodejs-websocket 1.7, by its README. Binary messages come as streams only, which are collected here. */
import { workBeside } from "../other-work.mjs";
import {
	endWithParent,
	host,
	maxMessageBytes,
	nop,
	peer,
	port,
	tls,
} from "../surroundings.mjs";

const ws = peer("nodejs-websocket-1");
const subscribers = new Set();

/** @typedef {string | Buffer} Data */

/** @param {any} conn @param {Data} data */
function send(conn, data) {
	if (typeof data === "string") conn.sendText(data);
	else conn.sendBinary(data);
}

/** @param {any} conn @param {(data: Data) => void} listener */
function onMessage(conn, listener) {
	conn.on("text", listener);
	conn.on("binary", (/** @type {import("node:stream").Readable} */ stream) => {
		/** @type {Buffer[]} */
		const pieces = [];
		stream.on("readable", () => {
			for (let piece = stream.read(); piece; piece = stream.read())
				pieces.push(piece);
		});
		stream.on("end", () => listener(Buffer.concat(pieces)));
	});
}

endWithParent();
workBeside();
ws.setMaxBufferLength(maxMessageBytes);
ws.createServer(
	{ secure: tls !== undefined, ...tls },
	(/** @type {any} */ conn) => {
		conn.on("error", nop);
		if (conn.path === "/subscribe") {
			subscribers.add(conn);
			conn.on("close", () => subscribers.delete(conn));
		} else if (conn.path === "/publish") {
			onMessage(conn, (data) => {
				for (const subscriber of subscribers) send(subscriber, data);
			});
		} else {
			onMessage(conn, (data) => send(conn, data));
		}
	},
).listen(port, host);

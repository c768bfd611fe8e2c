/**
 * The clients that are measured, each behind the same three lines of glue. `send` of all of them takes a string or a
 * Buffer and makes text of the one, binary of the other.
 */
import { nop, own, peer } from "../surroundings.mjs";

/** @typedef {string | Buffer | ArrayBuffer} Received */

/**
 * @typedef {object} Listeners
 * @property {() => void} open
 * @property {(data: Received) => void} message
 * @property {() => void} close
 */

/** @typedef {{ send(data: string | Buffer): unknown }} Client */

/** @type {Record<string, (url: string, listeners: Listeners) => Client>} */
export const libraries = {
	"nodejs-websocket"(url, { open, message, close }) {
		const conn = own("index").connect(url, open);
		conn.on("message", message).on("error", nop).on("close", close);
		return conn;
	},

	ws(url, { open, message, close }) {
		const { WebSocket } = peer("ws");
		const socket = new WebSocket(url, { perMessageDeflate: false });
		socket.on("open", open).on("error", nop).on("close", close);
		socket.on("message", message);
		return socket;
	},

	"ws, toString()"(url, { message, ...listeners }) {
		/** @param {any} data @param {boolean} [isBinary] */
		const asString = (data, isBinary) =>
			message(isBinary ? data : data.toString());
		return libraries.ws(url, { ...listeners, message: asString });
	},

	undici(url, { open, message, close }) {
		const socket = new (peer("undici").WebSocket)(url);
		socket.binaryType = "arraybuffer";
		socket.addEventListener("open", open);
		socket.addEventListener("close", close);
		socket.addEventListener("message", (/** @type {any} */ event) =>
			message(event.data),
		);
		return socket;
	},
};

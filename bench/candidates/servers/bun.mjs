/** Bun's own server; this program runs in Bun, not in Node. Its publish sends to many, which is what it is there for. */
import { workBeside } from "../other-work.mjs";
import {
	endWithParent,
	host,
	maxMessageBytes,
	port,
	tls,
} from "../surroundings.mjs";

const { Bun } = /** @type {any} */ (globalThis);

endWithParent();
workBeside();
const server = Bun.serve({
	hostname: host,
	port,
	tls,
	/** @param {Request} request @param {any} server */
	fetch(request, server) {
		const { pathname } = new URL(request.url);
		if (server.upgrade(request, { data: { pathname } })) return undefined;
		return new Response("WebSocket only", { status: 426 });
	},
	websocket: {
		maxPayloadLength: maxMessageBytes,
		/** @param {any} socket */
		open(socket) {
			if (socket.data.pathname === "/subscribe") socket.subscribe("all");
		},
		/** @param {any} socket @param {string | Buffer} data */
		message(socket, data) {
			if (socket.data.pathname === "/publish") server.publish("all", data);
			else socket.send(data);
		},
	},
});

/** websocket ("WebSocket-Node"). Its limits, 64 KiB a frame, are below what is sent here. */
import { workBeside } from "../other-work.mjs";
import {
	endWithParent,
	listenHttp,
	maxMessageBytes,
	peer,
} from "../surroundings.mjs";

const { server: WebSocketServer } = peer("websocket");
const subscribers = new Set();

/** @typedef {{ type: "utf8", utf8Data: string } | { type: "binary", binaryData: Buffer }} Message */

/** @param {any} connection @param {Message} message */
function send(connection, message) {
	if (message.type === "utf8") connection.sendUTF(message.utf8Data);
	else connection.sendBytes(message.binaryData);
}

endWithParent();
workBeside();
new WebSocketServer({
	httpServer: listenHttp(),
	maxReceivedFrameSize: maxMessageBytes,
	maxReceivedMessageSize: maxMessageBytes,
}).on("request", (/** @type {any} */ request) => {
	const connection = request.accept(null, request.origin);
	if (request.resource === "/subscribe") {
		subscribers.add(connection);
		connection.on("close", () => subscribers.delete(connection));
	} else if (request.resource === "/publish") {
		connection.on("message", (/** @type {Message} */ message) => {
			for (const subscriber of subscribers) send(subscriber, message);
		});
	} else {
		connection.on("message", (/** @type {Message} */ message) => {
			send(connection, message);
		});
	}
});

/** faye-websocket. */
import { workBeside } from "../other-work.mjs";
import {
	endWithParent,
	listenHttp,
	maxMessageBytes,
	nop,
	peer,
} from "../surroundings.mjs";

const WebSocket = peer("faye-websocket");
const subscribers = new Set();

endWithParent();
workBeside();
listenHttp().on("upgrade", (request, socket, head) => {
	const connection = new WebSocket(request, socket, head, [], {
		maxLength: maxMessageBytes,
	});
	connection.on("error", nop);
	if (request.url === "/subscribe") {
		subscribers.add(connection);
		connection.on("close", () => subscribers.delete(connection));
	} else if (request.url === "/publish") {
		connection.on("message", (/** @type {{ data: unknown }} */ { data }) => {
			for (const subscriber of subscribers) subscriber.send(data);
		});
	} else {
		connection.on("message", (/** @type {{ data: unknown }} */ { data }) => {
			connection.send(data);
		});
	}
});

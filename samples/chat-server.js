// Chat server: the first text of a connection is its name, every later one is told to all.
//
//   node samples/chat-server.js       then, in other terminals: node samples/chat-client.js <name>
"use strict";

const ws = require("nodejs-websocket");

const MAX_NAME_LENGTH = 30;

const server = ws.createServer((conn) => {
	let name = null;
	conn.on("text", (text) => {
		if (name === null) {
			name = text.slice(0, MAX_NAME_LENGTH);
			broadcast(`${name} joined`);
		} else {
			broadcast(`${name}: ${text}`);
		}
	});
	conn.on("close", () => {
		if (name !== null) broadcast(`${name} left`);
	});
});

// A connection that is closing is in the list no more, so everybody in it can be written to.
function broadcast(text) {
	console.log(text);
	for (const conn of server.connections) conn.sendText(text);
}

server.listen(process.env.PORT ?? 8002, "127.0.0.1", () => {
	const url = `ws://127.0.0.1:${server.socket.address().port}`;
	console.log(`Chatting at ${url}`);
	console.log(
		`Try, in two terminals: node samples/chat-client.js <name> ${url}`,
	);
});

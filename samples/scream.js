// Scream server: "hi" -> "HI!!!"
//
//   node samples/scream.js            then, in another terminal: node samples/client.js
"use strict";

const ws = require("nodejs-websocket");

const server = ws.createServer((conn) => {
	console.log(`New connection to ${conn.path}`);
	conn.on("text", (text) => {
		console.log(`Received ${text}`);
		conn.sendText(`${text.toUpperCase()}!!!`);
	});
	conn.on("close", (code) => console.log(`Connection closed (${code})`));
});

server.listen(process.env.PORT ?? 8001, "127.0.0.1", () => {
	const url = `ws://127.0.0.1:${server.socket.address().port}`;
	console.log(`Screaming at ${url}`);
	console.log(`Try: node samples/client.js ${url}`);
});

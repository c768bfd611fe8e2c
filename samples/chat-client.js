// Chat client for the terminal, for chat-server.js.
//
//   node samples/chat-client.js <name> [url]
"use strict";

const readline = require("node:readline");
const ws = require("nodejs-websocket");

const name = process.argv[2];
const url = process.argv[3] ?? "ws://127.0.0.1:8002";
if (name === undefined) {
	console.error("Usage: node samples/chat-client.js <name> [url]");
	process.exit(2);
}

const conn = ws.connect(url, () => {
	console.log(
		`Connected to ${url} as ${name}. Type and press Enter; Ctrl+D leaves.`,
	);
	conn.sendText(name);
	const lines = readline.createInterface({ input: process.stdin });
	lines.on("line", (line) => conn.sendText(line));
	lines.on("close", () => conn.close(1000));
	conn.on("close", () => lines.close());
});

// What others wrote may hold control characters, which could steer this terminal.
conn.on("text", (text) => console.log(text.replace(/\p{Cc}/gu, "?")));
conn.on("error", (error) => {
	console.error(`Failed: ${error.message}`);
	process.exitCode = 1;
});

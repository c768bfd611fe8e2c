// A client for the terminal: sends each line you type, prints each text that comes.
//
//   node samples/client.js [url]      the default is the scream server of scream.js
"use strict";

const readline = require("node:readline");
const ws = require("nodejs-websocket");

const url = process.argv[2] ?? "ws://127.0.0.1:8001";
const conn = ws.connect(url, () => {
	console.log(`Connected to ${url}`);
	console.log("Type a line and press Enter; Ctrl+D ends.");
	const lines = readline.createInterface({ input: process.stdin });
	lines.on("line", (line) => conn.sendText(line));
	lines.on("close", () => conn.close(1000));
	conn.on("close", () => lines.close());
});

conn.on("text", (text) => console.log(text));
conn.on("error", (error) => {
	console.error(`Failed: ${error.message}`);
	process.exitCode = 1;
});
conn.on("close", (code) => console.log(`Connection closed (${code})`));

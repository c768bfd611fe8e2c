// A server that runs for months: peers that are gone without a word are noticed, and it goes down in an orderly way.
//
//   node samples/service.js           then, in another terminal: node samples/client.js; then press Ctrl+C here
"use strict";

const { setTimeout: delay } = require("node:timers/promises");
const ws = require("nodejs-websocket");

const PING_MS = Number(process.env.PING_MS ?? 30_000);
const GOODBYE_MS = 5_000;

// A peer that is there answers each ping. One that has said nothing for two and a half of them is closed with 1001.
const server = ws.createServer({ idleTimeoutMs: PING_MS * 2.5 }, (conn) => {
	console.log(`${conn.socket.remoteAddress} is here`);
	conn.on("text", (text) => conn.sendText(`${text.toUpperCase()}!!!`));
	// What the network and the peer do wrong comes here, if at all; 'close' follows.
	conn.on("error", (error) => console.log(`${error.code}: ${error.message}`));
	conn.on("close", (code) => console.log(`one has left (${code})`));
});

const pings = setInterval(() => {
	for (const conn of server.connections) conn.sendPing();
}, PING_MS);

server.listen(process.env.PORT ?? 8004, "127.0.0.1", () => {
	const url = `ws://127.0.0.1:${server.socket.address().port}`;
	console.log(`Serving at ${url}`);
	console.log(`Try: node samples/client.js ${url}`);
});

// Nobody new is let in, those who are here are told, and whoever has not answered in time is cut off.
async function stop() {
	clearInterval(pings);
	server.close(() => console.log("stopped"));
	// close() takes a connection out of the list: hence the copy.
	const leaving = [...server.connections];
	for (const conn of leaving) conn.close(1001, "the server goes down");
	const all = Promise.all(leaving.map((conn) => conn.closed));
	await Promise.race([all, delay(GOODBYE_MS, undefined, { ref: false })]);
	for (const conn of leaving) conn.terminate();
}

process.once("SIGINT", stop).once("SIGTERM", stop);

// A server on all cores: one process each, and what one client says is told to the clients of all.
//
//   node samples/workers.js           then, in other terminals: node samples/client.js ws://127.0.0.1:8005
"use strict";

const cluster = require("node:cluster");
const { availableParallelism } = require("node:os");
const ws = require("nodejs-websocket");

const port = Number(process.env.PORT ?? 8005);

if (cluster.isPrimary) lead();
else work();

// Hands connections out to the workers, and what one of them has to say on to all.
function lead() {
	let isTold = false;
	cluster.on("listening", (_worker, { port }) => {
		if (isTold) return;
		isTold = true;
		console.log(`Serving at ws://127.0.0.1:${port}`);
	});
	cluster.on("message", (_worker, text) => {
		for (const worker of Object.values(cluster.workers)) worker.send(text);
	});
	cluster.on("exit", (worker, code, signal) => {
		console.log(`worker ${worker.process.pid} has ended (${signal ?? code})`);
		if (!worker.exitedAfterDisconnect && code !== 0) cluster.fork();
	});
	const count = Number(process.env.WORKERS ?? availableParallelism());
	for (let i = 0; i < count; i++) cluster.fork();
}

// A worker knows its own connections only.
function work() {
	const server = ws.createServer((conn) => {
		conn.sendText(`served by ${process.pid}`);
		conn.on("text", (text) => process.send(`${process.pid}: ${text}`));
	});
	process.on("message", (text) => {
		for (const conn of server.connections) conn.sendText(text);
	});
	server.listen(port, "127.0.0.1");
}

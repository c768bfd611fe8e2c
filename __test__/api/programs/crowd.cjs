/** Serves an echo to many connections from two processes of node:cluster. Prints its port; a line on stdin ends it. */
const cluster = require("node:cluster");
const ws = require("nodejs-websocket");

if (cluster.isPrimary) {
	const workers = [cluster.fork(), cluster.fork()];
	let listening = 0;
	for (const worker of workers) {
		worker.on("message", (port) => {
			if (++listening === workers.length) process.stdout.write(`${port}\n`);
		});
	}
	process.stdin.once("data", () => {
		for (const worker of workers) worker.kill();
		process.stdin.destroy();
	});
} else {
	const server = ws.createServer({ transport: "native" }, (connection) => {
		connection.on("text", (text) => connection.sendText(text));
	});
	server.listen(0, "127.0.0.1", () =>
		process.send(server.socket.address().port),
	);
}

/**
 * A server that echoes compressed, with all the context there can be. Its argument is the engine. Tells its parent the port, and to
 * each message how many connections there are, and after a collection its resident memory.
 */
const { setTimeout: delay } = require("node:timers/promises");
const ws = require("nodejs-websocket");

ws.setMaxCompressionBytes(1024 ** 3);
const server = ws.createServer(
	{
		engine: process.argv[2],
		perMessageDeflate: {
			contextTakeover: true,
			windowBits: 15,
			memoryLevel: 8,
			threshold: 0,
		},
	},
	(connection) => {
		connection.on("error", () => {});
		connection.on("text", (text) => connection.sendText(text));
	},
);
server.listen(0, "127.0.0.1", () =>
	process.send({ port: server.socket.address().port }),
);
process.on("message", async () => {
	const connections = server.connections.length;
	global.gc();
	await delay(100);
	global.gc();
	process.send({ connections, rssBytes: process.memoryUsage.rss() });
});

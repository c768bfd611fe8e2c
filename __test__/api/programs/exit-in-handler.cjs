/** A server that exits in its handler, right behind a send. Prints its port. Its argument is the transport. */
const ws = require("nodejs-websocket");

const server = ws.createServer({ transport: process.argv[2] }, (connection) => {
	connection.on("text", (text) => {
		connection.sendText(`bye ${text}`);
		process.exit(7);
	});
});
server.listen(0, "127.0.0.1", () =>
	process.stdout.write(`${server.socket.address().port}\n`),
);

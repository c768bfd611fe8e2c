/**
 * A client that keeps its process alive until it hears from the server, and then, unreferenced and open, does not any more.
 * The argument is the URL.
 */
const ws = require("nodejs-websocket");

const connection = ws.connect(process.argv[2], { transport: "native" });
connection.on("text", (text) => {
	connection.socket.unref();
	process.on("exit", () =>
		process.stdout.write(`${text} ${connection.readyState}\n`),
	);
});

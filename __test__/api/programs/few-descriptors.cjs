/**
 * Connections in a process that may have few descriptors, each of which echoes once and stays open. The argument is how many;
 * prints one line of JSON: how many ends each transport carries, and how many echoes came.
 */
const ws = require("nodejs-websocket");

const ends = { native: 0, socket: 0 };
const server = ws.createServer({ transport: "auto" }, (connection) => {
	ends[connection.transport]++;
	connection.on("text", (text) => connection.sendText(text));
});
server.listen(0, "127.0.0.1", async () => {
	const { port } = server.socket.address();
	let echoes = 0;
	for (let i = 0; i < Number(process.argv[2]); i++) {
		const connection = ws.connect(`ws://127.0.0.1:${port}/`, {
			transport: "auto",
		});
		await new Promise((resolve) => connection.on("connect", resolve));
		ends[connection.transport]++;
		const echo = new Promise((resolve) => connection.on("text", resolve));
		connection.sendText(`${i}`);
		if ((await echo) === `${i}`) echoes++;
	}
	process.stdout.write(`${JSON.stringify({ ...ends, echoes })}\n`);
	process.exit();
});

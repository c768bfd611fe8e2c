/** A small server, and a client that tries it: prints which engine served, why, and what came back. */
module.exports = function echo({ connect, createServer, engine }) {
	const server = createServer((conn) => {
		conn.on("text", (text) => conn.sendText(text));
		conn.on("binary", (stream) => stream.pipe(conn.beginBinary()));
	});
	server.listen(0, "127.0.0.1", () => {
		const { port } = server.socket.address();
		const conn = connect(`ws://127.0.0.1:${port}`, () => {
			conn.sendText("héllo");
			conn.sendBinary(Buffer.from([1, 2, 255]));
		});
		const echoed = [];
		conn.on("message", (data, isBinary) => {
			echoed.push(isBinary ? data.toString("hex") : data);
			if (echoed.length < 2) return;
			conn.close();
			server.close();
			const { name, reason } = engine;
			process.stdout.write(JSON.stringify({ name, reason, echoed }));
		});
	});
};

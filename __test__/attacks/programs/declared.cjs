/**
 * Holds connections that were told of long messages and never get them, and prints the memory one of them takes as a line
 * of JSON. Arguments: connections, declared length, and the kind of message: text, collected or streamed.
 */
const { readFileSync } = require("node:fs");
const net = require("node:net");
const ws = require("nodejs-websocket");
const { memory, until } = require("./measure.cjs");

const [count, declared] = process.argv.slice(2, 4).map(Number);
const kind = process.argv[4];

/** Private memory in bytes, touched or not, native allocations too. 0 where the system does not say. */
function reserved() {
	try {
		const status = readFileSync("/proc/self/status", "utf8");
		return Number(/^VmData:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
	} catch {
		return 0;
	}
}

const server = ws.createServer((connection) => {
	if (kind === "collected") connection.on("message", () => {});
	if (kind === "streamed") connection.on("binary", () => {});
});

const request =
	"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/** A header that declares the length, the masking key, and the first byte of the message. */
const header = Buffer.alloc(15);
header[0] = kind === "text" ? 0x81 : 0x82;
header[1] = 0xff;
header.writeBigUInt64BE(BigInt(declared), 2);
header[14] = 0x61;

server.listen(0, "127.0.0.1", async () => {
	const { port } = server.socket.address();
	const sockets = [];
	for (let i = 0; i < count; i++) {
		await new Promise((resolve) => {
			const socket = net.connect(port, "127.0.0.1", () =>
				socket.write(request),
			);
			socket.once("data", resolve);
			sockets.push(socket);
		});
	}
	await until("the connections", () => server.connections.length === count);
	const before = await memory();
	const residentBefore = process.memoryUsage.rss();
	const reservedBefore = reserved();
	for (const socket of sockets) socket.write(header);
	const read = () =>
		server.connections.every(
			({ socket }) => socket.bytesRead >= request.length + header.length,
		);
	await until("the headers", read);
	const after = await memory();
	process.stdout.write(
		`${JSON.stringify({
			connections: server.connections.length,
			bytesPerConnection: Math.round((after.total - before.total) / count),
			residentPerConnection: Math.round(
				(process.memoryUsage.rss() - residentBefore) / count,
			),
			reservedPerConnection: Math.round((reserved() - reservedBefore) / count),
		})}\n`,
	);
	for (const socket of sockets) socket.destroy();
	server.close();
});

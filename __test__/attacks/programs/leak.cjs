/**
 * Opens and drops connections in batches, and prints what is left as one line of JSON. Arguments: connections in all, after
 * as many for warming up as make a quarter of them.
 */
const net = require("node:net");
const ws = require("nodejs-websocket");
const { decoderCount, memory, until } = require("./measure.cjs");

const COUNT = Number(process.argv[2]);
const BATCH = 200;

let opened = 0;
let closed = 0;
let mostDecoders = 0;
const server = ws.createServer({ closeTimeoutMs: 1000 }, (connection) => {
	opened++;
	connection.on("close", () => closed++);
	behave(connection, opened);
	// A connection has its decoder once 'connection' has been emitted.
	if (opened % 50 === 0) {
		setImmediate(() => {
			mostDecoders = Math.max(mostDecoders, decoderCount());
		});
	}
});

/** What the server's end is doing when the connection goes. */
function behave(connection, number) {
	switch (number % 5) {
		case 0:
			// An InStream that is being read.
			connection.on("binary", (stream) => stream.resume());
			break;
		case 1:
			// An InStream nobody reads.
			connection.on("binary", () => {});
			break;
		case 2:
			// An iterator that is left after the first message.
			(async () => {
				for await (const _message of connection) break;
			})().catch(() => {});
			break;
		case 3:
			// An iterator that waits, and an OutStream that is cut off.
			(async () => {
				for await (const _message of connection);
			})().catch(() => {});
			connection.beginBinary().write("x".repeat(100));
			break;
		default:
			connection.on("message", (data) => connection.send(data));
			connection.on("text", () => {});
	}
}

const mask = Buffer.alloc(4);
const text = Buffer.concat([
	Buffer.from([0x81, 0x82]),
	mask,
	Buffer.from("hi"),
]);
/** A binary message of 1000 bytes with the first 100 of them, and a text cut inside a character. */
const unfinishedBinary = Buffer.concat([
	Buffer.from([0x82, 0xfe, 0x03, 0xe8]),
	mask,
	Buffer.alloc(100),
]);
const unfinishedText = Buffer.concat([
	Buffer.from([0x01, 0xfe, 0x03, 0xe8]),
	mask,
	Buffer.alloc(100, "é").subarray(0, 99),
]);

const request =
	"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/** A client of ours that closes cleanly. */
function clean(url) {
	return new Promise((resolve) => {
		const connection = ws.connect(url, () => {
			connection.sendText("hi");
			connection.sendBinary(Buffer.alloc(300));
			connection.close(1000, "done");
		});
		connection.closed.then(resolve);
	});
}

/** A raw client that leaves in the middle of something by a reset; every eighth within its handshake. */
function reset(port, number) {
	return new Promise((resolve) => {
		const socket = net.connect(port, "127.0.0.1", () => {
			if (number % 8 === 7) socket.write(request.slice(0, 70), leave);
			else socket.write(request);
		});
		const leave = () => socket.resetAndDestroy();
		socket.once("data", () => {
			socket.write(text);
			socket.write(number % 2 === 0 ? unfinishedBinary : unfinishedText, () =>
				setTimeout(leave, 2),
			);
		});
		socket.on("error", () => {});
		socket.on("close", resolve);
	});
}

async function run(count) {
	const { port } = server.socket.address();
	const url = `ws://127.0.0.1:${port}/`;
	for (let done = 0; done < count; done += BATCH) {
		await Promise.all(
			Array.from({ length: BATCH }, (_, i) =>
				i % 2 === 0 ? clean(url) : reset(port, i >> 1),
			),
		);
		await until("the end of a batch", () => closed === opened);
	}
}

server.listen(0, "127.0.0.1", async () => {
	await run(COUNT / 4);
	const before = await memory();
	const decodersBefore = decoderCount();
	await run(COUNT);
	const after = await memory();
	const result = {
		engine: ws.engine.name,
		opened,
		closed,
		connections: server.connections.length,
		heapGrowth: after.heapUsed - before.heapUsed,
		bufferGrowth: after.arrayBuffers - before.arrayBuffers,
		decodersBefore,
		mostDecoders,
		decodersAfter: decoderCount(),
	};
	server.close(() => {
		// Nothing keeps the process alive now: it ends by itself.
		process.stdout.write(`${JSON.stringify(result)}\n`);
	});
});

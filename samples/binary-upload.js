// Uploads a file as one binary message, read, sent and hashed as a stream: no side ever holds the whole file.
//
//   node samples/binary-upload.js                 the server
//   node samples/binary-upload.js <file> [url]    sends the file to it
"use strict";

const { createHash } = require("node:crypto");
const { createReadStream } = require("node:fs");
const { pipeline } = require("node:stream");
const ws = require("nodejs-websocket");

if (process.argv[2] === undefined) serve();
else upload(process.argv[2], process.argv[3] ?? "ws://127.0.0.1:8003");

function serve() {
	const server = ws.createServer((conn) => {
		// The peer may be gone by the time it is answered, which is an 'error', and thrown where nobody listens.
		conn.on("error", (error) => console.log(`Not answered: ${error.message}`));
		conn.on("binary", (inStream) => {
			const hash = createHash("sha256");
			let bytes = 0;
			inStream.on("data", (piece) => {
				bytes += piece.length;
				hash.update(piece);
			});
			inStream.on("end", () => {
				const answer = `${bytes} bytes, SHA-256 ${hash.digest("hex")}`;
				console.log(`Received ${answer}`);
				conn.sendText(answer);
			});
			inStream.on("close", () => {
				if (inStream.aborted) console.log(`Cut off after ${bytes} bytes`);
			});
		});
	});
	server.listen(process.env.PORT ?? 8003, "127.0.0.1", () => {
		const url = `ws://127.0.0.1:${server.socket.address().port}`;
		console.log(`Waiting for files at ${url}`);
		console.log(`Try: node samples/binary-upload.js README.md ${url}`);
	});
}

function upload(file, url) {
	const conn = ws.connect(url, () => {
		console.log(`Sending ${file}`);
		pipeline(createReadStream(file), conn.beginBinary(), (error) => {
			if (error) fail(error);
		});
	});
	conn.on("text", (answer) => {
		console.log(`The server has ${answer}`);
		conn.close(1000);
	});
	conn.on("error", fail);

	function fail(error) {
		console.error(`Failed: ${error.message}`);
		process.exitCode = 1;
		conn.socket.destroy();
	}
}

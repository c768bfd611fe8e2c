import { describe, expect } from "vitest";
import { kept } from "../support/both.js";
import { start } from "../support/compat-program.js";
import { next, record, within } from "../support/compat-wait.js";

/** Prints the port of the program's `server`, which listens where the test tells it to. */
const TELL = `server.on("listening", function () {
	console.log("port " + server.socket.address().port + ";")
})`;

const SCREAM = `var ws = require("nodejs-websocket")

// Scream server example: "hi" -> "HI!!!"
var server = ws.createServer(function (conn) {
	console.log("New connection")
	conn.on("text", function (str) {
		console.log("Received "+str)
		conn.sendText(str.toUpperCase()+"!!!")
	})
	conn.on("close", function (code, reason) {
		console.log("Connection closed")
	})
}).listen(0)
${TELL}`;

const BROADCAST = `var ws = require("nodejs-websocket")

function broadcast(server, msg) {
	server.connections.forEach(function (conn) {
		conn.sendText(msg)
	})
}

var server = ws.createServer(function (conn) {
	conn.on("text", function (str) {
		broadcast(server, str)
	})
}).listen(0)
${TELL}`;

const BINARY = `var ws = require("nodejs-websocket")

function process_my_data(data) {
	console.log("Last byte " + data[data.length - 1])
}

var server = ws.createServer(function (conn) {
	console.log("New connection")
	conn.on("binary", function (inStream) {
		// Empty buffer for collecting binary data
		var data = Buffer.alloc(0)
		// Read chunks of binary data and add to the buffer
		inStream.on("readable", function () {
		    var newData = inStream.read()
		    if (newData)
		        data = Buffer.concat([data, newData], data.length+newData.length)
		})
		inStream.on("end", function () {
			console.log("Received " + data.length + " bytes of binary data")
		    process_my_data(data)
		})
	})
	conn.on("close", function (code, reason) {
		console.log("Connection closed")
	})
}).listen(0)
${TELL}`;

describe("the examples of 1.7's README, unchanged", () => {
	kept("the scream server screams", async (bench) => {
		const program = start(bench, SCREAM);
		const [, port] = await program.printed(/port (\d+);/);
		const client = bench.connect(`ws://127.0.0.1:${port}/`);
		await next(client, "connect");
		const answer = next(client, "text");
		client.sendText("hi");
		expect(await answer).toEqual(["HI!!!"]);
		client.close();
		await program.printed(/New connection\nReceived hi\nConnection closed\n/);
	});

	kept("the broadcast reaches every client", async (bench) => {
		const program = start(bench, BROADCAST);
		const [, port] = await program.printed(/port (\d+);/);
		const clients = [1, 2, 3].map(() =>
			bench.connect(`ws://127.0.0.1:${port}/`),
		);
		await Promise.all(clients.map((client) => next(client, "connect")));
		const texts = Promise.all(clients.map((client) => next(client, "text")));
		clients[1].sendText("to everybody");
		expect(await texts).toEqual([
			["to everybody"],
			["to everybody"],
			["to everybody"],
		]);
	});

	kept("the binary server collects a stream", async (bench) => {
		const program = start(bench, BINARY);
		const [, port] = await program.printed(/port (\d+);/);
		const client = bench.connect(`ws://127.0.0.1:${port}/`);
		await next(client, "connect");
		const out = client.beginBinary();
		for (let i = 0; i < 30; i++) out.write(Buffer.alloc(50_000, i));
		out.end(Buffer.from([42]));
		await program.printed(
			/Received 1500001 bytes of binary data\nLast byte 42\n/,
		);
		client.sendBinary(Buffer.from([7]));
		await program.printed(/Received 1 bytes of binary data\nLast byte 7\n/);
	});
});

describe("the behaviours that 1.7's own test-suite held", () => {
	kept("a client adds its extraHeaders to the request", async (bench) => {
		const { near } = await bench.pair(
			{},
			{ extraHeaders: { "X-Headername": "header-value" } },
		);
		expect(near.headers["x-headername"]).toBe("header-value");
	});

	kept(
		"removeAllListeners on both ends breaks nothing that is sent",
		async (bench) => {
			const { server, near, far } = await bench.pair();
			near.removeAllListeners();
			far.removeAllListeners();
			server.removeAllListeners("connection");
			const text = next(near, "text");
			far.sendText("hello");
			expect(await text).toEqual(["hello"]);
			const binary = next(far, "binary");
			near.sendBinary(Buffer.from("hello"));
			await binary;
			const closed = next(far, "close");
			near.close(1000);
			expect((await closed)[0]).toBe(1000);
		},
	);

	kept(
		"texts in the middle of a binary transmission throw, and it goes on",
		async (bench) => {
			const { near, far } = await bench.pair();
			const received = new Promise<Buffer>((resolve) => {
				near.on("binary", (stream: import("node:stream").Readable) => {
					stream
						.toArray()
						.then((pieces: Buffer[]) => resolve(Buffer.concat(pieces)));
				});
			});
			const out = far.beginBinary();
			out.write("be");
			expect(() => far.sendText("text")).toThrow();
			expect(() => far.sendBinary(Buffer.from("binary"))).toThrow();
			out.end("fore");
			expect((await within("the data", received)).toString()).toBe("before");
		},
	);

	kept("both ends know the other's headers", async (bench) => {
		const { near, far } = await bench.pair();
		expect(near.headers.upgrade).toBe("websocket");
		expect(near.headers.connection).toBe("Upgrade");
		expect(far.headers.upgrade).toBe("websocket");
		expect(far.headers.connection).toBe("Upgrade");
	});

	kept(
		"send tells strings and Buffers apart at the other end",
		async (bench) => {
			const { near, far } = await bench.pair();
			const order: string[] = [];
			near.on("text", (text: string) => order.push(`text ${text}`));
			near.on("binary", () => order.push("binary"));
			const last = new Promise<void>((resolve) => {
				near.on("text", (text: string) => text === "end" && resolve());
			});
			far.send("a");
			far.send(Buffer.from("b"));
			far.send("end");
			await within("the last", last);
			expect(order).toEqual(["text a", "binary", "text end"]);
		},
	);

	kept(
		"a server that is closed with clients closes when they have",
		async (bench) => {
			const { server, url } = await bench.serve();
			const clients = [bench.connect(url), bench.connect(url)];
			await Promise.all(clients.map((client) => next(client, "connect")));
			const closes = record(server, "close");
			const closed = next(server, "close");
			server.close();
			expect(closes).toEqual([]);
			for (const client of clients) client.close();
			// The closing handshake of 1.7 leaves it to the client to end the TCP connection.
			for (const client of clients) client.socket.end();
			await closed;
			expect(server.connections).toEqual([]);
		},
	);
});

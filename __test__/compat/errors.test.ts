import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import { type Program, start } from "../support/compat-program.js";
import { next } from "../support/compat-wait.js";
import { frame, request } from "../support/compat-wire.js";

const masked = { mask: true };

/** A server that listens for no 'error', and prints what its connections go through. */
const SERVER = `const ws = require("nodejs-websocket");
const server = ws.createServer((connection) => {
	connection.on("text", (text) => connection.sendText(text));
	connection.on("binary", (stream) => stream.resume());
	connection.on("close", (code, reason) => console.log("closed", code, JSON.stringify(reason)));
}).listen(0, "127.0.0.1", () => console.log("port " + server.socket.address().port + ";"));
process.stdin.on("end", () => process.exit(0)).resume();`;

async function portOf(program: Program): Promise<number> {
	return Number((await program.printed(/port (\d+);/))[1]);
}

describe("a server without 'error' listeners", () => {
	fixed("survives RST of an open connection and tells 1006", async (bench) => {
		const program = start(bench, SERVER);
		const port = await portOf(program);
		const wire = await bench.dial(port);
		wire.write(request());
		await wire.head();
		wire.reset();
		await program.printed(/closed 1006 ""/);
		const second = await bench.dial(port);
		second.write(request());
		expect(await second.head()).toMatch(/^HTTP\/1\.1 101 /);
		program.child.stdin?.end();
		expect((await program.ended()).code).toBe(0);
	});

	formerly("RST of an open connection ended the process", async (bench) => {
		const program = start(bench, SERVER);
		const wire = await bench.dial(await portOf(program));
		wire.write(request());
		await wire.head();
		wire.reset();
		const { code, stderr } = await program.ended();
		expect(code).not.toBe(0);
		expect(stderr).toMatch(/ECONNRESET/);
	});

	kept("survives RST before the handshake", async (bench) => {
		const program = start(bench, SERVER);
		const port = await portOf(program);
		const wire = await bench.dial(port);
		wire.write("GET / HTTP/1.1\r\n");
		wire.reset();
		const second = await bench.dial(port);
		second.write(request(), frame(1, "alive", masked));
		await second.head();
		expect((await second.frame()).payload.toString()).toBe("alive");
		program.child.stdin?.end();
		expect((await program.ended()).code).toBe(0);
	});

	fixed(
		"survives a peer that goes while much is being sent to it",
		async (bench) => {
			const program = start(
				bench,
				`const ws = require("nodejs-websocket");
			const server = ws.createServer((connection) => {
				for (let i = 0; i < 200; i++) connection.sendBinary(Buffer.alloc(100000));
				connection.on("close", (code) => console.log("closed", code));
			}).listen(0, "127.0.0.1", () => console.log("port " + server.socket.address().port + ";"));
			process.stdin.on("end", () => process.exit(0)).resume();`,
			);
			const wire = await bench.dial(await portOf(program));
			wire.write(request());
			await wire.head();
			wire.reset();
			await program.printed(/closed 1006/);
			program.child.stdin?.end();
			expect((await program.ended()).code).toBe(0);
		},
	);

	fixed("survives a binary message that is cut off", async (bench) => {
		const program = start(bench, SERVER);
		const wire = await bench.dial(await portOf(program));
		wire.write(request(), frame(2, "half", { mask: true, fin: false }));
		await wire.head();
		wire.reset();
		await program.printed(/closed 1006/);
		program.child.stdin?.end();
		expect((await program.ended()).code).toBe(0);
	});

	kept("survives a protocol error", async (bench) => {
		const program = start(bench, SERVER);
		const wire = await bench.dial(await portOf(program));
		wire.write(request());
		await wire.head();
		wire.write(frame(3, "bad", masked));
		expect((await wire.frame()).payload.readUInt16BE()).toBe(1002);
		await program.printed(/closed 1002 undefined/);
		program.child.stdin?.end();
		expect((await program.ended()).code).toBe(0);
	});

	kept("is ended by misuse that nobody catches", async (bench) => {
		const program = start(
			bench,
			`const ws = require("nodejs-websocket");
			const server = ws.createServer((connection) => {
				connection.on("text", () => {
					connection.close();
					connection.sendText("too late");
				});
			}).listen(0, "127.0.0.1", () => console.log("port " + server.socket.address().port + ";"));`,
		);
		const wire = await bench.dial(await portOf(program));
		wire.write(request(), frame(1, "x", masked));
		const { code, stderr } = await program.ended();
		expect(code).not.toBe(0);
		expect(stderr).toContain("You can't write to a non-open connection");
	});
});

describe("a client without 'error' listeners", () => {
	fixed(
		"survives a server that is not there, and tells 1006",
		async (bench) => {
			const { server, url } = await bench.serve();
			const free = next(server, "close");
			server.close();
			await free;
			const program = start(
				bench,
				`require("nodejs-websocket").connect(process.argv[2])
				.on("close", (code, reason) => console.log("closed", code, JSON.stringify(reason)));`,
				[url],
			);
			const { code, stdout } = await program.ended();
			expect([code, stdout]).toEqual([0, 'closed 1006 ""\n']);
		},
	);

	formerly("a server that is not there ended the process", async (bench) => {
		const { server, url } = await bench.serve();
		const free = next(server, "close");
		server.close();
		await free;
		const program = start(
			bench,
			`require("nodejs-websocket").connect(process.argv[2]);`,
			[url],
		);
		const { code, stderr } = await program.ended();
		expect(code).not.toBe(0);
		expect(stderr).toMatch(/ECONNREFUSED/);
	});

	fixed("survives RST of an open connection", async (bench) => {
		const { server, url } = await bench.serve();
		server.on("connection", (connection) => {
			connection.on("text", () => connection.socket.resetAndDestroy());
		});
		const program = start(
			bench,
			`const connection = require("nodejs-websocket").connect(process.argv[2], () => connection.sendText("x"));
			connection.on("close", (code) => console.log("closed", code));`,
			[url],
		);
		const { code, stdout } = await program.ended();
		expect([code, stdout]).toEqual([0, "closed 1006\n"]);
	});
});

describe("a listener that throws", () => {
	fixed("leaves the connection's parsing as it should be", async (bench) => {
		const program = start(
			bench,
			`process.on("uncaughtException", (error) => console.log("caught", error.message));
			const ws = require("nodejs-websocket");
			const server = ws.createServer((connection) => {
				connection.on("text", (text) => {
					if (text === "bad") throw new Error("from a listener");
					connection.sendText("re: " + text);
				});
			}).listen(0, "127.0.0.1", () => console.log("port " + server.socket.address().port + ";"));`,
		);
		const wire = await bench.dial(await portOf(program));
		wire.write(
			request(),
			frame(1, "b", { mask: true, fin: false }),
			frame(0, "ad", masked),
			frame(1, "good", masked),
		);
		await wire.head();
		expect((await wire.frame()).payload.toString()).toBe("re: good");
		await program.printed(/caught from a listener/);
		wire.write(frame(1, "later", masked));
		expect((await wire.frame()).payload.toString()).toBe("re: later");
	});
});

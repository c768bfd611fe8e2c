/** A peer whose process is killed, in the middle of whatever it was doing, is a lost connection and nothing more. */
import { finished } from "node:stream";
import { describe, expect } from "vitest";
import { start } from "../support/compat-program.js";
import type { InStreamLike } from "../support/compat-types.js";
import { deferred, next, record, within } from "../support/compat-wait.js";
import { onEachEngine } from "../support/peer-engines.js";

const lost = { code: 1006, reason: "", wasClean: false };

/** A server that sends the beginning of a binary message to each client. */
const serverProgram = `
const ws = require("nodejs-websocket");
const server = ws.createServer((connection) => {
	connection.sendText("ready");
	connection.beginBinary().write(Buffer.alloc(1 << 20));
}).listen(0, "127.0.0.1", () => console.log("port " + server.socket.address().port));
`;

/** A client that does the same. */
const clientProgram = `
const ws = require("nodejs-websocket");
const connection = ws.connect(process.argv[2], () => {
	connection.sendText("ready");
	connection.beginBinary().write(Buffer.alloc(1 << 20));
});
`;

describe("a killed process", () => {
	onEachEngine("is a lost connection for its client", async (bench) => {
		const program = start(bench, serverProgram);
		const [, port] = await program.printed(/port (\d+)/);
		const far = bench.connect(`ws://127.0.0.1:${port}/`);
		const closes = record(far, "close");
		const stream = deferred<InStreamLike>();
		far.on("binary", stream.resolve);
		const inStream = await within("the stream", stream.promise);
		const ends = record(inStream, "end");
		inStream.resume();
		await next(inStream, "data");
		program.child.kill("SIGKILL");
		expect(await within("`closed`", far.closed)).toEqual(lost);
		expect(closes).toEqual([[1006, ""]]);
		expect(far.readyState).toBe(3);
		expect(inStream.aborted).toBe(true);
		expect(inStream.destroyed).toBe(true);
		expect(ends).toEqual([]);
	});

	onEachEngine(
		"is a lost connection for its server, which serves on",
		async (bench) => {
			const { server, url, accepted } = await bench.serve();
			const connection = accepted();
			const program = start(bench, clientProgram, [url]);
			const near = await connection;
			const closes = record(near, "close");
			const stream = deferred<InStreamLike>();
			near.on("binary", stream.resolve);
			const inStream = await within("the stream", stream.promise);
			// This one wants to know: it gets the error.
			const failure = new Promise((resolve) => finished(inStream, resolve));
			inStream.resume();
			const out = near.beginBinary();
			out.write(Buffer.alloc(100));
			program.child.kill("SIGKILL");
			expect(await within("`closed`", near.closed)).toEqual(lost);
			expect(closes).toEqual([[1006, ""]]);
			expect(await within("the error", failure)).toMatchObject({
				code: "WS_ERR_CONNECTION_LOST",
			});
			expect(inStream.aborted).toBe(true);
			expect(out.destroyed).toBe(true);
			expect(near.outStream).toBeNull();
			expect(server.connections).toEqual([]);

			const other = accepted();
			const far = bench.connect(url);
			await next(far, "connect");
			expect((await other).readyState).toBe(1);
		},
	);
});

import { createRequire } from "node:module";
import { connect as netConnect } from "node:net";
import { Duplex } from "node:stream";
import type { Connection, Server } from "nodejs-websocket";
import { describe, expect } from "vitest";
import {
	next,
	nextValue,
	record,
	turns,
	until,
	within,
} from "../support/compat-wait.js";
import { frame } from "../support/frames.js";
import { duplexPair } from "../transport/duplex-pair.js";
import { type ApiBench, behaves } from "./api-bench.js";

const require = createRequire(import.meta.url);
const DeepConnection = require("nodejs-websocket/Connection") as new (
	socket: Duplex,
	parentOrRequest: Server | { path: string; host: string; engine: string },
	callback?: () => void,
) => Connection;

/** A Duplex that carries its bytes over a TCP connection. */
class ProxyingDuplex extends Duplex {
	readonly #inner;
	constructor(port: number) {
		super();
		this.#inner = netConnect(port, "127.0.0.1");
		this.#inner.on("data", (chunk) => {
			if (!this.push(chunk)) this.#inner.pause();
		});
		this.#inner.on("end", () => this.push(null));
		this.#inner.on("error", () => this.destroy());
		this.#inner.on("close", () => this.destroy());
	}
	override _read(): void {
		this.#inner.resume();
	}
	override _write(
		chunk: Buffer,
		_encoding: string,
		callback: () => void,
	): void {
		if (this.#inner.write(chunk)) callback();
		else this.#inner.once("drain", callback);
	}
	override _final(callback: () => void): void {
		this.#inner.end(callback);
	}
	override _destroy(
		error: Error | null,
		callback: (error?: Error | null) => void,
	): void {
		this.#inner.destroy();
		callback(error);
	}
}

/** Two connections joined by a pair of streams in memory. */
async function joined(bench: ApiBench): Promise<{
	near: Connection;
	far: Connection;
	nearStream: Duplex;
	farStream: Duplex;
}> {
	const { server } = await bench.serve();
	const [nearStream, farStream] = duplexPair();
	const accepted = nextValue<Connection>(server, "connection");
	new DeepConnection(nearStream, server);
	const far = new DeepConnection(farStream, {
		path: "/memory",
		host: "nowhere",
		engine: bench.engine,
	});
	const connected = next(far, "connect");
	const near = await accepted;
	await connected;
	bench.afterwards(() => {
		nearStream.destroy();
		farStream.destroy();
	});
	return { near, far, nearStream, farStream };
}

describe("a Connection over streams that are no sockets", () => {
	behaves("shakes hands, talks both ways and closes", async (bench) => {
		const { near, far } = await joined(bench);
		expect(near.path).toBe("/memory");
		expect(near.headers.host).toBe("nowhere");
		near.on("message", (message) => near.send(message));
		const messages = record(far, "message");
		const large = Buffer.alloc(700_000, 3);
		far.sendText("héllo");
		far.sendBinary(large);
		far.sendText("");
		await until("three", () => messages.length === 3);
		expect(messages[0]).toEqual(["héllo", false]);
		expect(large.equals(messages[1][0] as Buffer)).toBe(true);
		expect(messages[2]).toEqual(["", false]);
		far.close(1000, "bye");
		expect(await within("the near end", near.closed)).toEqual({
			code: 1000,
			reason: "bye",
			wasClean: true,
		});
		expect(await within("the far end", far.closed)).toMatchObject({
			code: 1000,
			wasClean: true,
		});
	});

	behaves(
		"leaves their chunks as they came for other 'data' listeners",
		async (bench) => {
			const { near, nearStream, farStream } = await joined(bench);
			const raw: Buffer[] = [];
			nearStream.on("data", (chunk: Buffer) => raw.push(chunk));
			const texts = record(near, "text");
			const bytes = frame({
				opcode: 1,
				payload: "masked on the wire",
				mask: true,
			});
			farStream.write(bytes);
			await until("the text", () => texts.length === 1);
			expect(texts).toEqual([["masked on the wire"]]);
			expect(Buffer.concat(raw)).toEqual(bytes);
		},
	);

	behaves("pauses and resumes them", async (bench) => {
		const { near, far } = await joined(bench);
		const texts = record(near, "text");
		near.on("text", (text) => {
			if (text === "3") near.pause();
		});
		for (let i = 0; i < 10; i++) far.sendText(`${i}`);
		await until("four", () => texts.length >= 4);
		await turns(10);
		expect(texts).toHaveLength(4);
		near.resume();
		await until("all", () => texts.length === 10);
	});

	behaves(
		"works as a client through a stream that carries TCP",
		async (bench) => {
			const served = await bench.serve();
			const accepted = served.accepted();
			const stream = new ProxyingDuplex(served.port);
			bench.afterwards(() => stream.destroy());
			const far = new DeepConnection(stream, {
				path: "/",
				host: "localhost",
				engine: bench.engine,
			});
			const near = await accepted;
			await until("the connection", () => far.readyState === 1);
			near.on("text", (text) => near.sendText(text.toUpperCase()));
			const texts = record(far, "text");
			far.sendText("echo");
			await until("the echo", () => texts.length === 1);
			expect(texts).toEqual([["ECHO"]]);
			near.socket.destroy();
			expect(await within("the end", far.closed)).toMatchObject({ code: 1006 });
		},
	);
});

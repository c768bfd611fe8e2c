import { describe, expect } from "vitest";
import { next, record, turns, until } from "../support/compat-wait.js";
import { closeFrame, frame, request } from "../support/compat-wire.js";
import { behaves } from "./api-bench.js";

const masked = { mask: true };

function numbers(count: number): Buffer {
	return Buffer.concat(
		Array.from({ length: count }, (_, i) => frame(1, `${i}`, masked)),
	);
}

describe("a listener that throws", () => {
	behaves(
		"is one uncaught exception, and takes neither frames nor replies with it",
		async (bench) => {
			const uncaught = bench.uncaught();
			const { near, wire } = await bench.rawClient();
			const texts = record(near, "text");
			near.on("text", (text) => {
				near.sendText(text);
				if (text === "2" || text === "5") throw new Error(`of ${text}`);
			});
			wire.write(numbers(8));
			for (let i = 0; i < 8; i++)
				expect((await wire.frame()).payload.toString()).toBe(`${i}`);
			expect(texts).toHaveLength(8);
			expect(uncaught).toEqual(["of 2", "of 5"]);
		},
	);

	behaves("of 'binary' leaves the stream readable", async (bench) => {
		const uncaught = bench.uncaught();
		const { near, wire } = await bench.rawClient();
		const pieces: string[] = [];
		near.on("binary", (stream) => {
			stream.on("data", (piece) => pieces.push(String(piece)));
			throw new Error("of binary");
		});
		wire.write(
			frame(2, "one ", { mask: true, fin: false }),
			frame(0, "two", masked),
			frame(2, "three", masked),
		);
		await until("all", () => pieces.join("") === "one twothree");
		expect(uncaught).toEqual(["of binary", "of binary"]);
	});

	behaves("of 'connection' loses nothing of the connection", async (bench) => {
		const uncaught = bench.uncaught();
		const served = await bench.serve({}, (connection) => {
			connection.on("text", (text) => connection.sendText(text));
			throw new Error("of connection");
		});
		const wire = await bench.dial(served.port);
		wire.write(request(), numbers(2));
		await wire.head();
		expect((await wire.frame()).payload.toString()).toBe("0");
		expect((await wire.frame()).payload.toString()).toBe("1");
		expect(uncaught).toEqual(["of connection"]);
	});

	behaves(
		"of the client's 'connect' loses nothing of the connection",
		async (bench) => {
			const uncaught = bench.uncaught();
			const served = await bench.serve({}, (connection) => {
				connection.sendText("welcome");
			});
			const far = bench.connect(served.url);
			const texts = record(far, "text");
			far.on("connect", () => {
				throw new Error("of connect");
			});
			await until("the text", () => texts.length === 1);
			expect(uncaught).toEqual(["of connect"]);
		},
	);

	behaves(
		"of 'close' does not keep the connection from ending",
		async (bench) => {
			const uncaught = bench.uncaught();
			const { near, wire, server } = await bench.rawClient();
			near.on("close", () => {
				throw new Error("of close");
			});
			wire.write(closeFrame(1000, "", masked));
			expect((await wire.frame()).opcode).toBe(8);
			await wire.ended;
			wire.socket.end();
			expect(await near.closed).toMatchObject({ code: 1000, wasClean: true });
			expect(uncaught).toEqual(["of close"]);
			expect(server.connections).toEqual([]);
		},
	);

	behaves(
		"of 'close' after a loss does not keep the connection from ending",
		async (bench) => {
			const uncaught = bench.uncaught();
			const { near, wire } = await bench.rawClient();
			near.on("close", () => {
				throw new Error("of close");
			});
			wire.reset();
			expect(await near.closed).toMatchObject({ code: 1006 });
			expect(near.readyState).toBe(3);
			expect(uncaught).toEqual(["of close"]);
		},
	);

	behaves("of 'error' does not keep 'close' from coming", async (bench) => {
		const uncaught = bench.uncaught();
		const { near, wire } = await bench.rawClient();
		near.on("error", () => {
			throw new Error("of error");
		});
		const closes = record(near, "close");
		wire.write(frame(3, "", masked));
		const answer = await wire.frame();
		expect(answer.payload.readUInt16BE()).toBe(1002);
		expect(closes).toEqual([[1002, undefined]]);
		await turns();
		expect(uncaught).toEqual(["of error"]);
	});

	behaves("of 'ping' does not take the pong", async (bench) => {
		const uncaught = bench.uncaught();
		const { near, wire } = await bench.rawClient();
		near.on("ping", () => {
			throw new Error("of ping");
		});
		wire.write(frame(9, "a", masked), frame(9, "b", masked));
		expect((await wire.frame()).payload.toString()).toBe("a");
		expect((await wire.frame()).payload.toString()).toBe("b");
		expect(uncaught).toEqual(["of ping", "of ping"]);
	});

	behaves(
		"of a client likewise takes nothing but its own event",
		async (bench) => {
			const uncaught = bench.uncaught();
			const { near, far } = await bench.pair();
			far.once("text", () => {
				throw new Error("of text");
			});
			const message = next(far, "message");
			near.sendText("a");
			near.sendText("b");
			expect(await message).toEqual(["b", false]);
			expect(uncaught).toEqual(["of text"]);
		},
	);
});

import { describe, expect } from "vitest";
import { kept } from "../support/both.js";
import type { Bench } from "../support/compat-bench.js";
import { start } from "../support/compat-program.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { deferred, next, record, within } from "../support/compat-wait.js";
import { frame, request } from "../support/compat-wire.js";

const masked = { mask: true };

/** Sends 'bye', then lets `end` end the connection in the same tick; what the peer has seen of it. */
async function leaving(
	bench: Bench,
	end: (connection: ConnectionLike) => void,
): Promise<Buffer> {
	const { near, wire } = await bench.rawClient();
	near.sendText("bye");
	end(near);
	const bytes = await wire.rest();
	return bytes;
}

const BYE = Buffer.from("8103627965", "hex");

describe("a text sent in the tick in which the connection is ended", () => {
	const ends: Record<string, (connection: ConnectionLike) => void> = {
		"socket.end()": (connection) => connection.socket.end(),
		"socket.destroy()": (connection) => connection.socket.destroy(),
		"socket.destroySoon()": (connection) => connection.socket.destroySoon(),
		"conn.close() and socket.destroy()": (connection) => {
			connection.close();
			connection.socket.destroy();
		},
	};
	for (const [how, end] of Object.entries(ends)) {
		kept(`leaves before ${how}`, async (bench) => {
			const bytes = await leaving(bench, end);
			expect(bytes.subarray(0, BYE.length)).toEqual(BYE);
		});
	}

	kept("leaves before the close frame of conn.close()", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.sendText("bye");
		near.close(1000);
		expect(await wire.take(9)).toEqual(
			Buffer.concat([BYE, Buffer.from("880203e8", "hex")]),
		);
	});

	kept(
		"leaves before what the program writes to the socket itself",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			near.sendText("bye");
			near.socket.write(Buffer.from([0x89, 0]));
			near.sendText("bye");
			near.socket.end(Buffer.from([0x88, 0]));
			expect(await wire.rest()).toEqual(
				Buffer.concat([
					BYE,
					Buffer.from([0x89, 0]),
					BYE,
					Buffer.from([0x88, 0]),
				]),
			);
		},
	);

	kept("leaves from within a 'text' listener, too", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.on("text", () => {
			near.sendText("bye");
			near.socket.end();
		});
		wire.write(frame(1, "go", masked));
		expect(await wire.rest()).toEqual(BYE);
	});

	kept("leaves from within the 'connection' listener, too", async (bench) => {
		const { port } = await bench.serve({}, (connection) => {
			connection.sendText("bye");
			connection.socket.end();
		});
		const wire = await bench.dial(port);
		wire.write(request());
		await wire.head();
		expect(await wire.rest()).toEqual(BYE);
	});
});

describe("a text sent in the tick in which the process ends", () => {
	for (const [how, code] of Object.entries({
		"process.exit()": "process.exit(0)",
		"an uncaught exception": "throw new Error('on purpose')",
	})) {
		kept(`leaves before ${how}`, async (bench) => {
			const program = start(
				bench,
				`const ws = require("nodejs-websocket");
				const server = ws.createServer((connection) => {
					connection.on("text", () => {
						connection.sendText("bye");
						${code};
					});
				}).listen(0, "127.0.0.1", () => {
					console.log("port " + server.socket.address().port + ";");
				});`,
			);
			const [, port] = await program.printed(/port (\d+);/);
			const wire = await bench.dial(Number(port));
			wire.write(request(), frame(1, "go", masked));
			await wire.head();
			expect(await wire.rest()).toEqual(BYE);
			await program.ended();
		});
	}

	kept("leaves a client, too", async (bench) => {
		const { server, url } = await bench.serve();
		const { promise, resolve } = deferred<unknown>();
		server.on("connection", (connection: ConnectionLike) => {
			connection.on("error", () => {});
			connection.on("text", resolve);
		});
		const program = start(
			bench,
			`const connection = require("nodejs-websocket").connect(process.argv[2], () => {
				connection.sendText("from the client");
				process.exit(3);
			});`,
			[url],
		);
		expect(await within("the text", promise)).toBe("from the client");
		expect((await program.ended()).code).toBe(3);
	});
});

describe("what is sent in one tick", () => {
	kept("keeps its order across kinds", async (bench) => {
		const { near, wire } = await bench.rawClient();
		near.sendText("1");
		near.sendBinary(Buffer.from("2"));
		near.sendPing("3");
		near.sendBinary(Buffer.alloc(100_000, "4"));
		near.sendText("5");
		const seen: string[] = [];
		for (let i = 0; i < 5; i++) {
			const { opcode, payload } = await wire.frame();
			seen.push(`${opcode}${payload.toString("latin1", 0, 1)}`);
		}
		expect(seen).toEqual(["11", "22", "93", "24", "15"]);
	});

	kept("is answered in the order of the questions", async (bench) => {
		const { near, far } = await bench.pair();
		near.on("text", (text: string) => near.sendText(`re: ${text}`));
		const answers = record(far, "text");
		for (let i = 0; i < 100; i++) far.sendText(`${i}`);
		while (answers.length < 100) await next(far, "text");
		expect(answers.map(([text]) => text)).toEqual(
			Array.from({ length: 100 }, (_, i) => `re: ${i}`),
		);
	});
});

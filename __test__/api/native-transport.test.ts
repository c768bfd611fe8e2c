/** The option `transport`, and the net.Socket that stays beside a native link. */
import { describe, expect, test } from "vitest";
import {
	called,
	next,
	nextValue,
	record,
	turns,
	until,
	within,
} from "../support/compat-wait.js";
import { frame } from "../support/compat-wire.js";
import library from "../support/library.js";
import { behaves } from "./api-bench.js";
import { behavesNatively, native } from "./native-bench.js";

const masked = { mask: true };

describe("the option transport", () => {
	behavesNatively("chooses for either end", async (bench) => {
		const { near, far } = await bench.pair(native, native);
		expect(near.transport).toBe("native");
		expect(far.transport).toBe("native");
		near.sendText("a");
		expect(await nextValue(far, "text")).toBe("a");
		far.sendBinary(Buffer.from("b"));
		expect(await nextValue(near, "message")).toEqual(Buffer.from("b"));
	});

	behaves("'socket' is node:net", async (bench) => {
		const { near, far } = await bench.pair(
			{ transport: "socket" },
			{ transport: "socket" },
		);
		expect(near.transport).toBe("socket");
		expect(far.transport).toBe("socket");
	});

	behaves("is null before the connection is open", async (bench) => {
		const port = await bench.listenRaw(() => {});
		const far = bench.connect(`ws://127.0.0.1:${port}/`);
		expect(far.transport).toBe(null);
	});

	test("throws where it is another word", () => {
		expect(() =>
			library.createServer({ transport: "fast" as "native" }),
		).toThrow(expect.objectContaining({ code: "WS_ERR_OPTION" }));
	});

	const unavailable = expect.objectContaining({
		code: "WS_ERR_TRANSPORT_UNAVAILABLE",
	});

	test("'native' throws on the TypeScript engine", () => {
		expect(() =>
			library.createServer({ ...native, engine: "typescript" }),
		).toThrow(unavailable);
	});

	test("'native' throws with TLS", () => {
		expect(() => library.createServer({ ...native, secure: true })).toThrow(
			unavailable,
		);
		expect(() => library.connect("wss://127.0.0.1:1/", native)).toThrow(
			unavailable,
		);
	});
});

describe("the socket of a native connection", () => {
	behavesNatively("counts the bytes of either way", async (bench) => {
		const { near, wire } = await bench.rawClient(native);
		const { bytesRead, bytesWritten } = near.socket;
		expect(bytesRead).toBeGreaterThan(100);
		expect(bytesWritten).toBeGreaterThan(100);
		near.on("text", (text) => near.sendText(text));
		wire.write(frame(1, "hello", masked));
		await wire.frame();
		expect(near.socket.bytesRead).toBe(bytesRead + 11);
		expect(near.socket.bytesWritten).toBe(bytesWritten + 7);
		const closed = next(near.socket, "close");
		near.socket.destroy();
		await closed;
		expect(near.socket.bytesRead).toBe(bytesRead + 11);
	});

	behavesNatively("writes behind what was sent", async (bench) => {
		const { near, wire } = await bench.rawClient(native);
		near.sendText("1");
		let isDone = false;
		near.socket.write(frame(1, "2"), () => {
			isDone = true;
		});
		near.sendText("3");
		near.socket.write("\x81\x014", "latin1");
		for (const text of ["1", "2", "3", "4"])
			expect((await wire.frame()).payload.toString()).toBe(text);
		expect(isDone).toBe(true);
	});

	for (const transport of ["native", "socket"] as const) {
		behavesNatively(
			`is not overtaken between its chunks, over the ${transport} transport`,
			async (bench) => {
				const { near, wire } = await bench.rawClient({ transport });
				const [header, payload] = [
					Buffer.from([0x82, 5]),
					Buffer.from("bytes"),
				];
				const expectFrames = async (...expected: string[]) => {
					for (const text of expected)
						expect((await wire.frame()).payload.toString()).toBe(text);
				};
				near.socket.write(header);
				near.socket.write(payload);
				near.sendText("a");
				await expectFrames("bytes", "a");
				near.socket.cork();
				near.socket.write(header);
				near.sendText("bcd");
				near.socket.uncork();
				// What was sent came behind the header: it is its payload.
				expect((await wire.frame()).payload.toString("latin1")).toBe(
					"\x81\x03bcd",
				);
			},
		);

		behavesNatively(
			`is not overtaken where the kernel is full, over the ${transport} transport`,
			async (bench) => {
				const { near, wire } = await bench.rawClient({ transport });
				wire.socket.pause();
				near.sendBinary(Buffer.alloc(16 * 1024 * 1024));
				const done: string[] = [];
				near.socket.write(frame(1, "1"), () => done.push("1"));
				near.socket.write(frame(1, "2").subarray(0, 2));
				near.socket.write(frame(1, "2").subarray(2), () => done.push("2"));
				near.sendText("3", () => done.push("3"));
				near.sendBinary(Buffer.from("4"), () => done.push("4"));
				expect(near.bufferedAmount).toBeGreaterThan(1024 * 1024);
				wire.socket.resume();
				await wire.frame();
				for (const text of ["1", "2", "3", "4"])
					expect((await wire.frame()).payload.toString()).toBe(text);
				await until("the callbacks", () => done.length === 4);
				expect(done).toEqual(["1", "2", "3", "4"]);
				await until("nothing to wait", () => near.bufferedAmount === 0);
				near.sendText("5");
				expect((await wire.frame()).payload.toString()).toBe("5");
			},
		);

		behavesNatively(
			`is the last that is sent where it is ended, over the ${transport} transport`,
			async (bench) => {
				const { near, wire } = await bench.rawClient({ transport });
				near.socket.end(frame(1, "last"));
				const error = await called((callback) =>
					near.sendText("late", callback),
				);
				expect(error).toMatchObject({ code: "WS_ERR_CONNECTION_CLOSED" });
				near.close(1000);
				expect((await wire.frame()).payload.toString()).toBe("last");
				expect(await wire.rest()).toHaveLength(0);
			},
		);
	}

	behavesNatively("writes nothing, and goes on", async (bench) => {
		const { near, wire } = await bench.rawClient(native);
		const ended = next(wire.socket, "end");
		const done: string[] = [];
		near.socket.write("", () => done.push("nothing"));
		near.socket.write(frame(1, "1"), () => done.push("a frame"));
		near.socket.end("");
		expect((await wire.frame()).payload.toString()).toBe("1");
		await within("the end", ended);
		expect(done).toEqual(["nothing", "a frame"]);
	});

	for (const end of ["end", "destroySoon"] as const) {
		behavesNatively(
			`${end}() comes behind all that waits, however much it is`,
			async (bench) => {
				const { near, wire } = await bench.rawClient(native);
				wire.socket.pause();
				const block = Buffer.alloc(1 << 20, 1);
				for (let i = 0; i < 12; i++) near.sendBinary(block);
				near.sendText("last");
				(near.socket as unknown as Record<typeof end, () => void>)[end]();
				near.sendText("too late");
				await turns(5);
				wire.socket.resume();
				for (let i = 0; i < 12; i++)
					expect((await wire.frame()).payload).toHaveLength(1 << 20);
				expect((await wire.frame()).payload.toString()).toBe("last");
				await within("FIN", wire.ended);
			},
		);
	}

	behavesNatively("destroy() is seen by the peer", async (bench) => {
		const { near, wire } = await bench.rawClient(native);
		near.sendText("bye");
		near.socket.destroy();
		expect((await wire.frame()).payload.toString()).toBe("bye");
		await within("FIN", wire.ended);
		expect(await within("the end", near.closed)).toMatchObject({ code: 1006 });
	});

	behavesNatively("resetAndDestroy() is seen as a reset", async (bench) => {
		const { near, wire } = await bench.rawClient(native);
		near.socket.resetAndDestroy();
		expect(await within("the reset", wire.gone)).toMatchObject({
			code: "ECONNRESET",
		});
	});

	behavesNatively("pause() and resume() hold for what comes", async (bench) => {
		const { near, wire } = await bench.rawClient(native);
		const texts = record(near, "text");
		wire.write(frame(1, "1", masked));
		await until("the first", () => texts.length === 1);
		expect(near.socket.isPaused()).toBe(false);
		near.socket.pause();
		expect(near.socket.isPaused()).toBe(true);
		wire.write(frame(1, "2", masked));
		await turns(20);
		// The one pause does not lift the other.
		near.pause();
		near.resume();
		await turns(20);
		expect(texts).toEqual([["1"]]);
		near.socket.resume();
		await until("the second", () => texts.length === 2);
		expect(near.socket.isPaused()).toBe(false);
	});

	behavesNatively("times out when nothing comes or goes", async (bench) => {
		const { near, wire } = await bench.rawClient(native);
		const timeouts = record(near.socket, "timeout");
		near.on("text", (text) => near.sendText(text));
		near.socket.setTimeout(300);
		// Activity for longer than the time-out.
		const end = Date.now() + 600;
		while (Date.now() < end) {
			const before = Date.now();
			wire.write(frame(1, "x", masked));
			await wire.frame();
			await new Promise((resolve) => setTimeout(resolve, 10));
			// Where the machine stalls so long the time-out is right.
			if (Date.now() - before > 250) return;
		}
		expect(timeouts).toEqual([]);
		await until("the time-out", () => timeouts.length > 0);
	});

	behavesNatively("emits 'end' when the peer ends its side", async (bench) => {
		const { near, wire } = await bench.rawClient(native);
		const end = next(near.socket, "end");
		const close = next(near.socket, "close");
		wire.socket.end();
		await end;
		await close;
		expect(near.socket.destroyed).toBe(true);
	});
});

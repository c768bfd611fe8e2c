import { describe, expect } from "vitest";
import { fixed, kept } from "../support/both.js";
import { next, record } from "../support/compat-wait.js";

const NOT_OPEN = "You can't write to a non-open connection";

describe("sending when not open", () => {
	kept("emits 'error' synchronously and returns undefined", async (bench) => {
		const { near } = await bench.pair();
		const errors = record(near, "error");
		near.close();
		expect(near.sendText("a")).toBeUndefined();
		expect(errors).toHaveLength(1);
		expect(near.sendBinary(Buffer.from("a"))).toBeUndefined();
		expect(near.beginBinary()).toBeUndefined();
		expect(near.sendPing("a")).toBeUndefined();
		expect(near.send("a")).toBeUndefined();
		expect(errors).toHaveLength(5);
		for (const [error] of errors) {
			expect(error).toBeInstanceOf(Error);
			expect((error as Error).message).toBe(NOT_OPEN);
		}
	});

	kept("throws where nobody listens for 'error'", async (bench) => {
		const { near } = await bench.pair();
		near.close();
		expect(() => near.sendText("a")).toThrow(NOT_OPEN);
		expect(() => near.sendBinary(Buffer.from("a"))).toThrow(NOT_OPEN);
		expect(() => near.send("a")).toThrow(NOT_OPEN);
		expect(() => near.beginBinary()).toThrow(NOT_OPEN);
		expect(() => near.sendPing()).toThrow(NOT_OPEN);
	});

	kept("holds while connecting, too", async (bench) => {
		const { url } = await bench.serve();
		const client = bench.connect(url);
		expect(() => client.sendText("too early")).toThrow(NOT_OPEN);
		await next(client, "connect");
		expect(client.sendText("now")).toBe(true);
	});

	fixed("has an error with a stable code", async (bench) => {
		const { near } = await bench.pair();
		near.close();
		expect(() => near.sendText("a")).toThrow(
			expect.objectContaining({ code: "WS_ERR_NOT_OPEN", initiator: "local" }),
		);
	});
});

describe("sending during a binary transmission", () => {
	const TEXT =
		"You can't send a text frame until you finish sending binary frames";
	const BINARY =
		"You can't send more binary frames until you finish sending the previous binary frames";

	kept("is an 'error' for text and for binary", async (bench) => {
		const { far } = await bench.pair();
		const errors = record(far, "error");
		far.beginBinary();
		expect(far.sendText("a")).toBeUndefined();
		expect(far.sendBinary(Buffer.from("a"))).toBeUndefined();
		expect(far.beginBinary()).toBeUndefined();
		expect(far.send("a")).toBeUndefined();
		expect(far.send(Buffer.from("a"))).toBeUndefined();
		expect(errors.map(([error]) => (error as Error).message)).toEqual([
			TEXT,
			BINARY,
			BINARY,
			TEXT,
			BINARY,
		]);
	});

	kept("throws where nobody listens for 'error'", async (bench) => {
		const { far } = await bench.pair();
		far.beginBinary();
		expect(() => far.sendText("a")).toThrow(TEXT);
		expect(() => far.sendBinary(Buffer.from("a"))).toThrow(BINARY);
		expect(() => far.beginBinary()).toThrow(BINARY);
	});

	kept(
		"is still one in the tick of end(), and none after 'finish'",
		async (bench) => {
			const { near, far } = await bench.pair();
			const stream = far.beginBinary();
			const finished = next(stream, "finish");
			stream.end("x");
			expect(() => far.sendText("a")).toThrow(TEXT);
			await finished;
			const text = next(near, "text");
			far.sendText("after");
			expect(await text).toEqual(["after"]);
		},
	);

	kept("lets pings through between the fragments", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const stream = near.beginBinary();
		near.sendPing("p");
		stream.end("x");
		expect(await wire.take(6)).toEqual(Buffer.from("890170820178", "hex"));
	});

	fixed("has errors with stable codes", async (bench) => {
		const { far } = await bench.pair();
		far.beginBinary();
		expect(() => far.sendText("a")).toThrow(
			expect.objectContaining({ code: "WS_ERR_TEXT_DURING_BINARY" }),
		);
		expect(() => far.beginBinary()).toThrow(
			expect.objectContaining({ code: "WS_ERR_BINARY_DURING_BINARY" }),
		);
	});
});

import { describe, expect } from "vitest";
import { fixed, formerly, kept } from "../support/both.js";
import { next, record, turns } from "../support/compat-wait.js";
import { closeFrame, frame } from "../support/compat-wire.js";

const masked = { mask: true };

describe("a close frame that comes", () => {
	kept("is echoed with code and reason", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const closed = next(near, "close");
		wire.write(closeFrame(3001, "why", masked));
		expect(await wire.take(7)).toEqual(Buffer.from("88050bb9776879", "hex"));
		expect(await closed).toEqual([3001, "why"]);
		expect(near.readyState).toBe(near.CLOSED);
	});

	kept("is 1005 without a payload, and so is the answer", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const closed = next(near, "close");
		wire.write(frame(8, "", masked));
		expect(await wire.take(2)).toEqual(Buffer.from("8800", "hex"));
		expect(await closed).toEqual([1005, ""]);
	});

	kept("is echoed by a client, masked", async (bench) => {
		const { far, wire } = await bench.rawServer();
		const closed = next(far, "close");
		wire.write(closeFrame(1001, "restart"));
		const answer = await wire.frame();
		expect([answer.opcode, answer.masked]).toEqual([8, true]);
		expect(answer.payload).toEqual(closeFrame(1001, "restart").subarray(2));
		expect(await closed).toEqual([1001, "restart"]);
	});

	kept("makes the connection refuse to send", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const closed = next(near, "close");
		wire.write(closeFrame(1000, "", masked));
		await closed;
		expect(() => near.sendText("late")).toThrow("non-open");
	});

	kept(
		"in CLOSING ends the TCP connection without a second 'close'",
		async (bench) => {
			const { near, wire } = await bench.rawClient();
			const closes = record(near, "close");
			near.close(1000, "mine");
			expect((await wire.frame()).opcode).toBe(8);
			wire.write(closeFrame(1000, "yours", masked));
			expect(await wire.rest()).toEqual(Buffer.alloc(0));
			expect(closes).toEqual([[1000, "mine"]]);
		},
	);

	kept("ends what is read: later frames are dropped", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const texts = record(near, "text");
		const closed = next(near, "close");
		wire.write(closeFrame(1000, "", masked), frame(1, "late", masked));
		await closed;
		await wire.frame();
		await turns();
		expect(texts).toEqual([]);
	});

	fixed("makes a server end the TCP connection", async (bench) => {
		const { wire } = await bench.rawClient();
		wire.write(closeFrame(1000, "", masked));
		expect((await wire.frame()).opcode).toBe(8);
		expect(await wire.rest()).toEqual(Buffer.alloc(0));
	});

	formerly("the server left the TCP connection open", async (bench) => {
		const { near, wire } = await bench.rawClient();
		wire.write(closeFrame(1000, "", masked));
		await wire.frame();
		await turns(10);
		expect(near.socket.writableEnded).toBe(false);
	});

	fixed("with a payload of one byte fails with 1002", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const closed = next(near, "close");
		wire.write(frame(8, "x", masked));
		expect((await wire.frame()).payload.readUInt16BE()).toBe(1002);
		expect((await closed)[0]).toBe(1002);
	});

	formerly("a payload of one byte counted as none", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const closed = next(near, "close");
		wire.write(frame(8, "x", masked));
		expect(await closed).toEqual([1005, ""]);
	});

	fixed("with a code that may not be sent fails with 1002", async (bench) => {
		for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000]) {
			const { near, wire } = await bench.rawClient();
			const closed = next(near, "close");
			wire.write(closeFrame(code, "", masked));
			const answer = (await wire.frame()).payload.readUInt16BE();
			expect([code, answer]).toEqual([code, 1002]);
			expect((await closed)[0]).toBe(1002);
		}
	});

	formerly("any code was accepted", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const closed = next(near, "close");
		wire.write(closeFrame(999, "", masked));
		expect(await closed).toEqual([999, ""]);
	});

	fixed("with a reason that is no UTF-8 fails with 1007", async (bench) => {
		const { wire } = await bench.rawClient();
		const payload = Buffer.from("03e8ff", "hex");
		wire.write(frame(8, payload, masked));
		expect((await wire.frame()).payload.readUInt16BE()).toBe(1007);
	});
});

describe("frames while this end is closing", () => {
	kept("bring neither texts nor binaries", async (bench) => {
		const { near, wire } = await bench.rawClient();
		const seen = [record(near, "text"), record(near, "binary")];
		near.close(1000);
		wire.write(
			frame(1, "a", masked),
			frame(2, "b", masked),
			frame(8, "", masked),
		);
		await wire.frame();
		await wire.rest();
		expect(seen).toEqual([[], []]);
	});
});

/**
 * What every Link does, whatever carries its bytes. An implementation's test file calls `describeLink` with a factory; all
 * that is said here holds for it.
 */
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EVENTS_PER_TURN } from "../../lib/engine/engine.js";
import { DEFAULT_MAX_PENDING_BYTES } from "../../lib/rfc6455/limits.js";
import type { Link } from "../../lib/transport/link.js";
import {
	pendingBytes,
	setMaxPendingBytes,
} from "../../lib/transport/pending-bytes.js";
import { next, turns, until } from "../support/compat-wait.js";
import { frame, readFrames } from "../support/frames.js";
import { Recorder } from "./recorder.js";

export interface LinkUnderTest {
	/** A server's link with the default limits, past its opening handshake and not opened. */
	link: Link;
	/** The other end of the transport, raw. */
	peer: Duplex;
}

export type LinkFactory = () => Promise<LinkUnderTest>;

const TEXT = 0x81;
const NO_HEAD = new Uint8Array(0);

const text = (payload: string) => frame({ opcode: 1, payload, mask: true });

const numbers = (count: number) =>
	Buffer.concat(Array.from({ length: count }, (_, i) => text(`${i}`)));

const numbered = (count: number) =>
	Array.from({ length: count }, (_, i) => `text ${i}`);

/**
 * @param isWarm whether each link is opened with a frame that nobody is told of: what it does with its first bytes may differ
 *   from what it does with the next
 */
export function describeLink(
	name: string,
	factory: LinkFactory,
	{ isWarm = false } = {},
): void {
	const unheard = isWarm ? frame({ opcode: 10, mask: true }) : NO_HEAD;
	describe(name, () => {
		let link: Link;
		let peer: Duplex;
		let sink: Recorder;
		/** What has come at the peer. */
		let received: Buffer;

		beforeEach(async () => {
			({ link, peer } = await factory());
			sink = new Recorder();
			if (isWarm) sink.ignore("pong ");
			received = Buffer.alloc(0);
			peer.on("error", () => {});
		});

		afterEach(async () => {
			setMaxPendingBytes(DEFAULT_MAX_PENDING_BYTES);
			link.destroy();
			peer.destroy();
			if (sink.isOpen)
				await until("the end", () => sink.events.includes("closed"));
		});

		function open(head: Uint8Array = NO_HEAD): void {
			sink.isOpen = true;
			link.open(sink, Buffer.concat([unheard, head]));
		}

		function read(): void {
			peer.on("data", (chunk: Buffer) => {
				received = Buffer.concat([received, chunk]);
			});
		}

		test("delivers what the peer sends, behind what came with the handshake", async () => {
			open(Buffer.concat([text("head"), text("half").subarray(0, 5)]));
			peer.write(
				Buffer.concat([
					text("half").subarray(5),
					frame({ opcode: 2, payload: "bytes", mask: true }),
					frame({ opcode: 9, payload: "p", mask: true }),
					frame({ opcode: 10, payload: "q", mask: true }),
				]),
			);
			await until("the pong", () => sink.events.includes("pong q"));
			expect(sink.events).toEqual([
				"text head",
				"text half",
				"binary bytes",
				"ping p",
				"pong q",
			]);
		});

		test("reads nothing before it is opened", async () => {
			peer.write(text("early"));
			await turns(5);
			expect(sink.events).toEqual([]);
			open();
			await until("the text", () => sink.events.length === 1);
		});

		test("sends frames in the order of the calls, whatever their size", async () => {
			open();
			read();
			link.sendText(TEXT, "1");
			link.sendBytes(0x82, Buffer.alloc(100_000, "2"));
			link.sendText(TEXT, "é");
			link.sendBytes(0x89, Buffer.from("4"));
			link.sendText(TEXT, "5".repeat(70_000));
			const total = 3 + 100_010 + 4 + 3 + 70_010;
			await until("all", () => received.length === total);
			const frames = readFrames(received);
			expect(
				frames.map(({ first, payload }) => [first, payload.length, payload[0]]),
			).toEqual([
				[0x81, 1, 0x31],
				[0x82, 100_000, 0x32],
				[0x81, 2, 0xc3],
				[0x89, 1, 0x34],
				[0x81, 70_000, 0x35],
			]);
		});

		test("sends each text as its own UTF-8, whatever its neighbours", async () => {
			open();
			read();
			const texts = [
				"a",
				"",
				"é",
				"世界",
				"x".repeat(125),
				"é".repeat(125),
				"x".repeat(126),
				// Halves of one character, which are none alone.
				"\ud83d",
				"\ude00",
				"z",
			];
			let total = 0;
			const expected: [number, string][] = [];
			for (const message of texts) {
				link.sendText(TEXT, message);
				link.sendBytes(0x82, Buffer.from("b"));
				link.sendText(TEXT, message);
				link.sendText(TEXT, message);
				const bytes = Buffer.from(message);
				total += 3 + 3 * (bytes.length + (bytes.length < 126 ? 2 : 4));
				const sent: [number, string] = [TEXT, bytes.toString()];
				expected.push(sent, [0x82, "b"], sent, sent);
				expect(link.bufferedAmount).toBe(total);
			}
			await until("all", () => received.length === total);
			const frames = readFrames(received);
			expect(
				frames.map(({ first, payload }) => [first, payload.toString()]),
			).toEqual(expected);
		});

		test("may send before it is opened", async () => {
			read();
			link.sendText(TEXT, "early");
			open();
			await until("the frame", () => received.length === 7);
		});

		test("counts in bufferedAmount what has not been handed over", async () => {
			open();
			read();
			link.sendText(TEXT, "12345");
			expect(link.bufferedAmount).toBe(7);
			link.sendBytes(0x82, Buffer.alloc(200));
			expect(link.bufferedAmount).toBe(211);
			await until("all", () => received.length === 211);
			await until("nothing", () => link.bufferedAmount === 0);
		});

		test("calls callbacks once, in order, with null", async () => {
			open();
			read();
			const calls: unknown[] = [];
			link.sendText(TEXT, "a", (error) => calls.push("a", error));
			link.sendBytes(0x82, Buffer.alloc(50_000), (error) =>
				calls.push("b", error),
			);
			link.sendText(TEXT, "c");
			link.sendText(TEXT, "d", (error) => calls.push("d", error));
			expect(calls).toEqual([]);
			await until("three", () => calls.length === 6);
			await turns();
			expect(calls).toEqual(["a", null, "b", null, "d", null]);
		});

		test("says false when the peer is behind, then drain once", async () => {
			open();
			const block = Buffer.alloc(1024 * 1024);
			while (link.bufferedAmount < 4 * block.length) {
				link.sendBytes(0x82, block);
				await turns(1);
			}
			// Until the peer's buffers were full the operating system drained more than once.
			sink.events.length = 0;
			expect(link.sendText(TEXT, "more")).toBe(false);
			await turns(5);
			expect(sink.events).toEqual([]);
			peer.resume();
			await until("the drain", () => sink.events.length > 0);
			expect(link.bufferedAmount).toBe(0);
			await turns(5);
			expect(sink.events).toEqual(["drain"]);
			expect(link.sendText(TEXT, "again")).toBe(true);
		});

		test("keeps what waits for a peer that is behind, whatever others send", async () => {
			const other = await factory();
			const otherSink = new Recorder();
			other.link.open(otherSink, NO_HEAD);
			other.peer.on("error", () => {});
			other.peer.resume();
			open();
			const block = Buffer.alloc(1024 * 1024, "b");
			while (link.bufferedAmount < 4 * block.length) {
				link.sendBytes(0x82, block);
				await turns(1);
			}
			for (let i = 0; i < 500; i++) {
				link.sendText(TEXT, `${i}`);
				other.link.sendText(TEXT, "o".repeat(300));
				if (i % 50 === 0) {
					link.sendBytes(0x82, Buffer.alloc(40_000, i));
					await turns(1);
				}
			}
			read();
			await until("all", () => link.bufferedAmount === 0);
			link.shutdown();
			await next(peer, "end");
			const frames = readFrames(received);
			const behind = frames.slice(
				frames.findIndex(({ first }) => first === TEXT),
			);
			let i = 0;
			for (const { first, payload } of behind) {
				if (first === TEXT) expect(payload.toString()).toBe(`${i++}`);
				else expect(payload).toEqual(Buffer.alloc(40_000, i - 1));
			}
			expect(i).toBe(500);
			other.link.destroy();
			other.peer.destroy();
			await until("the other end", () => otherSink.events.includes("closed"));
		});

		test("is congested when much waits for the peer, and then drains, whatever the sends said", async () => {
			open();
			expect(link.isCongested(1)).toBe(false);
			while (!link.isCongested(64 * 1024)) {
				link.sendBytes(0x82, Buffer.alloc(60_000));
				link.flush();
				await turns(1);
			}
			expect(link.bufferedAmount).toBeGreaterThanOrEqual(64 * 1024);
			await turns(5);
			sink.events.length = 0;
			peer.resume();
			await until("the drain", () => sink.events.includes("drain"));
			expect(link.isCongested(1)).toBe(false);
		});

		test("drains also where a send was false and what waited had left before its turn", async () => {
			open();
			peer.resume();
			link.sendBytes(0x82, Buffer.alloc(12_000));
			link.flush();
			let isBehind = false;
			while (!isBehind) isBehind = !link.sendBytes(0x82, Buffer.alloc(1000));
			await until("the drain", () => sink.events.includes("drain"));
			await turns(5);
			expect(sink.events).toEqual(["drain"]);
		});

		test("pauses in the middle of a chunk and goes on where it was", async () => {
			open();
			sink.on("text 4", () => link.pause());
			peer.write(numbers(10));
			await until("five", () => sink.events.length >= 5);
			await turns(5);
			peer.write(text("10"));
			await turns(5);
			expect(sink.events).toEqual(numbered(5));
			link.resume();
			await until("all", () => sink.events.length >= 11);
			expect(sink.events).toEqual(numbered(11));
		});

		test("paused and resumed within one event it goes on at once", async () => {
			open();
			sink.on("text 4", () => {
				link.pause();
				link.resume();
			});
			peer.write(numbers(10));
			await until("all", () => sink.events.length === 10);
			expect(sink.events).toEqual(numbered(10));
		});

		test("opened paused delivers nothing, the head neither", async () => {
			link.pause();
			open(numbers(2));
			peer.write(text("2"));
			await turns(5);
			expect(sink.events).toEqual([]);
			link.resume();
			await until("all", () => sink.events.length === 3);
			expect(sink.events).toEqual(numbered(3));
		});

		test("lets others run between parts of a chunk of many frames", async () => {
			open();
			const count = EVENTS_PER_TURN * 3;
			let others = 0;
			const tick = () => {
				others++;
				if (sink.events.length < count) setImmediate(tick);
			};
			sink.on("text 0", () => setImmediate(tick));
			peer.write(numbers(count));
			await until("all", () => sink.events.length === count);
			expect(sink.events).toEqual(numbered(count));
			expect(others).toBeGreaterThanOrEqual(2);
		});

		test("a sink that throws loses nothing of what follows", async () => {
			const thrown: string[] = [];
			const others = process.listeners("uncaughtException");
			process.removeAllListeners("uncaughtException");
			process.on("uncaughtException", (error) => thrown.push(error.message));
			try {
				open();
				read();
				for (const event of ["text 1", "text 3"]) {
					sink.on(event, () => {
						link.sendText(TEXT, event);
						throw new Error(event);
					});
				}
				peer.write(numbers(3));
				peer.write(Buffer.concat([text("3"), text("4")]));
				peer.write(text("5"));
				await until("all", () => sink.events.length === 6);
				await until("the replies", () => received.length === 16);
			} finally {
				process.removeAllListeners("uncaughtException");
				for (const other of others) process.on("uncaughtException", other);
			}
			expect(sink.events).toEqual(numbered(6));
			expect(thrown).toEqual(["text 1", "text 3"]);
		});

		test("tells of a broken rule once, and drops what follows", async () => {
			open();
			peer.write(
				Buffer.concat([
					text("0"),
					frame({ opcode: 3, mask: true }),
					numbers(3),
				]),
			);
			await until("the failure", () => sink.events.length >= 2);
			peer.write(text("more"));
			await turns(5);
			expect(sink.events).toEqual(["text 0", "failure WS_ERR_OPCODE"]);
		});

		test("shutdown sends what waits, then FIN, and goes on reading", async () => {
			open();
			read();
			let hasEnded = false;
			peer.on("end", () => {
				hasEnded = true;
			});
			link.sendText(TEXT, "last");
			link.shutdown();
			await until("FIN", () => hasEnded);
			expect(received.subarray(2).toString()).toBe("last");
			peer.write(text("0"));
			await until("the text", () => sink.events.length === 1);
			peer.end();
			await until("the end", () => sink.events.includes("closed"));
			expect(sink.events).toEqual(["text 0", "ended", "closed"]);
		});

		test("tells of the peer's end behind what came before it", async () => {
			open();
			sink.on("text 2", () => link.pause());
			sink.on("ended", () => link.shutdown());
			peer.end(numbers(5));
			peer.resume();
			await until("three", () => sink.events.length === 3);
			await turns(10);
			expect(sink.events).toEqual(numbered(3));
			link.resume();
			await until("the end", () => sink.events.includes("closed"));
			expect(sink.events).toEqual([...numbered(5), "ended", "closed"]);
		});

		test("destroy is told by closed, once and last", async () => {
			open();
			peer.write(numbers(3));
			sink.on("text 1", () => link.destroy());
			await until("the end", () => sink.events.includes("closed"));
			link.destroy();
			await turns(5);
			expect(sink.events.at(-1)).toBe("closed");
			expect(sink.events.filter((event) => event === "closed")).toHaveLength(1);
		});

		test("destroy hands over what waits first", async () => {
			open();
			read();
			await turns();
			link.sendText(TEXT, "last");
			link.destroy();
			await until("the end", () => sink.events.includes("closed"));
			await until("it", () => received.length > 0);
			expect(received.toString("latin1")).toBe("\x81\x04last");
		});

		test("after the end callbacks get the typed error", async () => {
			open();
			link.destroy();
			await until("the end", () => sink.events.includes("closed"));
			const errors: unknown[] = [];
			link.sendText(TEXT, "late", (error) => errors.push(error));
			link.sendBytes(0x82, Buffer.alloc(100_000), (error) =>
				errors.push(error),
			);
			await until("both", () => errors.length === 2);
			for (const error of errors)
				expect(error).toMatchObject({ code: "WS_ERR_CONNECTION_CLOSED" });
			expect(link.bufferedAmount).toBe(0);
		});

		test("is told closed where the transport was lost before it was opened", async () => {
			peer.destroy();
			link.destroy();
			await turns(5);
			open();
			await until("the end", () => sink.events.length > 0);
			expect(sink.events.at(-1)).toBe("closed");
		});

		test("books incomplete messages, and gives up over the budget of the process", async () => {
			const before = pendingBytes();
			open();
			peer.write(
				frame({
					fin: false,
					opcode: 1,
					payload: Buffer.alloc(30_000, 97),
					mask: true,
				}),
			);
			await until("the booking", () => pendingBytes() === before + 30_000);
			setMaxPendingBytes(before + 40_000);
			peer.write(
				frame({
					fin: false,
					opcode: 0,
					payload: Buffer.alloc(20_000, 97),
					mask: true,
				}),
			);
			await until("the failure", () => sink.events.length > 0);
			expect(sink.events).toEqual(["failure WS_ERR_PENDING_BYTES"]);
			expect(pendingBytes()).toBe(before);
		});

		test("books nothing any more after its end", async () => {
			const before = pendingBytes();
			open();
			peer.write(
				frame({
					fin: false,
					opcode: 1,
					payload: Buffer.alloc(30_000, 97),
					mask: true,
				}),
			);
			await until("the booking", () => pendingBytes() > before);
			link.destroy();
			await until("the end", () => sink.events.includes("closed"));
			expect(pendingBytes()).toBe(before);
		});
	});
}

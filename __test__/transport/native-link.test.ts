import { setFlagsFromString } from "node:v8";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
	createNativeEngine,
	NativeEngine,
} from "../../lib/engine/native/engine.js";
import { compressionBytes } from "../../lib/transport/compression-memory.js";
import { NativeLink } from "../../lib/transport/native/native-link.js";
import { reactorOf } from "../../lib/transport/native/reactor.js";
import { turns, until } from "../support/compat-wait.js";
import {
	nativeEngine,
	nativeMissing,
	nativeRequired,
} from "../support/engines.js";
import { frame, readFrames } from "../support/frames.js";
import { describeLink } from "./link.contract.js";
import { Recorder } from "./recorder.js";
import { limits, socketPair } from "./socket-pair.js";

const reactor =
	nativeEngine === null ? { reason: nativeMissing } : reactorOf(nativeEngine);

if (nativeEngine instanceof NativeEngine && !("reason" in reactor)) {
	const engine = nativeEngine;

	/** A link that has not been opened. */
	async function pair() {
		const [near, peer] = await socketPair();
		const link = NativeLink.create(near, engine, "server", limits, null);
		if (link === null) throw new Error("The socket was not taken over");
		return { link, peer };
	}

	describeLink("a NativeLink over TCP", pair);
	describeLink("a NativeLink over TCP that has received before", pair, {
		isWarm: true,
	});

	describe("a NativeLink", () => {
		const ends: (() => void)[] = [];
		afterEach(() => {
			vi.restoreAllMocks();
			for (const end of ends.splice(0)) end();
		});

		/** A link that is open, whose sink keeps binary messages, and what has come at its peer. */
		async function make() {
			const { link, peer } = await pair();
			const sink = new Recorder();
			const messages: Buffer[] = [];
			const tell = sink.binary;
			sink.binary = (message) => {
				messages.push(message);
				tell(message);
			};
			let received = Buffer.alloc(0);
			peer.on("error", () => {});
			peer.on("data", (chunk) => {
				received = Buffer.concat([received, chunk]);
			});
			ends.push(() => {
				link.destroy();
				peer.destroy();
			});
			link.open(sink, new Uint8Array(0));
			const frames = () => readFrames(received).map(({ payload }) => payload);
			const size = () => received.length;
			return { link, peer, sink, messages, frames, size };
		}

		/** A link that has received something: from then on the addon parses what comes. */
		async function makeWarm() {
			const made = await make();
			made.peer.write(masked(1, "warm"));
			await until("the text", () => made.sink.events.length === 1);
			return made;
		}

		async function several<T>(one: () => Promise<T>, count: number) {
			const all: T[] = [];
			while (all.length < count) all.push(await one());
			return all;
		}

		const masked = (opcode: number, payload: string | Buffer) =>
			frame({ opcode, payload, mask: true });

		test("answers all frames of a chunk, and what follows an await, in one call each", async () => {
			const { link, peer, sink, frames } = await makeWarm();
			const flush = vi.spyOn(engine.binding, "reactorFlush");
			const send = vi.spyOn(engine.binding, "reactorSend");
			for (let i = 0; i < 10; i++) {
				sink.on(`text ${i}`, () => {
					link.sendText(0x81, `${i}`);
					link.sendBytes(0x82, Buffer.from(`${i}`));
					Promise.resolve().then(() => link.sendText(0x81, `late ${i}`));
				});
			}
			peer.write(
				Buffer.concat(Array.from({ length: 10 }, (_, i) => masked(1, `${i}`))),
			);
			await until("all", () => frames().length === 30);
			expect(flush.mock.calls.length + send.mock.calls.length).toBe(2);
		});

		test("sends what is sent within a tick at once: each link in one call, all in one where that is possible", async () => {
			const all = await several(make, 3);
			const flush = vi.spyOn(engine.binding, "reactorFlush");
			const send = vi.spyOn(engine.binding, "reactorSend");
			for (let i = 0; i < 20; i++)
				for (const { link } of all) link.sendText(0x81, `${i}`);
			expect(flush).not.toHaveBeenCalled();
			for (const { frames } of all)
				await until("all", () => frames().length === 20);
			// Theirs take turns in the arena: they are no range of it.
			expect(flush.mock.calls.length + send.mock.calls.length).toBe(3);
			flush.mockClear();
			send.mockClear();
			for (const { link } of all)
				for (let i = 0; i < 20; i++) link.sendText(0x81, `${i}`);
			for (const { frames } of all)
				await until("all", () => frames().length === 40);
			expect([flush.mock.calls.length, send.mock.calls.length]).toEqual([1, 0]);
		});

		test("sends a large payload from where it is, with its header, in one call", async () => {
			const { link, frames, size } = await make();
			const send = vi.spyOn(engine.binding, "reactorSend");
			const payload = Buffer.alloc(256 * 1024, 7);
			link.sendBytes(0x82, payload);
			expect(send).toHaveBeenCalledTimes(1);
			expect(send.mock.calls[0][3].buffer).toBe(payload.buffer);
			await until("it", () => size() === payload.length + 10);
			expect(frames()[0]).toEqual(payload);
		});

		test("does not hold against the peer what it has gathered itself", async () => {
			const { link, size } = await make();
			for (let i = 0; i < 4; i++) {
				link.sendBytes(0x82, Buffer.alloc(10_000));
				link.sendText(0x81, "short");
			}
			expect(link.bufferedAmount).toBeGreaterThan(40_000);
			expect(link.hasBuffered(20_000)).toBe(false);
			await until("all", () => size() === 4 * (10_004 + 7));
		});

		test("fails where a payload that it is sending is transferred away", async () => {
			const { link, peer, sink } = await make();
			peer.pause();
			const payload = Buffer.alloc(32 << 20);
			link.sendBytes(0x82, payload);
			expect(link.bufferedAmount).toBeGreaterThan(0);
			structuredClone(payload.buffer, { transfer: [payload.buffer] });
			peer.resume();
			await until("the end", () => sink.events.includes("closed"));
		});

		test("paused, keeps what it holds back in memory of its own", async () => {
			const { link, peer, sink, messages } = await makeWarm();
			sink.on("text stop", () => link.pause());
			peer.write(
				Buffer.concat([
					masked(1, "stop"),
					masked(1, "é"),
					masked(2, ""),
					masked(2, "bytes"),
					masked(9, "p"),
					masked(2, "more"),
				]),
			);
			await turns(20);
			await until("the pause", () => sink.events.length === 2);
			await turns();
			link.resume();
			await until("the rest", () => sink.events.length === 7);
			expect(sink.events.slice(2)).toEqual([
				"text é",
				"binary ",
				"binary bytes",
				"ping p",
				"binary more",
			]);
			expect(messages[1].buffer.byteLength).toBeLessThan(64);
		});

		test("keeps its messages where one of them is transferred away", async () => {
			const all = await several(makeWarm, 2);
			for (const { peer } of all)
				peer.write(Buffer.concat([masked(2, "one"), masked(2, "two")]));
			for (const { messages } of all)
				await until("both", () => messages.length === 2);
			const memory = all[0].messages[0].buffer as ArrayBuffer & {
				transfer?(): ArrayBuffer;
			};
			// Copied by Node.js 20, refused by later ones.
			try {
				structuredClone(memory, { transfer: [memory] });
			} catch (error) {
				expect(error).toMatchObject({ name: "DataCloneError" });
			}
			const copy = memory.transfer?.();
			if (copy !== undefined) expect(copy.byteLength).toBe(memory.byteLength);
			for (const { messages } of all)
				expect(messages.map(String)).toEqual(["one", "two"]);
		});

		test("whose bytes are transferred away unread is lost, and the next are not", async () => {
			// What no method of the memory itself can prevent.
			setFlagsFromString("--allow-natives-syntax");
			const detach = new Function("memory", "%ArrayBufferDetach(memory)");
			setFlagsFromString("--no-allow-natives-syntax");
			const all = await several(makeWarm, 3);
			let isDetached = false;
			for (const { sink, messages } of all) {
				sink.on("binary x", () => {
					if (isDetached) return;
					isDetached = true;
					detach(messages[0].buffer);
				});
			}
			const lengths = all.map(({ sink }) => sink.events.length);
			for (const { peer } of all) peer.write(masked(2, "x"));
			await until("all", () =>
				all.every(({ sink }, i) => sink.events.length > lengths[i]),
			);
			const later = await makeWarm();
			later.peer.write(masked(2, "later"));
			await until("the message", () => later.messages.length === 1);
			expect(String(later.messages[0])).toBe("later");
			for (const { sink } of all)
				expect(["binary x", "failure WS_ERR_BUFFER"]).toContain(
					sink.events.at(-1),
				);
		});

		test("that cannot be had for want of descriptors leaves nothing booked", async () => {
			const [near, peer] = await socketPair();
			const before = compressionBytes();
			const inflate = { windowBits: 15, contextTakeover: true };
			vi.spyOn(engine.binding, "reactorAttach").mockReturnValue(-24);
			const link = NativeLink.create(near, engine, "server", limits, {
				deflate: null,
				inflate,
			});
			expect(link).toBe(null);
			expect(compressionBytes()).toBe(before);
			near.destroy();
			peer.destroy();
		});

		test("serves every engine of its thread", async () => {
			const second = createNativeEngine();
			if (!(second instanceof NativeEngine)) throw new Error("none");
			expect(second).not.toBe(engine);
			const [near, peer] = await socketPair();
			const link = NativeLink.create(near, second, "server", limits, null);
			if (link === null) throw new Error("The socket was not taken over");
			const sink = new Recorder();
			link.open(sink, new Uint8Array(0));
			peer.write(masked(1, "a"));
			await until("the first", () => sink.events.length === 1);
			peer.write(masked(1, "b"));
			await until("the second", () => sink.events.length === 2);
			expect(sink.events).toEqual(["text a", "text b"]);
			link.destroy();
			peer.destroy();
		});
	});
} else {
	const reason = "reason" in reactor ? reactor.reason : "no native engine";
	test.skipIf(!nativeRequired || process.platform !== "linux")(
		`the native transport is here (${reason})`,
		() => {
			throw new Error(String(reason));
		},
	);
}

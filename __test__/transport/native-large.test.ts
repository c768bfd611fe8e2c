import { afterEach, describe, expect, test, vi } from "vitest";
import {
	createNativeEngine,
	NativeEngine,
} from "../../lib/engine/native/engine.js";
import { NativeLink } from "../../lib/transport/native/native-link.js";
import { reactorOf } from "../../lib/transport/native/reactor.js";
import { turns, until } from "../support/compat-wait.js";
import {
	nativeEngine,
	nativeMissing,
	nativeRequired,
} from "../support/engines.js";
import { frame } from "../support/frames.js";
import { Recorder } from "./recorder.js";
import { limits, socketPair } from "./socket-pair.js";

const KiB = 1024;

const reactor =
	nativeEngine === null ? { reason: nativeMissing } : reactorOf(nativeEngine);

if (nativeEngine instanceof NativeEngine && !("reason" in reactor)) {
	const engine = nativeEngine;

	describe("a NativeLink that receives large messages", () => {
		const ends: (() => void)[] = [];
		afterEach(() => {
			vi.restoreAllMocks();
			for (const end of ends.splice(0)) end();
		});

		/** A link that collects binary messages and has received something: the addon parses what comes. */
		async function make() {
			const [near, peer] = await socketPair();
			const link = NativeLink.create(near, engine, "server", limits, null);
			if (link === null) throw new Error("The socket was not taken over");
			const sink = new Recorder();
			const messages: Buffer[] = [];
			sink.binary = (message) => {
				messages.push(message);
				sink.text(`of ${message.length} bytes`);
			};
			Object.assign(sink, { binaryBegin: () => "collect" });
			peer.on("error", () => {});
			ends.push(() => {
				link.destroy();
				peer.destroy();
			});
			link.open(sink, new Uint8Array(0));
			/** Writes `bytes`, and waits until the link has received all that was written. */
			let written = 0;
			const write = async (bytes: Buffer) => {
				written += bytes.length;
				peer.write(bytes);
				await until("the bytes", () => link.bytesRead === written);
			};
			await write(frame({ opcode: 1, payload: "warm", mask: true }));
			return { link, sink, messages, write };
		}

		/** A payload in which each place has bytes of its own. */
		function payloadOf(length: number): Buffer {
			const payload = Buffer.alloc(length);
			for (let at = 0; at + 4 <= length; at += 4)
				payload.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
			return payload;
		}

		const binary = (payload: Buffer, fin = true, opcode = 2) =>
			frame({ opcode, payload, fin, mask: true });

		function expectMessages(messages: Buffer[], expected: Buffer[]) {
			expect(messages.map(({ length }) => length)).toEqual(
				expected.map(({ length }) => length),
			);
			messages.forEach((message, i) => {
				expect(message.equals(expected[i])).toBe(true);
			});
		}

		test.each([40, 64, 100, 128, 300, 1024])(
			"receives the rest of a message of %i KiB where it is to be, and what follows it",
			async (size) => {
				const { sink, messages, write } = await make();
				const place = vi.spyOn(engine.binding, "reactorPlace");
				const payload = payloadOf(size * KiB + 3);
				const bytes = binary(payload);
				const first = Math.max(3000, bytes.length >> 2);
				await write(bytes.subarray(0, first));
				expect(place.mock.results.map(({ value }) => value)).toEqual([true]);
				// Odd lengths, so that the key is rotated; then the end with what follows.
				await write(bytes.subarray(first, first + 5001));
				const small = payloadOf(10);
				await write(
					Buffer.concat([bytes.subarray(first + 5001), binary(small), bytes]),
				);
				expectMessages(messages, [payload, small, payload]);
				expect(sink.events).toEqual([
					"text warm",
					`text of ${payload.length} bytes`,
					"text of 10 bytes",
					`text of ${payload.length} bytes`,
				]);
			},
		);

		test("takes at most 64 KiB on the word of a header, and four times what is here", async () => {
			const { messages, write } = await make();
			const place = vi.spyOn(engine.binding, "reactorPlace");
			const payload = payloadOf(1024 * KiB);
			const bytes = binary(payload);
			await write(bytes.subarray(0, 15));
			expect(place).not.toHaveBeenCalled();
			await write(bytes.subarray(15, 200 * KiB));
			expect(place).not.toHaveBeenCalled();
			await write(bytes.subarray(200 * KiB, 300 * KiB));
			expect(place).toHaveBeenCalledTimes(1);
			await write(bytes.subarray(300 * KiB));
			expectMessages(messages, [payload]);
		});

		test("receives the fragments of a message, and what comes between them", async () => {
			const { sink, messages, write } = await make();
			const payloads = [100, 70, 1, 200].map((size) => payloadOf(size * KiB));
			const last = payloads.length - 1;
			for (const [i, payload] of payloads.entries()) {
				const bytes = binary(payload, i === last, i === 0 ? 2 : 0);
				await write(bytes.subarray(0, 30 * KiB));
				await write(
					Buffer.concat([
						bytes.subarray(30 * KiB),
						...(i === last
							? []
							: [frame({ opcode: 9, payload: `${i}`, mask: true })]),
					]),
				);
			}
			expectMessages(messages, [Buffer.concat(payloads)]);
			expect(sink.events.slice(1)).toEqual([
				"ping 0",
				"ping 1",
				"ping 2",
				`text of ${371 * KiB} bytes`,
			]);
		});

		test("keeps what it has received where it is paused in the same batch", async () => {
			const { link, sink, messages, write } = await make();
			const other = await make();
			const payload = payloadOf(100 * KiB);
			const bytes = binary(payload);
			await write(bytes.subarray(0, 50 * KiB));
			// Whichever is told first pauses the other.
			const pauseOther = () => {
				if (sink.events.length === 1) link.pause();
			};
			other.sink.on("text stop", pauseOther);
			const rest = Buffer.concat([
				bytes.subarray(50 * KiB),
				frame({ opcode: 1, payload: "behind", mask: true }),
			]);
			await Promise.all([
				other.write(frame({ opcode: 1, payload: "stop", mask: true })),
				Promise.race([write(rest), until("the pause", () => link.isHeldUp)]),
			]);
			await turns();
			link.resume();
			await until("the rest", () => sink.events.length === 3);
			expectMessages(messages, [payload]);
			expect(sink.events.slice(1)).toEqual([
				`text of ${payload.length} bytes`,
				"text behind",
			]);
		});

		test("lets the memory go where it ends in the middle of a message", async () => {
			const before = engine.binding.reactorCount();
			const { link, sink, messages, write } = await make();
			const bytes = binary(payloadOf(100 * KiB));
			await write(bytes.subarray(0, 50 * KiB));
			await write(bytes.subarray(50 * KiB, 60 * KiB));
			link.destroy();
			await until("the end", () => sink.events.includes("closed"));
			expect(messages).toEqual([]);
			expect(engine.binding.reactorCount()).toBe(before);
		});

		test("takes no memory for a payload of another length, nor what is no memory", () => {
			const { binding } = createNativeEngine() as NativeEngine;
			const decoder = binding.createDecoder(true, 1e6, 1e6, 10, 0, false);
			const place = binding.reactorPlace as (...values: unknown[]) => boolean;
			expect(binding.payloadLeft(decoder)).toBe(0);
			expect(place(decoder, new Uint8Array(10))).toBe(false);
			expect(place(decoder, new Uint8Array(0))).toBe(false);
			expect(place(decoder, undefined)).toBe(false);
			expect(place(12345, new Uint8Array(10))).toBe(false);
			binding.destroyDecoder(decoder);
			expect(binding.payloadLeft(decoder)).toBe(0);
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

/**
 * Messages of random type and length, cut at random, on many connections at once, with readers that pause: every one comes
 * back as it was sent and in order. Connections share the memory the engines work in, and here they work all at once.
 *
 * The environment variable ECHO_SEED repeats a run, or tries another one.
 */
import { once } from "node:events";
import type { Connection } from "nodejs-websocket";
import { describe, expect } from "vitest";
import type { Bench } from "../support/compat-bench.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { deferred } from "../support/compat-wait.js";
import { request } from "../support/compat-wire.js";
import { onEachEngine } from "../support/peer-engines.js";
import { RandomMessages } from "../support/peer-random.js";
import { Random } from "../support/random.js";
import { RawPeer } from "../support/raw-peer.js";

const seed = Number(process.env.ECHO_SEED ?? 20_240_229);
const CONNECTIONS = 12;
const MESSAGES = 200;
/** How many messages a sender is ahead of what has come back. */
const IN_FLIGHT = 16;

type Message = string | Buffer;

/** Sends back what comes by 'message'. */
function echoMessages(connection: ConnectionLike): void {
	connection.on("message", (data: Message) => connection.send(data));
}

/** Sends back what comes by iteration, waiting for 'drain' where asked to. */
async function echoIterated(connection: ConnectionLike): Promise<void> {
	const { socket } = connection;
	for await (const data of connection as unknown as Connection) {
		const hasRoom =
			typeof data === "string"
				? connection.sendText(data)
				: connection.sendBinary(data);
		if (hasRoom === false && !socket.destroyed) await once(connection, "drain");
	}
}

/** Sends back texts by 'text', and binary messages from stream to stream, one behind the other. */
function echoStreams(connection: ConnectionLike): void {
	let tail: Promise<unknown> = Promise.resolve();
	connection.on("text", (text: string) => {
		tail = tail.then(() => connection.sendText(Buffer.from(text)));
	});
	connection.on("binary", (stream: NodeJS.ReadableStream) => {
		const pieces: Buffer[] = [];
		const whole = new Promise<Buffer>((resolve) => {
			stream.on("data", (piece: Buffer) => pieces.push(piece));
			stream.on("end", () => resolve(Buffer.concat(pieces)));
		});
		tail = tail.then(async () => {
			const data = await whole;
			const out = connection.beginBinary();
			const half = data.length >> 1;
			out.write(data.subarray(0, half));
			out.end(data.subarray(half));
			await once(out, "finish");
		});
	});
}

const echoes = [
	echoMessages,
	(connection: ConnectionLike) => {
		// It throws where the test takes the connection down; what matters is what came back until then.
		echoIterated(connection).catch(() => {});
	},
	echoStreams,
];

/** One end's view of an echo: what it sent, and what it wants back next. */
class Ledger {
	readonly #name: string;
	readonly #random: Random;
	readonly #messages: RandomMessages;
	readonly #expected: Message[] = [];
	#sent = 0;
	#returned = 0;
	#wake: () => void = () => {};
	readonly #done = deferred<void>();

	constructor(name: string, random: Random, messages: RandomMessages) {
		this.#name = name;
		this.#random = random;
		this.#messages = messages;
	}

	/** Sends all messages by `send`, a few ahead of the echo, and settles when all are back. */
	async run(send: (message: Message) => Promise<void> | void): Promise<void> {
		while (this.#sent < MESSAGES) {
			if (this.#expected.length >= IN_FLIGHT) {
				await new Promise<void>((resolve) => {
					this.#wake = resolve;
				});
				continue;
			}
			const message = this.#messages.next();
			this.#expected.push(
				typeof message === "string" ? message : Buffer.from(message),
			);
			this.#sent++;
			await send(message);
			if (this.#random.chance(0.2)) await new Promise(setImmediate);
		}
		await this.#done.promise;
	}

	/** Compares what came back, byte for byte. Throws where it differs. */
	returned(isBinary: boolean, data: Buffer): void {
		const message = this.#expected.shift();
		const what = `${this.#name}, message ${this.#returned++}`;
		if (message === undefined) throw new Error(`${what} was never sent`);
		const type = typeof message === "string" ? "text" : "binary";
		if (isBinary !== (type === "binary")) {
			throw new Error(`${what} was sent as ${type}`);
		}
		const bytes = Buffer.from(message as string);
		if (!bytes.equals(data)) {
			const at = bytes.findIndex((byte, index) => byte !== data[index]);
			throw new Error(
				`${what}, ${type} of ${bytes.length} bytes, came back with ${data.length}, different from byte ${at} on`,
			);
		}
		this.#wake();
		if (this.#returned === MESSAGES) this.#done.resolve();
	}
}

/** Pauses and resumes `reader` at random until told to stop. */
function pauseAtRandom(
	reader: { pause(): unknown; resume(): unknown },
	random: Random,
): () => void {
	let timer: NodeJS.Timeout;
	const run = (isPaused: boolean) => {
		if (isPaused) reader.resume();
		else reader.pause();
		timer = setTimeout(run, random.upTo(isPaused ? 12 : 3), !isPaused);
	};
	run(true);
	return () => {
		clearTimeout(timer);
		reader.resume();
	};
}

/** Runs `start` for each connection at once. What one of them throws fails the test. */
async function many(
	bench: Bench,
	start: (
		name: string,
		random: Random,
		ledger: Ledger,
		fail: (error: unknown) => void,
	) => Promise<void>,
): Promise<void> {
	const messages = new RandomMessages(new Random(seed));
	const failure = deferred<unknown>();
	const all = Promise.all(
		Array.from({ length: CONNECTIONS }, (_, index) => {
			const name = `seed ${seed}, ${bench.implementation.name}, connection ${index}`;
			const random = new Random(seed + index);
			const ledger = new Ledger(name, random, messages);
			return start(name, random, ledger, failure.resolve);
		}),
	).then(() => undefined);
	const error = await Promise.race([all, failure.promise]);
	expect(error).toBeUndefined();
}

/** Calls `check` with what `emit` delivers; an exception becomes the test's failure, not the process's. */
function guarded<T extends unknown[]>(
	fail: (error: unknown) => void,
	check: (...args: T) => void,
): (...args: T) => void {
	return (...args) => {
		try {
			check(...args);
		} catch (error) {
			fail(error);
		}
	};
}

describe(`an echo with the seed ${seed}`, () => {
	onEachEngine(
		"of our server returns what raw clients send in random pieces",
		async (bench) => {
			let served = 0;
			const stops: (() => void)[] = [];
			const { port } = await bench.serve({}, (connection) => {
				const index = served++;
				echoes[index % echoes.length](connection);
				stops.push(
					pauseAtRandom(
						connection as unknown as Connection,
						new Random(seed + 1000 + index),
					),
				);
			});
			await many(bench, async (_name, random, ledger, fail) => {
				const wire = await bench.dial(port);
				wire.write(request());
				await wire.head();
				wire.socket.removeAllListeners("data");
				const peer = new RawPeer(
					wire.socket,
					true,
					random,
					guarded(fail, ({ isBinary, data }) =>
						ledger.returned(isBinary, data),
					),
					(opcode, payload) => {
						if (opcode === 8)
							fail(new Error(`closed: ${payload.toString("latin1")}`));
					},
				);
				const stop = pauseAtRandom(wire.socket, random);
				await ledger.run((message) => peer.send(message));
				stop();
			});
			for (const stop of stops) stop();
		},
	);

	onEachEngine(
		"of our client returns what raw servers send in random pieces",
		async (bench) => {
			await many(bench, async (_name, random, ledger, fail) => {
				const { far, wire } = await bench.rawServer();
				echoes[random.upTo(2)](far);
				const stopFar = pauseAtRandom(far as unknown as Connection, random);
				wire.socket.removeAllListeners("data");
				const peer = new RawPeer(
					wire.socket,
					false,
					random,
					guarded(fail, ({ isBinary, data }) =>
						ledger.returned(isBinary, data),
					),
					(opcode, payload) => {
						if (opcode === 8)
							fail(new Error(`closed: ${payload.toString("latin1")}`));
					},
				);
				const stop = pauseAtRandom(wire.socket, random);
				await ledger.run((message) => peer.send(message));
				stop();
				stopFar();
			});
		},
	);

	onEachEngine(
		"of our server returns what our clients send, both pausing",
		async (bench) => {
			let served = 0;
			const stops: (() => void)[] = [];
			const { url } = await bench.serve({}, (connection) => {
				const index = served++;
				echoes[index % echoes.length](connection);
				stops.push(
					pauseAtRandom(
						connection as unknown as Connection,
						new Random(seed + 1000 + index),
					),
				);
			});
			await many(bench, async (_name, random, ledger, fail) => {
				const far = bench.connect(url);
				await once(far, "connect");
				far.on(
					"message",
					guarded(fail, (data: Message, isBinary: boolean) =>
						ledger.returned(isBinary, Buffer.from(data as string)),
					),
				);
				far.on("close", (code: number) =>
					fail(new Error(`closed with ${code}`)),
				);
				const stop = pauseAtRandom(far as unknown as Connection, random);
				await ledger.run(async (message) => {
					if (far.send(message) === (false as unknown))
						await once(far, "drain");
				});
				stop();
				far.removeAllListeners("close");
			});
			for (const stop of stops) stop();
		},
	);
});

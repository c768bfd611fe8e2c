/** Compressed connections come and go: what they took serves those that come after them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { constants, deflateRawSync } from "node:zlib";
import { afterEach, expect, test, vi } from "vitest";
import { within } from "../support/compat-wait.js";
import { frame, request } from "../support/compat-wire.js";
import { nativeEngine } from "../support/engines.js";

vi.setConfig({ testTimeout: 120_000 });

const CONNECTIONS = 1000;
const AT_ONCE = 100;
const MESSAGES = 8;
const ROUNDS = 4;
/** How much more there may be later than after the first round. A round that used nothing again would leave half as much again. */
const MOST_MORE = 0.25;
const SLACK_BYTES = 16 * 1024 * 1024;
const RSV1 = 0x40;

const running: ChildProcess[] = [];
const sockets: Socket[] = [];
afterEach(() => {
	for (const child of running.splice(0)) child.kill("SIGKILL");
	for (const socket of sockets.splice(0)) socket.destroy();
});

/** A kilobyte of JSON in one compressed frame, as a client sends it. */
function message(): Buffer {
	const text = JSON.stringify(
		Array.from({ length: 20 }, (_, i) => ({ id: i * 7919, name: `user ${i}` })),
	);
	const compressed = deflateRawSync(text, {
		finishFlush: constants.Z_SYNC_FLUSH,
	}).subarray(0, -4);
	const bytes = frame(1, compressed, { mask: true });
	bytes[0] |= RSV1;
	return bytes;
}

/** Opens a connection, and has `MESSAGES` messages echoed. */
function exchange(port: number, bytes: Buffer): Promise<void> {
	return new Promise((resolve, reject) => {
		const socket = connect(port, "127.0.0.1");
		sockets.push(socket);
		socket.on("error", reject);
		socket.write(
			request({
				"Sec-WebSocket-Extensions":
					"permessage-deflate; client_max_window_bits",
			}),
		);
		let answers = -1;
		socket.on("data", (chunk) => {
			if (answers < 0 && !chunk.includes("permessage-deflate"))
				reject(new Error(`not compressed: ${chunk.toString("latin1")}`));
			if (++answers === MESSAGES) resolve();
			else socket.write(bytes);
		});
	});
}

const engines = ["native", "typescript"].filter(
	(name) => name !== "native" || nativeEngine !== null,
);

test.each(engines)(
	"compressed connections leave no more memory behind each time (%s)",
	async (engine) => {
		const program = join(
			import.meta.dirname,
			"programs",
			"compressed-server.cjs",
		);
		const child = fork(program, [engine], { execArgv: ["--expose-gc"] });
		running.push(child);
		const told = async () =>
			(await within("an answer", once(child, "message")))[0];
		const { port } = await told();
		const bytes = message();
		const after: number[] = [];
		for (let round = 0; round < ROUNDS; round++) {
			for (let open = 0; open < CONNECTIONS; open += AT_ONCE)
				await within(
					"their answers",
					Promise.all(
						Array.from({ length: AT_ONCE }, () => exchange(port, bytes)),
					),
				);
			child.send("how many?");
			expect((await told()).connections).toBe(CONNECTIONS);
			for (const socket of sockets.splice(0)) socket.destroy();
			let vitals = { connections: 1, rssBytes: 0 };
			while (vitals.connections > 0) {
				child.send("how much?");
				vitals = await told();
			}
			after.push(vitals.rssBytes);
		}
		const [first, ...later] = after;
		for (const rssBytes of later)
			expect(rssBytes).toBeLessThan(first * (1 + MOST_MORE) + SLACK_BYTES);
	},
);

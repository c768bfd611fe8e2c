/** Responses damaged at random: a client connects by the right one only, else fails with one typed error. */
import { describe, expect, vi } from "vitest";
import { errorTable } from "../../lib/errors.js";
import type { Bench } from "../support/compat-bench.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { record, within } from "../support/compat-wait.js";
import {
	acceptFor,
	frame,
	response,
	type Wire,
} from "../support/compat-wire.js";
import { onEachEngine } from "../support/peer-engines.js";
import type { Random } from "../support/random.js";
import {
	echo,
	expectEcho,
	handshakeTimeoutMs,
	runMutations,
	runTimeoutMs,
} from "./mutation-run.js";
import { mutate, writeInPieces } from "./mutations.js";

vi.setConfig({ testTimeout: runTimeoutMs });

const nop = () => {};

/** Of this library, and of a reset. */
const knownCodes = [...Object.keys(errorTable), "ECONNRESET"];

const responsesTo = (key: string) =>
	[
		response(key),
		response(key, { "Sec-WebSocket-Protocol": "chat" }),
		response(key, { "Sec-WebSocket-Extensions": "permessage-deflate" }),
		response(key, { Date: "now", Server: "x" }),
		"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	].flatMap((text) => [
		Buffer.from(text),
		Buffer.concat([Buffer.from(text), frame(1, "hello")]),
	]);

/** A raw server for all clients: it knows them by the path they ask for. */
async function listenByPath(
	bench: Bench,
): Promise<{ port: number; onRequest: Map<string, (wire: Wire) => void> }> {
	const onRequest = new Map<string, (wire: Wire) => void>();
	const port = await bench.listenRaw((wire) => {
		wire
			.head()
			.then((head) => onRequest.get(head.split(" ", 2)[1])?.(wire))
			// A client whose time was up before it could ask.
			.catch(nop);
	});
	return { port, onRequest };
}

/** Writes the answer, and ends: by a reset, by FIN, or by FIN only once the client is connected. */
async function answer(
	random: Random,
	{ socket }: Wire,
	far: ConnectionLike,
	bytes: Buffer,
): Promise<void> {
	await writeInPieces(random, socket, bytes);
	if (random.chance(0.05)) socket.resetAndDestroy();
	else if (random.chance(0.95) || far.readyState !== 0) socket.end();
	else far.once("connect", () => socket.end());
}

describe("a client that gets damaged responses", () => {
	onEachEngine(
		"connects by a right one only, else fails with one typed error",
		async (bench) => {
			const { port, onRequest } = await listenByPath(bench);
			const usual = [
				"connect",
				"WS_ERR_HANDSHAKE_STATUS",
				"WS_ERR_HANDSHAKE_HEADERS",
			];
			await runMutations(bench, usual, async (random, n) => {
				let sent = "";
				const far = bench.connect(`ws://127.0.0.1:${port}/${n}`, {
					handshakeTimeoutMs,
				});
				onRequest.set(`/${n}`, (wire) => {
					const bytes = mutate(random, responsesTo(far.key as string));
					sent = bytes.toString("latin1");
					answer(random, wire, far, bytes).catch(nop);
				});
				const errors = record(far, "error");
				const closes = record(far, "close");
				const connects = record(far, "connect");
				try {
					await within("the end", far.closed);
					const codes = errors.map(
						([error]) => (error as { code?: string }).code ?? "none",
					);
					for (const code of codes) expect(knownCodes).toContain(code);
					expect(closes).toHaveLength(1);
					if (connects.length === 0) {
						expect(closes).toEqual([[1006, ""]]);
						expect(codes).toHaveLength(1);
						return codes[0];
					}
					expect(connects).toHaveLength(1);
					expect(sent).toContain(acceptFor(far.key as string));
					return "connect";
				} catch (error) {
					const { message } = error as Error;
					throw new Error(`${message}, after ${JSON.stringify(sent)}`, {
						cause: error,
					});
				}
			});
			await expectEcho(bench, (await bench.serve({}, echo)).url);
		},
	);
});

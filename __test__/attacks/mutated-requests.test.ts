/** Requests damaged at random: a server answers with a documented status or not at all, and serves on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { until, within } from "../support/compat-wait.js";
import {
	acceptFor,
	frame,
	request,
	type Wire,
} from "../support/compat-wire.js";
import { readFrames } from "../support/frames.js";
import { onEachEngine } from "../support/peer-engines.js";
import { readAnswer, statusOf } from "./answer.js";
import {
	echo,
	expectEcho,
	handshakeTimeoutMs,
	runMutations,
	runTimeoutMs,
} from "./mutation-run.js";
import { mutate, writeInPieces } from "./mutations.js";

vi.setConfig({ testTimeout: runTimeoutMs });

const readme = readFileSync(
	join(import.meta.dirname, "../../README.md"),
	"utf8",
);

/** The statuses that the README's section on servers names. */
const documented = /\n### Server\n(.*?)\n### /s
	.exec(readme)?.[1]
	.match(/\b[45]\d\d\b/g)
	?.map(Number);

const message = frame(1, "hello", { mask: true });

const requests = [
	request(),
	request({ "Sec-WebSocket-Protocol": "chat, superchat" }),
	request({ Origin: "http://localhost", Cookie: "a=b; c=d" }),
	request({ "Sec-WebSocket-Extensions": "permessage-deflate" }),
	request({ "Content-Length": "5" }, "POST /path?query HTTP/1.1"),
].flatMap((text) => [
	Buffer.from(text),
	Buffer.concat([Buffer.from(text), message]),
]);

/** Settles when the first bytes have come, or the end. */
function answered(wire: Wire): Promise<unknown> {
	return Promise.race([
		wire.ended,
		new Promise((resolve) => wire.socket.once("data", resolve)),
	]);
}

/** A 101 answers the one key of the request; legal frames follow. */
async function expectAccepted(sent: Buffer, wire: Wire): Promise<void> {
	const head = await wire.head();
	const keys = sent
		.toString("latin1")
		// RFC 9112 section 2.2: empty lines before the request line are no part of it.
		.replace(/^[\r\n]+/, "")
		.split("\r\n\r\n", 1)[0]
		.match(/(?<=^sec-websocket-key:[ \t]*)[^ \t\r]+(?=[ \t]*$)/gim);
	expect(keys).toHaveLength(1);
	expect(head).toContain(
		`\r\nSec-WebSocket-Accept: ${acceptFor(keys?.[0] ?? "")}\r\n`,
	);
	for (const { masked } of readFrames(await wire.rest()))
		expect(masked).toBe(false);
}

/** Checks what came back until the end, and returns its status. */
async function judge(sent: Buffer, wire: Wire): Promise<number | string> {
	const { pending } = wire;
	if (pending.length === 0) return "nothing";
	const status = statusOf(pending.toString("latin1", 0, 12));
	try {
		if (status === 101) await expectAccepted(sent, wire);
		else expect(documented).toContain((await readAnswer(wire)).status);
	} catch (error) {
		const [asked, got] = [sent, pending].map((bytes) =>
			JSON.stringify(bytes.toString("latin1")),
		);
		throw new Error(`${asked} was answered ${got}`, { cause: error });
	}
	return status;
}

describe("a server that gets damaged requests", () => {
	onEachEngine(
		"answers with documented statuses only, and serves on",
		async (bench) => {
			const { url, port, server } = await bench.serve(
				{ handshakeTimeoutMs, validProtocols: ["chat"] },
				echo,
			);
			await runMutations(bench, [101, 400, 405, 426], async (random) => {
				const sent = mutate(random, requests);
				const wire = await bench.dial(port);
				await writeInPieces(random, wire.socket, sent);
				if (random.chance(0.05)) {
					wire.reset();
					await within("the reset", wire.gone);
					return "reset";
				}
				// A few keep their side open until they are answered.
				if (random.chance(0.05)) await within("an answer", answered(wire));
				wire.socket.end();
				await within("the end", wire.ended);
				return judge(sent, wire);
			});
			await until("the end of all", () => server.connections.length === 0);
			await expectEcho(bench, url);
		},
	);
});

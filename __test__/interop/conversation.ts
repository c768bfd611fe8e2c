/** What two libraries have to understand of each other, stated once for all pairs. */
import { expect } from "vitest";
import { certificate } from "../support/certificate.js";
import type { Bench } from "../support/compat-bench.js";
import { turns, within } from "../support/compat-wait.js";
import type {
	ConnectRequest,
	Endpoint,
	Inbox,
	Library,
} from "../support/peer-endpoint.js";

/** Deterministic bytes without a period that lengths of headers or masks could hide in. */
export function bytes(length: number): Buffer {
	const data = Buffer.allocUnsafe(length);
	let state = 0x2545f491;
	for (let i = 0; i < length; i++) {
		state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
		data[i] = state >>> 16;
	}
	return data;
}

const MIB = 1024 * 1024;

export const texts = [
	"",
	"a",
	"x".repeat(125),
	"x".repeat(126),
	"x".repeat(65_535),
	"x".repeat(65_536),
	"héllo, 世界 🌍",
	"é".repeat(63),
	"世".repeat(21_846),
	"\u0000\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}",
	"ascii ".repeat(MIB / 6),
	"世界🌍é ".repeat(MIB / 13),
];

export const binaries = [0, 1, 125, 126, 65_535, 65_536, MIB].map(bytes);

export interface Pair {
	server: Endpoint;
	client: Endpoint;
	/** The request's headers as the server has them. */
	headers: Record<string, string | string[] | undefined>;
}

export type Scheme = "ws" | "wss";

export interface PairOptions {
	scheme: Scheme;
	serverProtocols?: string[];
	clientProtocols?: string[];
	headers?: Record<string, string>;
}

/** A client of `client` connected to a server of `server`, both open. */
export async function pair(
	bench: Bench,
	server: Library,
	client: Library,
	options: PairOptions,
): Promise<Pair> {
	let tls: { key: Buffer; cert: Buffer } | undefined;
	if (options.scheme === "wss") {
		const made = certificate();
		if ("reason" in made) {
			bench.skip(made.reason);
			throw new Error(made.reason);
		}
		tls = made;
	}
	const serving = await server.serve({
		protocols: options.serverProtocols,
		tls,
	});
	const accepted = serving.accept();
	const request: ConnectRequest = {
		url: serving.url,
		protocols: options.clientProtocols,
		headers: options.headers,
		ca: tls?.cert,
	};
	const near = await client.connect(request);
	const { endpoint, headers } = await accepted;
	return { server: endpoint, client: near, headers };
}

/** Both directions of a pair: who sends, and who receives. */
export function directions({ server, client }: Pair) {
	return [
		{ from: client, to: server, way: "from client to server" },
		{ from: server, to: client, way: "from server to client" },
	];
}

export function take<T>(what: string, inbox: Inbox<T>): Promise<T> {
	return within(what, inbox.next());
}

/** The next message of `to` is `data`, byte for byte. */
export async function expectMessage(
	to: Endpoint,
	isBinary: boolean,
	data: string | Buffer,
	way: string,
): Promise<void> {
	const expected = Buffer.from(data as string);
	const message = await take(
		`a message of ${expected.length} bytes`,
		to.messages,
	);
	const what = `${way}, ${expected.length} bytes`;
	expect(message.isBinary, what).toBe(isBinary);
	expect(message.data.length, what).toBe(expected.length);
	expect(message.data.equals(expected), what).toBe(true);
}

/** Messages of either type arrive as they were sent, and in order. */
export async function exchangeMessages(both: Pair): Promise<void> {
	for (const { from, to, way } of directions(both)) {
		for (const text of texts) from.text(text);
		for (const text of texts) await expectMessage(to, false, text, way);
		for (const data of binaries) from.binary(Buffer.from(data));
		for (const data of binaries) await expectMessage(to, true, data, way);
	}
}

/** Pings are answered with their payload. `onPing` is false for an endpoint that has no such event. */
export async function exchangePings(both: Pair): Promise<void> {
	for (const { from, way } of directions(both)) {
		for (const payload of ["", "ping", "x".repeat(125), "é世🌍"]) {
			from.ping(payload);
			const pong = await take(`a pong ${way}`, from.pongs);
			expect(pong.toString(), way).toBe(payload);
		}
	}
}

export const closings: [code?: number, reason?: string][] = [
	[],
	[1000],
	[1000, "done"],
	[1001, "going away"],
	[3000, "à bientôt, 世界 🌍"],
	[4999, "x".repeat(123)],
];

/** What the peer of an endpoint that closed with `code` and `reason` is told. */
export function toldPeer(code?: number, reason?: string): [number, string] {
	return code === undefined ? [1005, ""] : [code, reason ?? ""];
}

/** 'close' has come once and does not come again. */
export async function expectNoMore(...endpoints: Endpoint[]): Promise<void> {
	await turns();
	for (const endpoint of endpoints) {
		expect(endpoint.closes.left).toBe(0);
		expect(endpoint.messages.left).toBe(0);
	}
}

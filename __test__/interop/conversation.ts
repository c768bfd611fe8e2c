/** What two libraries have to understand of each other, stated once for all pairs. */
import { expect } from "vitest";
import { type Certificate, certificate } from "../support/certificate.js";
import type { Bench } from "../support/compat-bench.js";
import { turns, within } from "../support/compat-wait.js";
import type {
	Endpoint,
	Inbox,
	Library,
	ServeRequest,
} from "../support/peer-endpoint.js";
import { OwnEndpoint } from "../support/peer-own.js";

export type Scheme = "ws" | "wss";

export interface Pair {
	server: Endpoint;
	client: Endpoint;
	/** The request's headers as the server has them. */
	headers: Record<string, string | string[] | undefined>;
}

export interface PairOptions {
	serverProtocols?: string[];
	clientProtocols?: string[];
	headers?: Record<string, string>;
}

/** Both directions of a pair: who sends, and who receives. */
export function directions({ server, client }: Pair) {
	return [
		{ from: client, to: server, way: "from client to server" },
		{ from: server, to: client, way: "from server to client" },
	];
}

/** What the peer of an endpoint that closed with `code` and `reason` is told. */
function toldPeer(code?: number, reason?: string): [number, string] {
	return code === undefined ? [1005, ""] : [code, reason ?? ""];
}

function take<T>(what: string, inbox: Inbox<T>): Promise<T> {
	return within(what, inbox.next());
}

/** 'close' has come once and does not come again. */
async function expectNoMore(...endpoints: Endpoint[]): Promise<void> {
	await turns();
	for (const endpoint of endpoints) {
		expect(endpoint.closes.left).toBe(0);
		expect(endpoint.messages.left).toBe(0);
	}
}

/** A server's library and a client's, talking in one test. */
export class Conversation {
	/** How many exchanges went well. */
	exchanges = 0;
	/** What carried them at our end. */
	transport: "native" | "socket" = "socket";
	readonly #bench: Bench;
	readonly #server: Library;
	readonly #client: Library;
	readonly #scheme: Scheme;

	constructor(bench: Bench, server: Library, client: Library, scheme: Scheme) {
		this.#bench = bench;
		this.#server = server;
		this.#client = client;
		this.#scheme = scheme;
	}

	/** The certificate with this name, unless the scheme needs none. Skips the test where none can be made. */
	#certificate(subject?: string): Certificate | undefined {
		if (this.#scheme === "ws") return undefined;
		const made = certificate(subject);
		if (!("reason" in made)) return made;
		this.#bench.skip(made.reason);
		throw new Error(made.reason);
	}

	/** A client connected to a server, both open. */
	async open(options: PairOptions = {}): Promise<Pair> {
		const tls = this.#certificate();
		const request: ServeRequest = { protocols: options.serverProtocols, tls };
		const serving = await this.#server.serve(request);
		const accepting = serving.accept();
		// Where the client fails first, that is what is told.
		accepting.catch(() => {});
		const client = await this.#client.connect({
			url: serving.url,
			protocols: options.clientProtocols,
			headers: options.headers,
			ca: tls?.cert,
		});
		const { endpoint: server, headers } = await accepting;
		// 1.7.2 is such an endpoint, too, over sockets.
		for (const end of [server, client])
			if (end instanceof OwnEndpoint && end.transport === "native")
				this.transport = end.transport;
		return { server, client, headers };
	}

	/** The client refuses a server whose certificate is not the one that it trusts. */
	async expectDistrust(): Promise<void> {
		const tls = this.#certificate("a stranger");
		const { url } = await this.#server.serve({ tls });
		const ca = this.#certificate()?.cert;
		await expect(this.#client.connect({ url, ca })).rejects.toThrow();
		this.exchanges++;
	}

	/** The next message of `to` is `data`, byte for byte. */
	async expectMessage(
		to: Endpoint,
		data: string | Buffer,
		way: string,
	): Promise<void> {
		const expected = Buffer.from(data as string);
		const what = `a message of ${expected.length} bytes ${way}`;
		const message = await take(what, to.messages);
		expect(message.isBinary, what).toBe(typeof data !== "string");
		expect(message.data.length, what).toBe(expected.length);
		expect(message.data.equals(expected), what).toBe(true);
		this.exchanges++;
	}

	/** `from` is told that its ping was answered, and `to` tells of the ping where it can. */
	async expectPong(
		{ from, to, way }: ReturnType<typeof directions>[number],
		payload: string,
	): Promise<void> {
		const pong = await take(`a pong ${way}`, from.pongs);
		expect(pong.toString(), way).toBe(payload);
		if (!to.lacks.pingEvents) {
			const ping = await take(`a ping ${way}`, to.pings);
			expect(ping.toString(), way).toBe(payload);
		}
		this.exchanges++;
	}

	/** `first` closes a new connection; the other end is told, and `first` that it was. */
	async expectClose(
		first: "server" | "client",
		code?: number,
		reason?: string,
	): Promise<void> {
		const { server, client } = await this.open();
		const [closer, closed] =
			first === "server" ? [server, client] : [client, server];
		closer.text("before the end");
		closer.close(code, reason);
		const message = await take("the message before", closed.messages);
		const what = `${code} by the ${first}`;
		expect(message.data.toString(), what).toBe("before the end");
		const told = toldPeer(code, reason);
		expect(await take("the peer's 'close'", closed.closes), what).toEqual(told);
		// Some wait for the answer, others tell at once what they were given.
		const own = await take("the own 'close'", closer.closes);
		expect([own[0] ?? 1005, own[1]], what).toEqual(told);
		await expectNoMore(closer, closed);
		this.exchanges++;
	}

	/** `to` is told that the connection was failed with `code`, whatever the reason says. */
	async expectFailure(to: Endpoint, code: number): Promise<void> {
		expect((await take("the 'close'", to.closes))[0]).toBe(code);
		this.exchanges++;
	}

	/** What both ends agree on at the opening: one of `protocols`. */
	async expectProtocol(
		options: PairOptions,
		protocols: string[],
	): Promise<void> {
		const { server, client } = await this.open(options);
		expect(protocols).toContain(client.protocol);
		expect(server.protocol).toBe(client.protocol);
		this.exchanges++;
	}

	/** The server has the headers that the client added. */
	async expectHeaders(headers: Record<string, string>): Promise<void> {
		const both = await this.open({ headers });
		for (const [name, value] of Object.entries(headers)) {
			expect(both.headers[name.toLowerCase()], name).toBe(value);
			this.exchanges++;
		}
	}

	/** Nothing is left over. */
	expectEnd({ server, client }: Pair): Promise<void> {
		return expectNoMore(server, client);
	}
}

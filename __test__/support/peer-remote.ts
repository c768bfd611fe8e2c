/**
 * Endpoints that live elsewhere: in another process, in a web page. A program there obeys commands and sends reports, each
 * a small object and the bytes that go with it. The ids of servers and connections are chosen here, except those of the
 * connections that a server accepts.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "./compat-bench.js";
import { within } from "./compat-wait.js";
import {
	type Accepted,
	type ConnectRequest,
	Endpoint,
	Inbox,
	type Lacks,
	type Library,
	type ServeRequest,
	type Serving,
} from "./peer-endpoint.js";

/** Certificates and keys are PEM files, named by their paths. */
export type Command = { id: string } & (
	| {
			do: "serve";
			protocols: string[];
			tls: { key: string; cert: string } | null;
	  }
	| {
			do: "connect";
			url: string;
			protocols: string[];
			headers: Record<string, string>;
			ca: string | null;
	  }
	/** A message: the bytes, in pieces of these lengths, a fragment each where there are several; the ping after the first. */
	| { do: "send"; isBinary: boolean; pieces: number[]; ping: string | null }
	/** The bytes are the payload. */
	| { do: "ping" }
	| { do: "close"; code: number | null; reason: string }
	/** Ends the connection at once. Of one that is closed already nothing is left to do. */
	| { do: "drop" }
);

export type Report = { id: string } & (
	| { is: "listening"; port: number }
	/** A connection, and the server that accepted it. */
	| {
			is: "open";
			server?: string;
			protocol: string;
			/** Those of the request, where a server accepted it. */
			headers?: Record<string, string>;
	  }
	/** The bytes are what came. */
	| { is: "message"; isBinary: boolean }
	| { is: "ping" }
	| { is: "pong" }
	| { is: "closed"; code: number; reason: string }
	/** Something that was to be done could not be done. */
	| { is: "failed"; error: string }
);

type Post = (command: Command, bytes: Buffer) => void;

const NOTHING = Buffer.alloc(0);

class RemoteEndpoint extends Endpoint {
	/** Itself, when it is open. */
	readonly opened = new Inbox<RemoteEndpoint>();
	readonly id: string;
	readonly #post: Post;
	protocol = "";

	constructor(id: string, lacks: Lacks, post: Post) {
		super(lacks);
		this.id = id;
		this.#post = post;
	}

	fail(error: Error): void {
		const { messages, pings, pongs, closes, opened } = this;
		for (const inbox of [messages, pings, pongs, closes, opened])
			inbox.fail(error);
	}

	#send(pieces: Buffer[], isBinary: boolean, ping?: string): void {
		this.#post(
			{
				id: this.id,
				do: "send",
				isBinary,
				pieces: pieces.map(({ length }) => length),
				ping: ping ?? null,
			},
			Buffer.concat(pieces),
		);
	}

	text(data: string): void {
		this.#send([Buffer.from(data)], false);
	}

	binary(data: Buffer): void {
		this.#send([data], true);
	}

	fragments(pieces: Buffer[], isBinary: boolean, ping?: string): void {
		if (this.lacks.fragments) throw new Error(this.lacks.fragments);
		this.#send(pieces, isBinary, ping);
	}

	ping(data: string): void {
		this.#post({ id: this.id, do: "ping" }, Buffer.from(data));
	}

	close(code?: number, reason = ""): void {
		this.#post(
			{ id: this.id, do: "close", code: code ?? null, reason },
			NOTHING,
		);
	}

	drop(): void {
		this.#post({ id: this.id, do: "drop" }, NOTHING);
	}
}

interface RemoteServer {
	listening: Inbox<number>;
	accepted: Inbox<Accepted>;
}

/** This side of such a program. Whoever carries the reports hands them to `receive`. */
export class Remote {
	readonly #lacks: Lacks;
	readonly #post: Post;
	readonly #servers = new Map<string, RemoteServer>();
	readonly #endpoints = new Map<string, RemoteEndpoint>();
	#count = 0;
	#failure: Error | null = null;

	constructor(lacks: Lacks, post: Post) {
		this.#lacks = lacks;
		this.#post = post;
	}

	receive(report: Report, bytes: Buffer): void {
		const endpoint = this.#endpoints.get(report.id);
		switch (report.is) {
			case "listening":
				this.#servers.get(report.id)?.listening.put(report.port);
				break;
			case "open": {
				const opened = endpoint ?? this.#add(report.id);
				const { server = "", protocol, headers = {} } = report;
				opened.protocol = protocol;
				opened.opened.put(opened);
				this.#servers.get(server)?.accepted.put({ endpoint: opened, headers });
				break;
			}
			case "message":
				endpoint?.messages.put({ isBinary: report.isBinary, data: bytes });
				break;
			case "ping":
				endpoint?.pings.put(bytes);
				break;
			case "pong":
				endpoint?.pongs.put(bytes);
				break;
			case "closed":
				endpoint?.closed(report.code, report.reason);
				break;
			case "failed": {
				const error = new Error(report.error);
				this.#servers.get(report.id)?.listening.fail(error);
				endpoint?.fail(error);
			}
		}
	}

	/** The program has ended: nothing more comes from it. */
	fail(error: Error): void {
		this.#failure = error;
		for (const endpoint of this.#endpoints.values()) endpoint.fail(error);
		for (const { listening, accepted } of this.#servers.values()) {
			listening.fail(error);
			accepted.fail(error);
		}
	}

	#add(id: string): RemoteEndpoint {
		const endpoint = new RemoteEndpoint(id, this.#lacks, this.#post);
		this.#endpoints.set(id, endpoint);
		return endpoint;
	}

	/** The library there, for one test: its connections are dropped at the end. Its servers stay until the program ends. */
	library(bench: Bench): Library {
		if (this.#failure !== null) throw this.#failure;
		bench.afterwards(() => {
			for (const endpoint of this.#endpoints.values()) endpoint.drop();
			this.#endpoints.clear();
			this.#servers.clear();
		});
		const file = (name: string, content: Buffer): string => {
			const path = join(bench.folder(), name);
			writeFileSync(path, content);
			return path;
		};
		return {
			serve: async ({ protocols = [], tls }: ServeRequest) => {
				const id = `server-${++this.#count}`;
				const listening = new Inbox<number>();
				const accepted = new Inbox<Accepted>();
				this.#servers.set(id, { listening, accepted });
				const files = tls && {
					key: file("key.pem", tls.key),
					cert: file("cert.pem", tls.cert),
				};
				this.#post({ id, do: "serve", protocols, tls: files ?? null }, NOTHING);
				const port = await within("a listening server", listening.next());
				return {
					url: `${tls ? "wss" : "ws"}://127.0.0.1:${port}/path?query=1`,
					accept: () => within("a client", accepted.next()),
				} satisfies Serving;
			},
			connect: async ({
				url,
				protocols = [],
				headers = {},
				ca,
			}: ConnectRequest) => {
				const endpoint = this.#add(`client-${++this.#count}`);
				this.#post(
					{
						id: endpoint.id,
						do: "connect",
						url,
						protocols,
						headers,
						ca: ca === undefined ? null : file("ca.pem", ca),
					},
					NOTHING,
				);
				return within("an open connection", endpoint.opened.next());
			},
		};
	}
}

/** The ways an attacker comes at the victim: as a client of its server, or as the server of its client. */
import { type Bench, keyOf } from "../../support/compat-bench.js";
import { within } from "../../support/compat-wait.js";
import {
	frame,
	request,
	response,
	type Wire,
} from "../../support/compat-wire.js";
import type { Victim } from "./victim.js";

export class ServerTarget {
	readonly bench: Bench;
	readonly victim: Victim;
	readonly port: number;

	constructor(bench: Bench, victim: Victim, port: number) {
		this.bench = bench;
		this.victim = victim;
		this.port = port;
	}

	/** A TCP connection on which nothing has been sent. */
	dial(): Promise<Wire> {
		return this.bench.dial(this.port);
	}

	/** One that is past the opening handshake. */
	async open(): Promise<Wire> {
		const wire = await this.dial();
		wire.write(request());
		await wire.head();
		return wire;
	}

	/** The text that comes back for `text` on an open connection. */
	async echoOn(wire: Wire, text: string): Promise<string> {
		wire.write(frame(1, text, { mask: true }));
		return (await wire.frame()).payload.toString();
	}

	/** Sends `text` on a fresh connection. */
	async send(text: string | Buffer): Promise<Wire> {
		const wire = await this.dial();
		wire.write(text);
		return wire;
	}
}

/** A connection of the victim's client whose request has been read and waits for an answer. */
export interface Lured {
	wire: Wire;
	/** The head of the request. */
	head: string;
	/** Its Sec-WebSocket-Key. */
	key: string;
}

export class ClientTarget {
	readonly bench: Bench;
	readonly victim: Victim;
	#port = 0;
	#count = 0;
	#onWire: (wire: Wire) => void = () => {};

	private constructor(bench: Bench, victim: Victim) {
		this.bench = bench;
		this.victim = victim;
	}

	static async listen(bench: Bench, victim: Victim): Promise<ClientTarget> {
		const target = new ClientTarget(bench, victim);
		target.#port = await bench.listenRaw((wire) => {
			target.#count++;
			target.#onWire(wire);
		});
		return target;
	}

	/** What the victim's clients are told to connect to. */
	get url(): string {
		return `ws://127.0.0.1:${this.#port}/`;
	}

	/** How many TCP connections have come since this was last asked. */
	takeCount(): number {
		const count = this.#count;
		this.#count = 0;
		return count;
	}

	/** The next TCP connection. */
	next(): Promise<Wire> {
		return within(
			"the victim's connection",
			new Promise((resolve) => {
				this.#onWire = resolve;
			}),
		);
	}

	/** Has a client of the victim's connect. */
	async lure(
		options?: Record<string, unknown>,
		habit?: string,
	): Promise<Lured> {
		const came = this.next();
		const { thrown } = await this.victim.connect(this.url, options, habit);
		if (thrown) throw new Error(thrown.message);
		const wire = await came;
		const head = await wire.head();
		return { wire, head, key: keyOf(head) };
	}

	/** A connection of a client of the victim's, past the opening handshake. */
	async open(options?: Record<string, unknown>, habit?: string): Promise<Wire> {
		const { wire, key } = await this.lure(options, habit);
		wire.write(response(key));
		return wire;
	}
}

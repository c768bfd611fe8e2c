/** The process that is attacked, as the attacker's side sees it. `programs/victim.cjs` is the other end. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { EngineName } from "../../../lib/engine/engine.js";
import { within } from "../../support/compat-wait.js";

/** How a server of the victim is set up. The names are those of `programs/habits.cjs`. */
export interface Setup {
	/** Options of the server that need no function; the defaults where there are none. */
	options?: Record<string, unknown>;
	/** What the program does with a connection. Default: "echoes". */
	habit?: string;
	selectProtocol?: string;
	authorize?: string;
	/** What it does when it is told of a refused handshake. */
	refusal?: string;
}

/** An error, as far as it can be sent between processes. */
export interface Told {
	name: string;
	code?: string;
	message: string;
	statusCode?: number;
	closeCode?: number;
	/** Message of its cause. */
	cause?: string;
}

/** What the victim's program was told of one connection. */
export interface ConnectionNotes {
	path: string;
	isOpen: boolean;
	errors: Told[];
	closes: [code: number | undefined, reason: string | undefined][];
	result: { code: number; reason: string; wasClean: boolean } | null;
	/** Messages received. */
	texts: number;
	binaries: number;
}

/** What the victim's program was told since the log was last handed over. */
export interface Log {
	/** Opening handshakes that were refused. */
	refusals: Told[];
	connections: ConnectionNotes[];
	uncaught: Told[];
	warnings: Told[];
}

/** What the victim holds, by the library's own counters and the operating system's. */
export interface Held {
	/** Accepted sockets that are not gone. */
	sockets: number;
	/** Open connections of servers. */
	connections: number;
	pendingHandshakes: number;
	/** Client connections that have not ended, but for a bystander. */
	clients: number;
	/** Bytes of incomplete messages. */
	pendingBytes: number;
	/** Native decoders. */
	decoders: number;
}

export type Memory = NodeJS.MemoryUsage;

/** What the victim's program got for a call: what it returned, or the error it threw. */
export interface Attempt {
	value?: unknown;
	thrown?: Told;
}

interface Answer {
	id: number;
	result?: unknown;
	error?: string;
}

export class Victim {
	readonly engine: EngineName;
	readonly #process: ChildProcess;
	readonly #waiting = new Map<
		number,
		{ resolve(result: unknown): void; reject(error: Error): void }
	>();
	#lastId = 0;
	#stderr = "";

	constructor(engine: EngineName) {
		this.engine = engine;
		this.#process = fork(
			join(import.meta.dirname, "../programs/victim.cjs"),
			[],
			{
				execArgv: ["--expose-gc"],
				env: { ...process.env, NODEJS_WEBSOCKET_ENGINE: engine },
				serialization: "advanced",
				stdio: ["ignore", "ignore", "pipe", "ipc"],
			},
		);
		this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
			this.#stderr += text;
		});
		this.#process.on("message", ({ id, result, error }: Answer) => {
			const waiting = this.#waiting.get(id);
			this.#waiting.delete(id);
			if (error === undefined) waiting?.resolve(result);
			else waiting?.reject(new Error(error));
		});
		this.#process.once("exit", (code, signal) => {
			const end = `the victim has ended with ${signal ?? code}: ${this.#stderr}`;
			for (const { reject } of this.#waiting.values()) reject(new Error(end));
			this.#waiting.clear();
		});
	}

	get isAlive(): boolean {
		return this.#process.connected;
	}

	/** The port of a server that is set up so. The same for the same setup. */
	serve(setup: Setup): Promise<number> {
		return this.#ask("serve", setup);
	}

	/** Starts a client's connection. */
	connect(
		url: string,
		options: Record<string, unknown> = {},
		habit?: string,
	): Promise<Attempt> {
		return this.#ask("connect", url, options, habit);
	}

	/** Has the program do something with its newest connection; the names are those of `programs/acts.cjs`. */
	act(name: string, ...args: unknown[]): Promise<Attempt> {
		return this.#ask("act", name, ...args);
	}

	/** What it holds now. */
	held(): Promise<Held> {
		return this.#ask("held");
	}

	/** Waits, for some seconds at most, until it holds `value` of `name`. */
	until(name: keyof Held, value: number): Promise<void> {
		return this.#ask("until", name, value);
	}

	/** Waits, for some seconds at most, until it holds no more than `idle`. Takes the log. */
	settle(idle: Held): Promise<{ held: Held; log: Log }> {
		return this.#ask("settle", idle);
	}

	/** Waits until its newest connection is open. */
	untilOpen(): Promise<void> {
		return this.#ask("untilOpen");
	}

	/** Memory in use now. */
	usage(): Promise<Memory> {
		return this.#ask("usage");
	}

	/** Memory in use after a collection. */
	measure(): Promise<Memory> {
		return this.#ask("measure");
	}

	/** Processor time it has spent so far, in milliseconds. */
	cpuMs(): Promise<number> {
		return this.#ask("cpuMs");
	}

	setMaxPendingBytes(bytes: number): Promise<void> {
		return this.#ask("setMaxPendingBytes", bytes);
	}

	/** Opens the connection of a client of the victim's that has nothing to do with the attack. */
	meet(url: string): Promise<void> {
		return this.#ask("meet", url);
	}

	/** Has that client send `count` texts and wait for each to come back. */
	echo(count: number): Promise<void> {
		return this.#ask("echo", count);
	}

	leave(): Promise<void> {
		return this.#ask("leave");
	}

	async end(): Promise<void> {
		if (this.#process.exitCode !== null || this.#process.signalCode !== null)
			return;
		const ended = once(this.#process, "exit");
		this.#process.kill("SIGKILL");
		await ended;
	}

	#ask<T>(name: string, ...args: unknown[]): Promise<T> {
		const id = ++this.#lastId;
		const answer = new Promise((resolve, reject) => {
			this.#waiting.set(id, { resolve, reject });
			this.#process.send({ id, name, args }, (error) => {
				if (error) reject(new Error(`the victim is gone: ${this.#stderr}`));
			});
		});
		return within(`the victim's answer to '${name}'`, answer) as Promise<T>;
	}
}

const victims = new Map<EngineName, Victim>();

/** The victim of this test file on `engine`, started where there is none. */
export function victimOn(engine: EngineName): Victim {
	let victim = victims.get(engine);
	if (victim === undefined || !victim.isAlive) {
		victim = new Victim(engine);
		victims.set(engine, victim);
	}
	return victim;
}

afterAll(async () => {
	for (const victim of victims.values()) await victim.end();
});

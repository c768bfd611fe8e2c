/**
 * What every attack has to show, on each engine:
 *
 *   - the attacker gets the answer that the attack states, and the victim's program is told what it states, each time;
 *   - a second connection of the victim has twenty texts echoed while the attack is going on;
 *   - the victim holds afterwards what it held before: by its own counters exactly, by its heap nearly, and its resident
 *     memory has not grown over the repetitions.
 *
 * The victim is a process of its own (victim.ts). An attack is done once to warm up, then three times, and as often after
 * that as the echoes last.
 */
import { expect } from "vitest";
import type { Bench } from "../../support/compat-bench.js";
import { frame, request, type Wire } from "../../support/compat-wire.js";
import { onEachEngine } from "../../support/peer-engines.js";
import { ClientTarget, ServerTarget } from "./target.js";
import type { Held, Log, Memory, Setup, Victim } from "./victim.js";
import { victimOn } from "./victim.js";

export interface Attack<Target> {
	/** The behaviour: the name of the test. */
	name: string;
	/** Does it once. Returns what the attacker has seen. */
	run(target: Target): Promise<object>;
	/** What it has to have seen, as `toMatchObject` takes it. */
	sees: object;
	/** What the victim's program has to have been told, likewise. */
	told?: { [part in keyof Log]?: object[] };
	/** Messages of the errors that the victim's own program throws. */
	throws?: string[];
}

export interface ServerAttack extends Attack<ServerTarget> {
	/** The server that is attacked. Default: an echo server with all options at their defaults. */
	setup?: Setup;
}

export type ClientAttack = Attack<ClientTarget>;

/** The other end of an open connection of the victim's, whose role does not matter. */
export interface Peer {
	readonly victim: Victim;
	/** Whether this end masks its frames: it is the client. */
	readonly mask: boolean;
	/** A connection past its opening handshake. */
	open(): Promise<Wire>;
}

/** An attack by frames, which a server and a client have to withstand alike. */
export interface FrameAttack extends Attack<Peer> {
	/** Options of the victim's end. */
	options?: Record<string, unknown>;
	/** What the victim's program does with the connection. */
	habit?: string;
}

/** The roles that the victim can have. */
export const roles = ["server", "client"] as const;

const REPETITIONS = 3;
const ECHOES = 20;

/** Only against hanging: how long the echoes may take, in milliseconds. */
const ECHO_DEADLINE_MS = 30_000;

/** What the heap may differ by, in bytes: compiled code and its feedback. Whatever an attack leaves per byte is more. */
const HEAP_SLACK = 1024 * 1024;

/**
 * What resident memory may grow by over the repetitions, in bytes. The allocators of V8 and of libc keep what they may need
 * again, up to a point: where it grows by more, it must have stopped when the attack is repeated as often again. That of a
 * sanitizer gives nothing back.
 */
const RESIDENT_SLACK =
	process.env.ASAN_OPTIONS === undefined
		? 32 * 1024 * 1024
		: Number.POSITIVE_INFINITY;

const RESIDENT_ROUNDS = 4;

const IDLE: Held = {
	sockets: 0,
	connections: 0,
	pendingHandshakes: 0,
	clients: 0,
	pendingBytes: 0,
	decoders: 0,
};

/** The connection that has to be served all the while. */
interface Bystander {
	/** What it makes the victim hold. */
	held: Held;
	echo(): Promise<void>;
	leave(): Promise<void>;
}

/** Tests an attack on a server of the victim's. The bystander is another client of that server. */
export function onServer(attack: ServerAttack): void {
	define(attack.name, async (bench, victim) => {
		const target = new ServerTarget(
			bench,
			victim,
			await victim.serve(attack.setup ?? {}),
		);
		const wire = await target.send(request({}, "GET /bystander HTTP/1.1"));
		await wire.head();
		// By its first bytes it is all it ever is: a decoder is made for them.
		await echo(wire, 1);
		// So that no idle time-out is for it. To a pong there is no answer.
		const pong = frame(10, "", { mask: true });
		const signsOfLife = setInterval(() => wire.write(pong), 50);
		bench.afterwards(() => clearInterval(signsOfLife));
		await withstand(attack, target, victim, {
			held: {
				...IDLE,
				sockets: 1,
				connections: 1,
				decoders: nativeOnes(victim),
			},
			echo: () => echo(wire, ECHOES),
			async leave() {
				clearInterval(signsOfLife);
				wire.socket.end();
				await wire.gone;
			},
		});
	});
}

/** Tests an attack on a client of the victim's. The bystander is another client of the victim's, of an echo server here. */
export function onClient(attack: ClientAttack): void {
	define(attack.name, async (bench, victim) => {
		const target = await ClientTarget.listen(bench, victim);
		const { url } = await bench.serve({}, (connection) => {
			connection.on("text", (text: string) => connection.sendText(text));
		});
		await victim.meet(url);
		await victim.echo(1);
		await withstand(attack, target, victim, {
			held: { ...IDLE, decoders: nativeOnes(victim) },
			echo: () => victim.echo(ECHOES),
			leave: () => victim.leave(),
		});
	});
}

/** Tests an attack by frames on a victim in `role`. */
export function on(role: (typeof roles)[number], attack: FrameAttack): void {
	const { options, habit, run } = attack;
	if (role === "server") {
		onServer({
			...attack,
			setup: { options, habit },
			run: (server) =>
				run({ victim: server.victim, mask: true, open: () => server.open() }),
		});
	} else {
		onClient({
			...attack,
			run: (client) =>
				run({
					victim: client.victim,
					mask: false,
					open: () => client.open(options, habit),
				}),
		});
	}
}

function define(
	name: string,
	body: (bench: Bench, victim: Victim) => Promise<void>,
): void {
	onEachEngine(name, async (bench) => {
		const { engine } = bench.implementation;
		if (engine === undefined) throw new Error("1.7 is not attacked");
		const victim = victimOn(engine);
		try {
			await body(bench, victim);
		} catch (error) {
			// What it holds now is not for the next one to account for.
			await victim.end();
			throw error;
		}
	});
}

/** How many native decoders one connection of the victim's has. */
const nativeOnes = (victim: Victim) => (victim.engine === "native" ? 1 : 0);

async function withstand<Target>(
	attack: Attack<Target>,
	target: Target,
	victim: Victim,
	bystander: Bystander,
): Promise<void> {
	const once = async () => {
		expect(await attack.run(target)).toMatchObject(attack.sees);
		const { held, log } = await victim.settle(bystander.held);
		expect(held).toEqual(bystander.held);
		expect(log.uncaught.map(({ message }) => message)).toEqual(
			attack.throws ?? [],
		);
		expect(log.warnings).toEqual([]);
		if (attack.told) expect(log).toMatchObject(attack.told);
	};
	await once();
	const before = await victim.measure();
	let isEchoing = true;
	const echoes = inTime(bystander.echo()).finally(() => {
		isEchoing = false;
	});
	// It is awaited below, and must not go unhandled until then.
	echoes.catch(() => {});
	for (let i = 0; i < REPETITIONS || isEchoing; i++) await once();
	await echoes;
	const after = await victim.measure();
	expect(inUse(after) - inUse(before), "heap").toBeLessThan(HEAP_SLACK);
	await expectNoGrowth(before.rss, after.rss, async () => {
		for (let i = 0; i < REPETITIONS; i++) await once();
		return (await victim.measure()).rss;
	});
	await bystander.leave();
	expect((await victim.settle(IDLE)).held).toEqual(IDLE);
}

const inUse = ({ heapUsed, external }: Memory) => heapUsed + external;

/** Resident memory before and after the first repetitions; `repeat` returns that after as many more. */
async function expectNoGrowth(
	before: number,
	after: number,
	repeat: () => Promise<number>,
): Promise<void> {
	const growth = [after - before];
	let last = after;
	while (growth[0] >= RESIDENT_SLACK && growth.length < RESIDENT_ROUNDS) {
		const now = await repeat();
		growth.unshift(now - last);
		last = now;
	}
	expect(growth[0], `resident memory, ${growth}`).toBeLessThan(RESIDENT_SLACK);
}

/** Sends texts one by one, each when the one before has come back. */
async function echo(wire: Wire, count: number): Promise<void> {
	for (let i = 0; i < count; i++) {
		wire.write(frame(1, `echo ${i}`, { mask: true }));
		expect((await wire.frame()).payload.toString()).toBe(`echo ${i}`);
	}
}

async function inTime(echoes: Promise<void>): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const deadline = new Promise<never>((_, reject) => {
		timer = setTimeout(
			() => reject(new Error("a bystander was not served in time")),
			ECHO_DEADLINE_MS,
		);
	});
	try {
		await Promise.race([echoes, deadline]);
	} finally {
		clearTimeout(timer);
	}
}

/** Ten thousand connections at once, served by one process and by two: each is heard, and nothing of it is left. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { mostDescriptors } from "../../scripts/support/descriptors.mjs";
import { nativeTransportMissing } from "../api/native-bench.js";
import { within } from "../support/compat-wait.js";
import { frame, request } from "../support/compat-wire.js";

vi.setConfig({ testTimeout: 180_000 });

const CONNECTIONS = 10_000;
/** The first, before anything is counted: what is made once is made then. */
const WARM_UP = 500;
/** For any thing that all of them do. */
const BOUND_MS = 60_000;

/** Opened at the same time. */
const AT_ONCE = 200;

/** What may be left of a connection, in bytes: tables that were never so full before, and no object of its own. */
const HEAP_BYTES_PER_CONNECTION = 200;

interface Vitals {
	native: number;
	socket: number;
	descriptors: number;
	heapBytes: number;
}

const running: ChildProcess[] = [];
afterEach(() => {
	for (const child of running.splice(0)) child.kill("SIGKILL");
});

/** The program that serves, with as many processes. */
class CrowdServer {
	readonly #child: ChildProcess;
	readonly #processes: number;

	constructor(processes: number) {
		const program = join(import.meta.dirname, "programs", "crowd-server.cjs");
		this.#processes = processes;
		this.#child = fork(program, [`${processes}`], {
			execArgv: ["--expose-gc"],
			env: { ...process.env, NODEJS_WEBSOCKET_TRANSPORT: "" },
		});
		running.push(this.#child);
	}

	async port(): Promise<number> {
		const [told] = await within("its port", once(this.#child, "message"));
		return told.port;
	}

	/** What each process answers. */
	ask<Answer>(what: "vitals" | "spawn"): Promise<Answer[]> {
		const child = this.#child;
		const answers: Answer[] = [];
		const answered = new Promise<Answer[]>((resolve) => {
			child.on("message", (answer) => {
				if (answers.push(answer as Answer) < this.#processes) return;
				child.removeAllListeners("message");
				resolve(answers);
			});
		});
		child.send(what);
		return within("the answers", answered);
	}
}

/** A peer that has said hello, and heard it. */
function enter(port: number, number: number): Promise<Socket> {
	const text = `hello ${number}`;
	const echo = String.fromCharCode(0x81, text.length) + text;
	const socket = connect(port, "127.0.0.1");
	socket.setEncoding("latin1");
	socket.write(request(), "latin1");
	socket.write(frame(1, text, { mask: true }));
	return new Promise((resolve, reject) => {
		let heard = "";
		const listen = (data: string) => {
			heard += data;
			if (!heard.endsWith(echo)) return;
			socket.off("data", listen);
			socket.off("close", lost);
			resolve(socket);
		};
		const lost = () => reject(new Error(`${text} was lost behind ${heard}`));
		socket.on("data", listen);
		socket.on("close", lost);
		socket.on("error", () => {});
	});
}

async function crowd(port: number, count: number): Promise<Socket[]> {
	const all: Socket[] = [];
	while (all.length < count) {
		const some = [];
		for (let i = 0; i < Math.min(AT_ONCE, count - all.length); i++)
			some.push(enter(port, all.length + i));
		all.push(...(await within("their echoes", Promise.all(some))));
	}
	return all;
}

/** Half of them say goodbye, the others reset. */
async function leave(all: Socket[]): Promise<void> {
	const gone = all.map((socket, i) => {
		const closed = once(socket, "close");
		socket.resume();
		if (i % 2 === 0) socket.end(frame(8, "", { mask: true }));
		else socket.resetAndDestroy();
		return closed;
	});
	await within("their ends", Promise.all(gone));
}

const sum = (all: Vitals[], what: keyof Vitals) =>
	all.reduce((total, each) => total + each[what], 0);

const limit = mostDescriptors();
/** Of a process: from here on connections stay on the socket transport, which takes one descriptor instead of two. */
const mostNative = Math.floor((limit * 3) / 4 / 2) - 50;

describe.skipIf(nativeTransportMissing !== undefined)("a crowd", () => {
	for (const processes of [1, 2]) {
		const each = CONNECTIONS / processes;
		const native = Math.min(each, mostNative);
		const needed = Math.max(CONNECTIONS, each + native) + 200;
		if (needed > limit) {
			const reason = `it takes ${needed} descriptors, and this system allows a process ${limit}`;
			test.skip(`of ${CONNECTIONS} on ${processes} processes: ${reason}`, () => {});
			continue;
		}
		test(`of ${CONNECTIONS} is served by ${processes === 1 ? "one process" : `${processes} of node:cluster`}, and leaves nothing behind`, async () => {
			const server = new CrowdServer(processes);
			const port = await server.port();
			const idle = sum(await server.ask<Vitals>("vitals"), "descriptors");
			await leave(await crowd(port, WARM_UP));
			const before = await settled(server, idle);
			const inherited = await server.ask("spawn");

			const all = await crowd(port, CONNECTIONS);
			const during = await server.ask<Vitals>("vitals");
			expect(sum(during, "native") + sum(during, "socket")).toBe(CONNECTIONS);
			expect(sum(during, "native")).toBeGreaterThanOrEqual(native * processes);
			expect(await server.ask("spawn")).toEqual(inherited);

			await leave(all);
			const after = await settled(server, sum(before, "descriptors"));
			expect(sum(after, "heapBytes") - sum(before, "heapBytes")).toBeLessThan(
				CONNECTIONS * HEAP_BYTES_PER_CONNECTION,
			);
		});
	}
});

/** What the server's processes hold when no connection is left, and no more descriptors than `most`. */
async function settled(server: CrowdServer, most: number): Promise<Vitals[]> {
	const end = Date.now() + BOUND_MS;
	for (;;) {
		const all = await server.ask<Vitals>("vitals");
		const open = sum(all, "native") + sum(all, "socket");
		const descriptors = sum(all, "descriptors");
		if (open === 0 && descriptors <= most) return all;
		if (Date.now() > end)
			throw new Error(
				`the server still holds ${open} connections, ${descriptors} descriptors instead of ${most}`,
			);
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
}

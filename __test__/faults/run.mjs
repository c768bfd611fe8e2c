/**
 * Faults and load: connections that exchange numbered messages through a proxy that delays, cuts, resets and truncates them.
 *
 * Servers, proxy and clients are processes of their own. Each keeps a ledger of what it saw in a file; they are compared when
 * all is over. What the processes hold is compared with what they held after a first, short round.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findingsOf } from "./figures.mjs";
import { historiesOf } from "./history.mjs";
import { readLedger } from "./ledger.mjs";
import { Messages } from "./messages.mjs";
import { Worker } from "./worker.mjs";

/** @typedef {import("./workers/vitals.mjs").Vitals} Vitals */

/** Messages sent per second, by all ends together, as far as the machine keeps up. */
const MESSAGES_PER_SECOND = 4000;

/** Messages in a burst, on average. */
const MESSAGES_PER_BURST = 3.5;

/** The first round: what is made once, and kept, is made in it. */
const WARM_UP_CONNECTIONS = 1000;
const WARM_UP_MS = 4000;

/** Connections a port serves: far fewer than the system has ports to connect from. */
const CONNECTIONS_PER_PORT = 2000;

/** For opening all connections, for ending them, and for judging; the load itself comes on top. */
const OVERHEAD_MS = 360_000;

const roles = /** @type {const} */ (["server", "proxy", "client"]);

/**
 * @typedef {object} RunOptions
 * @property {string} variant
 * @property {number} connections At once.
 * @property {number} seconds After all of them have been opened.
 * @property {number} seed
 * @property {string} folder For the ledgers; emptied.
 * @property {(progress: { attempts: number, open: number }) => void} [onProgress]
 */

/**
 * @typedef {object} Left
 * @property {string} role Of the process.
 * @property {number} busy Connections that did not come to an end.
 * @property {Vitals} before
 * @property {Vitals} after
 */

/**
 * @typedef {object} Result
 * @property {number} mostOpen Connections open at once, at most.
 * @property {number} reconnects Connections that followed one that was lost or closed.
 * @property {import("./figures.mjs").Findings} findings
 * @property {string[]} complaints Of the processes.
 * @property {Left[]} left What each process holds when it is idle.
 */

/**
 * @param {RunOptions} options
 * @returns {Promise<Result>}
 */
export async function runFaults(options) {
	const { folder, seconds } = options;
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(folder, { recursive: true });
	/** @type {string[]} */
	const complaints = [];
	/** @param {typeof roles[number]} role */
	const makeWorker = (role) =>
		new Worker(role, {
			onComplaint: (complaint) => complaints.push(complaint),
			onProgress: options.onProgress,
		});
	/** @type {[Worker, Worker, Worker]} */
	const workers = [
		makeWorker("server"),
		makeWorker("proxy"),
		makeWorker("client"),
	];
	const deadline = setTimeout(
		() => {
			for (const worker of workers) worker.kill("it took too long");
		},
		OVERHEAD_MS + seconds * 1000,
	);
	try {
		const result = await load(options, workers);
		await Promise.all(workers.map((worker) => worker.stop()));
		const findings = findingsOf(
			historiesOf(allRecords(folder)),
			new Messages(options.seed),
		);
		return { ...result, findings, complaints };
	} finally {
		clearTimeout(deadline);
		for (const worker of workers) worker.kill();
		rmSync(folder, { recursive: true, force: true });
	}
}

/**
 * @param {RunOptions} options
 * @param {[server: Worker, proxy: Worker, client: Worker]} workers
 */
async function load({ variant, connections, seconds, seed, folder }, workers) {
	const [server, proxy, client] = workers;
	/** @param {Worker} worker @param {object} [rest] */
	const start = (worker, rest) => {
		const ledgerFile = ledgerOf(folder, worker.role);
		return worker.request("start", { seed, variant, ledgerFile, ...rest });
	};
	const listeners = Math.ceil(connections / CONNECTIONS_PER_PORT);
	const serverPorts = await start(server, { listeners });
	await start(client, { ports: await start(proxy, { ports: serverPorts }) });

	const ofAll = (/** @type {string} */ name) =>
		Promise.all(workers.map((worker) => worker.request(name)));
	/** @param {number} atOnce @param {number} milliseconds */
	const round = async (atOnce, milliseconds) => {
		const burstsPerSecond = MESSAGES_PER_SECOND / MESSAGES_PER_BURST;
		const gapMs = (1000 * 2 * atOnce) / burstsPerSecond;
		for (const worker of [server, client]) await worker.request("pace", gapMs);
		const { attempts, mostOpen } = await client.request("round", {
			connections: atOnce,
			milliseconds,
		});
		const busy = await ofAll("idle");
		return { attempts, mostOpen, busy, vitals: await ofAll("vitals") };
	};
	const first = Math.min(connections, WARM_UP_CONNECTIONS);
	const before = await round(first, WARM_UP_MS);
	const isIdle = before.busy.every((count) => count === 0);
	const after = isIdle ? await round(connections, 1000 * seconds) : before;
	const left = workers.map(({ role }, index) => ({
		role,
		busy: after.busy[index],
		before: before.vitals[index],
		after: after.vitals[index],
	}));
	const reconnects = after.attempts - first - connections;
	return { mostOpen: after.mostOpen, reconnects, left };
}

/** @param {string} folder @param {string} role */
function ledgerOf(folder, role) {
	return join(folder, `${role}.ledger`);
}

/** @param {string} folder */
function* allRecords(folder) {
	for (const role of roles) yield* readLedger(ledgerOf(folder, role));
}

/** The process with the clients: so many connections at once, each lost or closed one followed by another. */
import { connect } from "nodejs-websocket";
import { pause } from "../../attacks/programs/measure.cjs";
import { Endpoint } from "../endpoint.mjs";
import { CLIENT } from "../ledger.mjs";
import { pathOf } from "../plan.mjs";
import { answer, exitIfBusy, tell } from "./answer.mjs";
import { prepare } from "./load.mjs";
import { settled } from "./settled.mjs";
import { vitals } from "./vitals.mjs";

/** @typedef {import("./load.mjs").Start} Start */

/** Opening handshakes under way at once, at most: fewer than the backlog of the proxy. */
const MOST_OPENING = 500;

const PROGRESS_MS = 5000;

class Clients {
	/** Connections begun so far; the number of the next one. */
	attempts = 0;
	/** Open now, and at once at most. */
	open = 0;
	mostOpen = 0;
	/** @type {Start & { ports: number[] }} */
	#start;
	#load;
	/** @type {Set<Endpoint>} */
	#endpoints = new Set();
	#opening = 0;
	/**
	 * Those that wait until they may open.
	 *
	 * @type {(() => void)[]}
	 */
	#waiting = [];
	/** Whether ends talk, or wait until all connections are open. */
	#isTalking = false;
	#isOver = false;

	/** @param {Start & { ports: number[] }} start */
	constructor(start) {
		this.#start = start;
		this.#load = prepare(start, CLIENT);
	}

	get ledger() {
		return this.#load.ledger;
	}

	/** @param {number} gapMs */
	pace(gapMs) {
		this.#load.endpointOptions.gapMs = gapMs;
	}

	/** Connections that are not gone. */
	get busy() {
		return this.#endpoints.size;
	}

	/**
	 * Opens so many connections, has them talk for so long, and opens a new one for each that is closed or lost. Settles when
	 * all are gone, or when some never will be.
	 *
	 * @param {number} connections
	 * @param {number} milliseconds
	 */
	async round(connections, milliseconds) {
		this.#isTalking = false;
		this.#isOver = false;
		let unopened = connections;
		/** @type {Promise<void>} */
		const allOpened = new Promise((resolve) => {
			const onFirstOpened = () => {
				if (--unopened === 0) resolve();
			};
			for (let slot = 0; slot < connections; slot++) this.#fill(onFirstOpened);
		});
		await allOpened;
		this.#isTalking = true;
		for (const endpoint of this.#endpoints) endpoint.begin();
		await pause(milliseconds);
		this.#windDown();
		await settled(() => this.busy === 0);
	}

	/**
	 * Opens one connection after another.
	 *
	 * @param {() => void} onFirstOpened
	 */
	async #fill(onFirstOpened) {
		await this.#connect(onFirstOpened);
		while (!this.#isOver) await this.#connect(() => {});
	}

	#windDown() {
		this.#isOver = true;
		for (const endpoint of this.#endpoints) endpoint.windDown();
		for (const go of this.#waiting) go();
		this.#waiting = [];
	}

	/**
	 * One connection, from its opening to its end.
	 *
	 * @param {() => void} onOpened Called when the opening handshake is over, well or not.
	 */
	async #connect(onOpened) {
		if (this.#opening >= MOST_OPENING)
			await new Promise((resolve) =>
				this.#waiting.push(() => resolve(undefined)),
			);
		if (this.#isOver) return;
		this.#opening++;
		const number = this.attempts++;
		const { ports } = this.#start;
		const port = ports[number % ports.length];
		const url = `ws://127.0.0.1:${port}${pathOf(number)}`;
		const connection = connect(url, { ...this.#load.libraryOptions });
		const endpoint = new Endpoint(
			connection,
			number,
			this.#load.endpointOptions,
		);
		this.#endpoints.add(endpoint);
		let isOpen = false;
		const opened = () => {
			this.#opening--;
			this.#waiting.shift()?.();
			onOpened();
		};
		connection.once("connect", () => {
			isOpen = true;
			this.mostOpen = Math.max(this.mostOpen, ++this.open);
			endpoint.open();
			if (this.#isTalking) endpoint.begin();
			if (this.#isOver) endpoint.windDown();
			opened();
		});
		connection.once("close", () => {
			if (isOpen) this.open--;
			else opened();
		});
		await endpoint.gone;
		this.#endpoints.delete(endpoint);
	}
}

/** @type {Clients} */
let clients;

answer({
	/** @param {Start & { ports: number[] }} start */
	start(start) {
		clients = new Clients(start);
	},
	/** @param {number} gapMs Mean time between two bursts of messages of one end. */
	pace(gapMs) {
		clients.pace(gapMs);
	},
	/** @param {{ connections: number, milliseconds: number }} round */
	async round({ connections, milliseconds }) {
		const timer = setInterval(() => {
			const { attempts, open } = clients;
			tell({ progress: { attempts, open } });
		}, PROGRESS_MS);
		await clients.round(connections, milliseconds);
		clearInterval(timer);
		const { attempts, mostOpen } = clients;
		return { attempts, mostOpen };
	},
	/** A round ends when its connections are gone. */
	idle: () => clients.busy,
	vitals,
	stop() {
		clients.ledger.close();
		exitIfBusy(clients.busy);
	},
});

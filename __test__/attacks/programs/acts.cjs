/** What the victim's program does on command, by name: most of it with `connection`, the newest. */
const { once } = require("node:events");
const { join } = require("node:path");
const { Worker } = require("node:worker_threads");
const { BYSTANDER } = require("./bystander.cjs");
const { decide } = require("./habits.cjs");
const { changes, lies, race, refused } = require("./misuses.cjs");

/** The code of the error that `call` throws, or what it returns. */
function outcome(call) {
	try {
		return String(call());
	} catch (error) {
		return `${error.name} ${error.code}`;
	}
}

const { random } = Math;
const { now } = Date;

module.exports = {
	/** Has the hook that waits decide about `count` requests. */
	decide: (_connection, count) => decide(count),

	resume: (connection) => connection.resume(),

	/** Makes every call that `method` has to refuse. Returns how each ended, by its name. */
	misuse(connection, method) {
		const outcomes = {};
		for (const [name, call] of Object.entries(refused[method]))
			outcomes[name] = outcome(() => call(connection));
		connection.sendText("after");
		return outcomes;
	},

	lie(connection, name) {
		lies[name](connection);
	},

	change(connection, name, factor) {
		changes[name](connection, factor);
	},

	race,

	/** Calls the engine's functions with nonsense, `count` times. Returns the errors they threw. */
	async abuse(_connection, count) {
		const worker = new Worker(join(__dirname, "abuse.cjs"), {
			workerData: count,
		});
		const [[message]] = await Promise.all([
			once(worker, "message"),
			once(worker, "exit"),
		]);
		return message;
	},

	/** Sends `count` texts of one character. */
	sendMany(connection, count) {
		for (let i = 0; i < count; i++) connection.sendText("x");
	},

	/**
	 * Sends `count` binary messages of `bytes` at once: a server's, to all but the bystander. Returns how many were refused,
	 * and the most that waited for one peer.
	 */
	async broadcast(connection, count, bytes) {
		const peers = connection.server?.connections ?? [connection];
		const message = Buffer.alloc(bytes, "x");
		let refused = 0;
		let most = 0;
		for (let i = 0; i < count; i++) {
			for (const peer of peers) {
				if (peer.path === BYSTANDER) continue;
				peer.sendBinary(message, (error) => {
					if (error?.code === "WS_ERR_BUFFERED_BYTES") refused++;
				});
				most = Math.max(most, peer.bufferedAmount);
			}
		}
		// The callbacks of those that are refused come at the end of the tick.
		await new Promise(setImmediate);
		return { refused, most };
	},

	/** Makes the random numbers of JavaScript, and the time, the same ever after; or as they were. */
	predict(_connection, isPredictable) {
		Math.random = isPredictable ? () => 0.5 : random;
		Date.now = isPredictable ? () => 0 : now;
	},

	/** What there is on the prototype of all objects that enumeration finds. */
	prototype() {
		const names = [];
		for (const name in {}) names.push(name);
		return names;
	},
};

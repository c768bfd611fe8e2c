/**
 * The process that is attacked: servers and clients of the library on the engine that NODEJS_WEBSOCKET_ENGINE names, told
 * over IPC what to do. `support/victim.ts` has the other end and the types.
 *
 * It notes what its program is told of every connection but those of the bystanders, and what it should never see: an
 * uncaught exception, an unhandled rejection, a warning.
 */
const ws = require("nodejs-websocket");
const habits = require("./habits.cjs");
const acts = require("./acts.cjs");
const { BYSTANDER } = require("./bystander.cjs");
const {
	LONGEST_WAIT_MS,
	collect,
	decoderCount,
	pause,
	pendingBytes,
	until,
} = require("./measure.cjs");

/** Every server there is, by the text of its setup. */
const servers = new Map();

/** The log since it was last handed over. */
let log = emptyLog();

/** Clients that have not ended. */
const clients = new Set();
/** The connection whose program `act` plays: the newest. */
let newest = null;

function emptyLog() {
	return { refusals: [], connections: [], uncaught: [], warnings: [] };
}

const describe = (error) => ({
	name: error?.name,
	code: error?.code,
	message: String(error?.message ?? error),
	statusCode: error?.statusCode,
	closeCode: error?.closeCode,
	cause: error?.cause?.message,
});

/** What `action` returns, or the error that it throws. */
async function attempt(action) {
	try {
		return { value: await action() };
	} catch (error) {
		return { thrown: describe(error) };
	}
}

process.on("uncaughtException", (error) => log.uncaught.push(describe(error)));
process.on("unhandledRejection", (error) => log.uncaught.push(describe(error)));
process.on("warning", (warning) => log.warnings.push(describe(warning)));

/** Notes what the program is told of `connection` from here on. */
function watch(connection, habit) {
	newest = connection;
	const notes = {
		path: connection.path,
		isOpen: connection.readyState === connection.OPEN,
		errors: [],
		closes: [],
		result: null,
		texts: 0,
		binaries: 0,
	};
	log.connections.push(notes);
	connection.on("connect", () => {
		notes.isOpen = true;
	});
	connection.on("error", (error) => notes.errors.push(describe(error)));
	connection.on("close", (...args) => notes.closes.push(args));
	connection.closed.then((result) => {
		notes.result = result;
	});
	habits.connection[habit ?? "echoes"](connection, notes);
	return notes;
}

async function serve(setup) {
	const key = JSON.stringify(setup);
	let server = servers.get(key);
	if (server === undefined) {
		const { options, habit, selectProtocol, authorize } = setup;
		server = ws.createServer({
			...options,
			...(selectProtocol && {
				selectProtocol: habits.selectProtocol[selectProtocol],
			}),
			...(authorize && { authorize: habits.authorize[authorize] }),
		});
		server.on("connection", (connection) => {
			// It is served, and no part of the log.
			if (connection.path === BYSTANDER) habits.connection.echoes(connection);
			else watch(connection, habit);
		});
		server.on("handshakeError", (error) => {
			log.refusals.push(describe(error));
			habits.refusal[setup.refusal]?.();
		});
		servers.set(key, server);
		await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
	}
	return server.socket.address().port;
}

/** Sockets that servers have accepted and that are not gone. */
async function socketCount() {
	let count = 0;
	for (const { socket } of servers.values())
		count += await new Promise((resolve) =>
			socket.getConnections((_error, found) => resolve(found ?? 0)),
		);
	return count;
}

/** What is held now, counted and not collected. */
async function held() {
	let connections = 0;
	let pendingHandshakes = 0;
	for (const server of servers.values()) {
		connections += server.connections.length;
		pendingHandshakes += server.pendingHandshakes;
	}
	return {
		sockets: await socketCount(),
		connections,
		pendingHandshakes,
		clients: clients.size,
		pendingBytes: pendingBytes(),
		decoders: decoderCount(),
	};
}

let bystander = null;

const commands = {
	serve,
	held,

	/** Opens a client's connection; what becomes of it is in the log. Returns the error where it throws. */
	connect(url, options, habit) {
		return attempt(() => {
			const connection = ws.connect(url, options);
			watch(connection, habit);
			clients.add(connection);
			connection.closed.then(() => clients.delete(connection));
		});
	},

	/** Has the program do `name` with the newest connection. Returns what that returns, or the error it throws. */
	act(name, ...args) {
		return attempt(() => acts[name](newest, ...args));
	},

	/**
	 * Waits until no more is held than `idle` and all that was noted has ended, some seconds at most. Hands the log over and
	 * starts a new one.
	 */
	async settle(idle) {
		const end = performance.now() + LONGEST_WAIT_MS;
		let now = await held();
		const isIdle = () =>
			Object.keys(idle).every((name) => now[name] === idle[name]) &&
			log.connections.every(({ result }) => result !== null);
		while (!isIdle() && performance.now() < end) {
			await pause(1);
			now = await held();
		}
		const handed = log;
		log = emptyLog();
		newest = null;
		return { held: now, log: handed };
	},

	/** Waits until it holds `value` of `name`, some seconds at most. */
	async until(name, value) {
		const end = performance.now() + LONGEST_WAIT_MS;
		let now = await held();
		while (now[name] !== value && performance.now() < end) {
			await pause(1);
			now = await held();
		}
		if (now[name] !== value) throw new Error(`${name} is ${now[name]}`);
	},

	/** Waits until the newest connection is open. */
	untilOpen: () => until("the connection", () => newest?.readyState === 1),

	/** Memory in use now, in bytes. */
	usage: () => process.memoryUsage(),

	/** Memory in use after a collection, in bytes. */
	async measure() {
		await collect(1);
		// What has come meanwhile is garbage, too.
		globalThis.gc();
		return process.memoryUsage();
	},

	/** Processor time spent so far, in milliseconds. */
	cpuMs() {
		const { user, system } = process.cpuUsage();
		return (user + system) / 1000;
	},

	setMaxPendingBytes: ws.setMaxPendingBytes,

	/** A client of this process that has nothing to do with the attack. */
	async meet(url) {
		bystander = ws.connect(url);
		await new Promise((resolve, reject) => {
			bystander.once("connect", resolve);
			bystander.once("close", () => reject(new Error("not connected")));
		});
	},

	/** Its `count` texts, each sent when the one before has come back. */
	async echo(count) {
		for (let i = 0; i < count; i++) {
			const text = `echo ${i}`;
			const came = new Promise((resolve) => bystander.once("text", resolve));
			bystander.sendText(text);
			const back = await came;
			if (back !== text) throw new Error(`${back} came for ${text}`);
		}
	},

	async leave() {
		bystander.close();
		await bystander.closed;
		bystander = null;
	},
};

process.on("message", async ({ id, name, args }) => {
	const answer = { id };
	try {
		answer.result = await commands[name](...args);
	} catch (error) {
		answer.error = String(error?.stack ?? error);
	}
	process.send(answer);
});

// The parent is gone: so is what this is for.
process.on("disconnect", () => process.exit());

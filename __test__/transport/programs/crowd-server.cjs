/**
 * Serves an echo from this process, or from as many of node:cluster as its argument says. Over IPC it tells its port, and what
 * each process holds whenever it is asked: `{ native, socket, descriptors, heapBytes }`. "spawn" starts a process that inherits
 * what is not kept from it, and tells how many descriptors that has.
 */
const { spawn } = require("node:child_process");
const cluster = require("node:cluster");
const { readdirSync } = require("node:fs");
const ws = require("nodejs-websocket");

const count = Number(process.argv[2]);

if (count > 1 && cluster.isPrimary) relay();
else serve();

function serve() {
	const server = ws.createServer({ transport: "auto" }, (connection) => {
		connection.on("text", (text) => connection.sendText(text));
	});
	server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () =>
		process.send({ port: server.socket.address().port }),
	);
	process.on("message", async (asked) => {
		if (asked === "spawn") process.send({ inherited: await inherited() });
		else process.send(await vitals(server));
	});
	process.on("disconnect", () => process.exit());
}

async function vitals({ connections }) {
	const native = connections.filter((each) => each.transport === "native");
	for (let i = 0; i < 3; i++) {
		await new Promise((resolve) => setImmediate(resolve));
		globalThis.gc();
	}
	return {
		native: native.length,
		socket: connections.length - native.length,
		descriptors: readdirSync("/proc/self/fd").length,
		heapBytes: process.memoryUsage().heapUsed,
	};
}

async function inherited() {
	const child = spawn("sleep", ["60"], { stdio: "ignore" });
	await new Promise((resolve) => child.once("spawn", resolve));
	let found = Number.POSITIVE_INFINITY;
	// The fewest, for while it is being loaded it has those of its libraries, too.
	for (let i = 0; i < 10; i++) {
		await new Promise((resolve) => setTimeout(resolve, 20));
		const now = readdirSync(`/proc/${child.pid}/fd`).length;
		found = Math.min(found, now);
	}
	child.kill();
	return found;
}

/** Passes what is asked on to the workers, and their answers back. */
function relay() {
	const ports = [];
	for (let i = 0; i < count; i++) {
		cluster.fork().on("message", (told) => {
			if (told.port === undefined) process.send(told);
			else if (ports.push(told.port) === count) process.send(told);
		});
	}
	process.on("message", (asked) => {
		for (const worker of Object.values(cluster.workers)) worker.send(asked);
	});
	process.on("disconnect", () => process.exit());
}

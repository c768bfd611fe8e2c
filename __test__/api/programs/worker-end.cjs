/**
 * Worker threads that end with open native connections, by `terminate`, by process.exit in a handler, and by an exception
 * there. Prints one line of JSON: how many connections were told of the end, and how many descriptors were left.
 */
const { readdirSync } = require("node:fs");
const { isMainThread, parentPort, Worker } = require("node:worker_threads");
const ws = require("nodejs-websocket");

const CONNECTIONS = 20;

if (isMainThread) main();
else serve();

function serve() {
	const server = ws.createServer({ transport: "native" }, (connection) => {
		connection.on("text", (text) => {
			connection.sendText(text);
			if (text === "exit") process.exit(3);
			if (text === "throw") throw new Error("thrown");
		});
	});
	server.listen(0, "127.0.0.1", () =>
		parentPort.postMessage(server.socket.address().port),
	);
}

async function main() {
	await round("terminate");
	const before = readdirSync("/proc/self/fd").length;
	let ended = 0;
	for (const how of ["terminate", "exit", "throw", "terminate"])
		ended += await round(how);
	const left = readdirSync("/proc/self/fd").length - before;
	process.stdout.write(`${JSON.stringify({ ended, left })}\n`);
}

async function round(how) {
	const worker = new Worker(__filename);
	worker.on("error", () => {});
	const gone = new Promise((resolve) => worker.on("exit", resolve));
	const port = await new Promise((resolve) => worker.on("message", resolve));
	const all = [];
	for (let i = 0; i < CONNECTIONS; i++) {
		const connection = ws.connect(`ws://127.0.0.1:${port}/`, {
			transport: "native",
		});
		await new Promise((resolve) => connection.on("connect", resolve));
		all.push(connection);
	}
	if (how === "terminate") worker.terminate();
	else for (const connection of all) connection.sendText(how);
	await Promise.all(all.map(({ closed }) => closed));
	await gone;
	return all.length;
}

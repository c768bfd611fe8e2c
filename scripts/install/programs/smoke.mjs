/**
 * The smoke set: what an installed package must be able to do with each engine, in a few exchanges over a real socket.
 *
 *   node smoke.mjs native native/socket typescript
 *
 * names the engines, and a transport other than the default; prints a line of JSON, { name, reason, passed, failed }, of which
 * the first two are the engine that serves by default.
 *
 * Copied into a project that has the package installed, and run there by whatever is to be tried.
 */
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { connect, createServer, engine } from "nodejs-websocket";
import { isValidUTF8 } from "nodejs-websocket/engine";

const LIMIT_MS = 60_000;

/** @typedef {"native" | "typescript"} EngineName */
/** @typedef {Awaited<ReturnType<typeof pair>>} Pair */

/** @typedef {{ engine: EngineName, transport?: "native" | "socket" }} Mode */

/** `native/socket` @param {string} word @returns {Mode} */
function modeOf(word) {
	const [engine, transport] = word.split("/");
	return /** @type {Mode} */ ({ engine, ...(transport ? { transport } : {}) });
}

/** What carries the bytes with an engine where nothing is said: the addon in Node.js on Linux. @param {EngineName} engine */
const usualTransport = (engine) =>
	engine === "native" &&
	process.platform === "linux" &&
	!("bun" in process.versions || "deno" in process.versions)
		? "native"
		: "socket";

/** A server that sends everything back, and a client of it. @param {Mode} mode */
async function pair(mode) {
	const server = createServer(mode, (conn) => {
		conn.on("message", (data) => conn.send(data));
		conn.on("error", () => {});
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = /** @type {import("node:net").AddressInfo} */ (
		server.socket.address()
	);
	const conn = connect(`ws://127.0.0.1:${port}/`, mode);
	await once(conn, "connect");
	return { server, conn, port };
}

/** @param {import("nodejs-websocket").Connection} conn @param {string | Buffer} data */
async function echoOf(conn, data) {
	const answer = once(conn, "message");
	conn.send(data);
	return (await answer)[0];
}

/** @param {unknown} error */
const textOf = (error) => (error instanceof Error ? error.message : error);

/** @param {boolean} fact @param {string} what */
function check(fact, what) {
	if (!fact) throw new Error(what);
}

/** The handshake of RFC 6455, section 1.3, and a frame that is not masked. @param {number} port */
async function sendUnmasked(port) {
	const socket = connectSocket(port, "127.0.0.1");
	socket.write(
		"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
	);
	/** @type {Buffer[]} */
	const chunks = [];
	socket.on("data", (chunk) => {
		if (chunks.length === 0) socket.write(Buffer.from([0x81, 0x01, 0x61]));
		chunks.push(chunk);
	});
	await once(socket, "end");
	socket.destroy();
	return Buffer.concat(chunks);
}

/** @type {Record<string, (pair: Pair, mode: Mode) => Promise<void>>} */
const checks = {
	async "serves with what was asked for"({ conn }, { engine, transport }) {
		check(conn.engine === engine, `the engine is ${conn.engine}`);
		const expected = transport ?? usualTransport(engine);
		check(conn.transport === expected, `over ${conn.transport}`);
	},
	async "echoes text"({ conn }) {
		check((await echoOf(conn, "hi")) === "hi", "another text");
		check((await echoOf(conn, "")) === "", "a text out of nothing");
	},
	async "echoes text of every width, over many reads"({ conn }) {
		const text = "a£€😀".repeat(40_000);
		check((await echoOf(conn, text)) === text, "another text");
	},
	async "echoes binary"({ conn }) {
		const bytes = Buffer.alloc(300_000, "0123456789abcdef");
		check(bytes.equals(await echoOf(conn, bytes)), "other bytes");
	},
	async "streams binary"({ conn }) {
		const answer = once(conn, "message");
		const stream = conn.beginBinary();
		if (!stream) throw new Error("no stream");
		stream.write(Buffer.alloc(100_000, 1));
		stream.end(Buffer.alloc(100_000, 2));
		const [data] = await answer;
		check(data.length === 200_000 && data[199_999] === 2, "other bytes");
	},
	async "answers a ping"({ conn }) {
		const pong = once(conn, "pong");
		conn.sendPing("are you there");
		check((await pong)[0] === "are you there", "another pong");
	},
	async "refuses a frame that is not masked"({ port }) {
		const bytes = await sendUnmasked(port);
		// A close frame with the code 1002.
		check(bytes.includes(Buffer.from([0x03, 0xea])), "no close code 1002");
	},
	async "validates UTF-8"() {
		check(isValidUTF8(Buffer.from("é")), "it refuses é");
		check(!isValidUTF8(Buffer.from([0xc3])), "it takes half of é");
	},
	async "closes cleanly"({ conn, server }) {
		conn.close(1000, "bye");
		check((await conn.closed).wasClean, "not clean");
		server.close();
		await once(server, "close");
	},
};

const overdue = setTimeout(() => {
	console.log(JSON.stringify({ failed: [`nothing within ${LIMIT_MS} ms`] }));
	process.exit(1);
}, LIMIT_MS);

const passed = [];
const failed = [];
for (const name of process.argv.slice(2)) {
	const mode = modeOf(name);
	try {
		const peers = await pair(mode);
		for (const [title, run] of Object.entries(checks)) {
			try {
				await run(peers, mode);
				passed.push(`${name}: ${title}`);
			} catch (error) {
				failed.push(`${name}: ${title}: ${textOf(error)}`);
			}
		}
	} catch (error) {
		failed.push(`${name}: ${textOf(error)}`);
	}
}
clearTimeout(overdue);
console.log(JSON.stringify({ ...engine, passed, failed }));
process.exit(failed.length > 0 ? 1 : 0);

import { createServer, engine } from "nodejs-websocket";
import { chat, Room } from "./endpoints/chat.mjs";
import { echo } from "./endpoints/echo.mjs";
import { ping } from "./endpoints/ping.mjs";
import { scream } from "./endpoints/scream.mjs";
import { upload } from "./endpoints/upload.mjs";
import { listenOnFreePort } from "./listen.mjs";
import { refuse } from "./refuse.mjs";

/** Longest text and longest collected binary message. Streams, such as those of the upload, may be longer. */
const MAX_MESSAGE_BYTES = 256 * 1024;

const ENDPOINTS = new Map(
	Object.entries({
		"/scream": scream,
		"/chat": chat,
		"/upload": upload,
		"/ping": ping,
		"/echo": echo,
	}),
);

/**
 * Starts one WebSocket server for each engine, and writes into `facts` which serve where and which cannot be had.
 *
 * @param facts of the playground; `defaultEngine`, `engines`, `unavailable` and `echoed` are filled in
 * @param {number} firstPort where to look for free ports, 0 for any
 * @returns the servers that listen
 */
export async function startEngines(facts, firstPort, host) {
	facts.defaultEngine = engine.name;
	const room = new Room();
	const servers = [];
	let port = firstPort;
	for (const name of ["native", "typescript"]) {
		facts.echoed[name] = 0;
		const context = { engine: name, room, echoed: facts.echoed };
		let server;
		try {
			server = createServer(
				{ engine: name, maxMessageBytes: MAX_MESSAGE_BYTES },
				(connection) => welcome(connection, context, facts),
			);
		} catch (error) {
			if (error.code !== "WS_ERR_ENGINE_UNAVAILABLE") throw error;
			facts.unavailable.push({ name, reason: error.message });
			continue;
		}
		const taken = await listenOnFreePort(server, server.socket, port, host);
		server.on("error", (error) =>
			console.error(`Engine ${name}: ${error.message}`),
		);
		facts.engines.push({ name, port: taken });
		servers.push(server);
		if (port !== 0) port = taken + 1;
	}
	return servers;
}

function welcome(connection, context, facts) {
	// A lost connection is told by 'close'; without this listener misuse during a close would be thrown.
	connection.on("error", () => {});
	if (!isOwnPage(connection.headers, facts.port))
		return refuse(connection, "Only the playground's own page may connect");
	const endpoint = ENDPOINTS.get(connection.path.split("?", 1)[0]);
	if (endpoint === undefined) return refuse(connection, "No such endpoint");
	endpoint(connection, context);
}

/**
 * Whether a connection comes from the page served here. Browsers say so in Origin and let any site connect, so that it
 * has to be checked; programs that are no browsers need not send it.
 */
function isOwnPage({ origin, host }, pagePort) {
	if (origin === undefined) return true;
	try {
		const page = new URL(origin);
		const port = page.port === "" ? 80 : Number(page.port);
		return (
			port === pagePort && page.hostname === new URL(`ws://${host}`).hostname
		);
	} catch {
		return false;
	}
}

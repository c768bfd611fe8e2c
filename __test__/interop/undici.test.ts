/** The WebSocket of Node.js itself, of the package `undici` that it is made in: Node.js 20 does not show its own. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Agent, ping, WebSocket } from "undici";
import { type Command, Remote, type Report } from "../support/peer-remote.js";
import { whatwgPeer } from "./peers/whatwg.mjs";
import { talkWith } from "./talk.js";

const require = createRequire(import.meta.url);

const lacks = {
	fragments: "no API for fragments",
	byteOrderMarks: "drops a U+FEFF at the start of a text",
	closeCodes: "no close codes but 1000 and 3000–4999",
};

type Connect = Command & { do: "connect" };

const ids = new Map<WebSocket, string>();
const agents = new Set<Agent>();

function open({ id, url, protocols, headers, ca }: Connect): WebSocket {
	const dispatcher = new Agent({
		connect: ca === null ? {} : { ca: readFileSync(ca) },
	});
	agents.add(dispatcher);
	const socket = new WebSocket(url, { protocols, headers, dispatcher });
	ids.set(socket, id);
	return socket;
}

const report = (report: Report, bytes: Uint8Array = Buffer.alloc(0)) =>
	remote.receive(report, Buffer.from(bytes));

const obey: (command: Command, bytes: Buffer) => void = whatwgPeer(
	open,
	report,
);

const remote = new Remote(lacks, (command, bytes) => {
	if (command.do !== "ping") return obey(command, bytes);
	for (const [socket, id] of ids) {
		if (id === command.id) ping(socket, bytes);
	}
});

/** Reports what came on a diagnostics channel: the API for WebSockets has no such events. */
const onControl = (is: "ping" | "pong") => (message: unknown) => {
	const { websocket, payload } = message as {
		websocket: WebSocket;
		payload: Buffer;
	};
	const id = ids.get(websocket);
	if (id !== undefined) report({ id, is }, payload);
};
const onPing = onControl("ping");
const onPong = onControl("pong");

talkWith({
	name: "undici (Node.js)",
	version: () => require("undici/package.json").version,
	roles: ["server"],
	lacks,
	missing: null,
	isRequired: true,
	start() {
		subscribe("undici:websocket:ping", onPing);
		subscribe("undici:websocket:pong", onPong);
	},
	async stop() {
		unsubscribe("undici:websocket:ping", onPing);
		unsubscribe("undici:websocket:pong", onPong);
		for (const agent of agents) await agent.close();
	},
	library: (bench) => remote.library(bench),
});

/** `nodejs-websocket connect`: a client in the terminal, or at the end of a pipe. */
import { type Connection, connect, type WebSocketError } from "../index.js";
import { MAX_CONTROL_PAYLOAD } from "../rfc6455/opcode.js";
import { type Command, ExitCode, UsageError } from "./command.js";
import {
	type ConnectArguments,
	connectUsage,
	parseConnect,
} from "./connect-arguments.js";
import { Screen } from "./screen.js";
import { hexDump, visible } from "./visible.js";

/** More bytes than this of a binary message are not shown in a terminal. */
const SHOWN_BYTES = 1024;

/** How long a peer may take to answer the ping that is sent last. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Close codes of a peer that has nothing to complain of. */
const ordinaryCodes = [1000, 1001, 1005];

/** Starts to connect. @throws UsageError for what can be seen at once */
function start({ url, options }: ConnectArguments): Connection {
	try {
		return connect(url, options);
	} catch (error) {
		throw new UsageError((error as Error).message);
	}
}

/** Prints what happens. A peer is not read faster than that. */
function show(conn: Connection, screen: Screen): void {
	const limit = screen.isTerminal ? SHOWN_BYTES : Infinity;
	conn.once("connect", () => {
		const protocol = conn.protocol === undefined ? "" : `, ${conn.protocol}`;
		screen.note(`connected${visible(protocol)}`);
	});
	conn.on("message", (data) => {
		const prefix = screen.isTerminal ? "< " : "";
		const line =
			typeof data === "string"
				? prefix + visible(data)
				: `<< ${hexDump(data, limit)}`;
		if (screen.message(line)) return;
		conn.pause();
		process.stdout.once("drain", () => conn.resume());
	});
	conn.on("ping", (text) => screen.note(`ping ${visible(text)}`.trimEnd()));
	conn.on("pong", (text) => {
		// In a pipe it answers the ping of this program, not of the user.
		if (screen.isTerminal) screen.note(`pong ${visible(text)}`.trimEnd());
	});
}

const isOpen = (conn: Connection): boolean => conn.readyState === conn.OPEN;

/** Resolves with the next such event, or the end of the connection. */
function next(conn: Connection, event: "connect" | "drain"): Promise<void> {
	return new Promise((resolve) => {
		const end = () => {
			conn.off(event, end).off("close", end);
			resolve();
		};
		conn.on(event, end).on("close", end);
	});
}

/** Sends lines until they end, by the user's will or with the connection. Returns whether the user has closed it. */
async function sendLines(conn: Connection, screen: Screen): Promise<boolean> {
	for (;;) {
		screen.prompt();
		const { value: line, done } = await screen.lines.next();
		if (done || !isOpen(conn)) return false;
		if (screen.isTerminal && /^\/(?!\/)/.test(line)) {
			obey(conn, screen, line);
			if (!isOpen(conn)) return true;
		} else if (!screen.isTerminal) {
			await sendText(conn, line);
		} else if (line !== "") {
			await sendText(conn, line.replace(/^\/\//, "/"));
		}
	}
}

async function sendText(conn: Connection, text: string): Promise<void> {
	if (conn.sendText(text) === false) await next(conn, "drain");
}

/** Carries out a line that begins with a slash. */
function obey(conn: Connection, screen: Screen, line: string): void {
	const [, name, rest] = /^\/(\S*)\s*(.*)$/s.exec(line) as RegExpExecArray;
	if (name === "ping") {
		if (Buffer.byteLength(rest) > MAX_CONTROL_PAYLOAD)
			screen.note(`a ping has at most ${MAX_CONTROL_PAYLOAD} bytes`);
		else conn.sendPing(rest);
		return;
	}
	if (name !== "close") {
		screen.note(
			"commands: /ping [TEXT], /close [CODE [REASON]], // for a text",
		);
		return;
	}
	const [, code, reason] = /^(\S*)\s*(.*)$/s.exec(rest) as RegExpExecArray;
	try {
		if (code === "") conn.close(1000);
		else conn.close(Number(code), reason);
	} catch (error) {
		screen.note((error as Error).message);
	}
}

/** Waits for the answers to what was sent: for that long, or until the peer has answered a ping. */
function awaitAnswers(conn: Connection, waitMs?: number): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, waitMs ?? ANSWER_TIMEOUT_MS);
		const end = () => {
			clearTimeout(timer);
			resolve();
		};
		conn.closed.then(end);
		if (waitMs !== undefined) return;
		// A peer that answers in order has sent everything else before the pong.
		conn.once("pong", end);
		conn.sendPing();
	});
}

/** From the opening of the connection to its end. Returns whether the user has closed it. */
async function converse(
	conn: Connection,
	screen: Screen,
	waitMs?: number,
): Promise<boolean> {
	await next(conn, "connect");
	if (!isOpen(conn)) return false;
	if (await sendLines(conn, screen)) return true;
	if (isOpen(conn) && !screen.isTerminal) await awaitAnswers(conn, waitMs);
	if (!isOpen(conn)) return false;
	conn.close(1000);
	return true;
}

function inWords(error: Error): string {
	const { message, code, statusCode } = error as WebSocketError;
	const status = statusCode === undefined ? "" : ` (HTTP status ${statusCode})`;
	// Where several addresses were tried Node has no message.
	return visible(message || code) + status;
}

async function run(args: string[]): Promise<number> {
	const parsed = parseConnect(args);
	const conn = start(parsed);
	const screen = new Screen();
	let failure: Error | undefined;
	conn.on("error", (error) => {
		failure ??= error;
	});
	conn.once("close", () => screen.close());
	show(conn, screen);
	const isByUser = await converse(conn, screen, parsed.waitMs);
	const { code, reason, wasClean } = await conn.closed;
	screen.close();
	if (failure !== undefined) screen.note(inWords(failure));
	else screen.note(`closed: ${code} ${visible(reason)}`.trimEnd());
	const isFine = wasClean && (isByUser || ordinaryCodes.includes(code));
	return isFine && failure === undefined ? ExitCode.OK : ExitCode.FAILED;
}

export const connectCommand: Command = { usage: connectUsage, run };

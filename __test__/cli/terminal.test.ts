/** The command line in a real terminal. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Connection, Server } from "nodejs-websocket";
import { afterEach, describe, expect, test } from "vitest";
import { library } from "../support/library.js";
import { mainFile } from "./program.js";
import { Terminal, terminalMissing } from "./tmux.js";

let terminal: Terminal | undefined;
let server: Server | undefined;
afterEach(() => {
	terminal?.close();
	for (const conn of [...(server?.connections ?? [])]) conn.terminate();
	server?.close();
	terminal = server = undefined;
});

/** A client in a terminal, and the connection of its server, which screams. */
async function connect(columns?: number): Promise<[Terminal, Connection]> {
	server = library.createServer((conn) => {
		conn.on("text", (text) => conn.sendText(`${text.toUpperCase()}!!!`));
		conn.on("error", () => {});
	});
	server.listen(0, "127.0.0.1");
	await once(server.socket, "listening");
	const { port } = server.socket.address() as AddressInfo;
	const url = `ws://127.0.0.1:${port}`;
	const connected = once(server, "connection");
	const opened = new Terminal(
		[process.execPath, mainFile, "connect", url],
		columns,
	);
	terminal = opened;
	const [conn] = await connected;
	await opened.shows(/^\* connected\n>$/m);
	return [opened, conn];
}

const missing = terminalMissing();

describe.skipIf(missing)(
	`in a terminal${missing ? `: ${missing}` : ""}`,
	() => {
		test("what is typed is sent, and what comes is shown below", async () => {
			const [terminal, conn] = await connect();
			terminal.press("hi", "Enter");
			await terminal.shows(/^> hi\n< HI!!!\n>$/m);
			conn.sendBinary(Buffer.from([1, 2, 255]));
			await terminal.shows(/^< HI!!!\n<< 3 bytes: 01 02 ff\n>$/m);
		});

		test("what comes in between leaves alone what is being typed, on however many rows", async () => {
			const [terminal, conn] = await connect(40);
			terminal.press("-l", `begin ${"of a long line ".repeat(4)}`);
			await terminal.shows(/begin[\s\S]*line$/);
			conn.sendText("something else");
			await terminal.shows(/^\* connected\n< something else\n> begin/m);
			terminal.press("-l", "end");
			terminal.press("Enter");
			const screen = await terminal.shows(/END!!!/);
			expect(screen.match(/begin/g)).toHaveLength(1);
			expect(screen.replaceAll("\n", "")).toContain(
				`< BEGIN ${"OF A LONG LINE ".repeat(4)}END!!!`,
			);
		});

		test("a peer cannot drive it", async () => {
			const [terminal, conn] = await connect();
			const { title } = terminal;
			conn.sendText("\x1b[2J\x1b[H\x1b]0;owned\x07\x1b[31mred\r* gone\n");
			await terminal.shows(/^>$/m);
			const screen = await terminal.shows(/red/);
			expect(screen).toContain(
				"* connected\n< \\x1b[2J\\x1b[H\\x1b]0;owned\\x07\\x1b[31mred\\r* gone\\n",
			);
			expect(terminal.title).toBe(title);
		});

		test("a slash begins a command, and two a text", async () => {
			const [terminal, conn] = await connect();
			const pinged = once(conn, "ping");
			terminal.press("/ping are you there", "Enter");
			expect((await pinged)[0]).toBe("are you there");
			await terminal.shows(/^\* pong are you there$/m);
			terminal.press("//etc", "Enter");
			await terminal.shows(/^< \/ETC!!!$/m);
			terminal.press("/clse", "Enter");
			await terminal.shows(/^\* commands: \/ping/m);
			terminal.press("/ping ", "x".repeat(126), "Enter");
			await terminal.shows(/^\* a ping has at most 125 bytes$/m);
			terminal.press("/close 999", "Enter");
			await terminal.shows(/^\* .*999/m);
			terminal.press("/close 4000 that is it", "Enter");
			expect(await conn.closed).toMatchObject({
				code: 4000,
				reason: "that is it",
			});
			await terminal.shows(/^\* closed: 4000 that is it\nexit code 0$/m);
		});

		test.each(["C-d", "C-c"])("%s closes the connection", async (key) => {
			const [terminal, conn] = await connect();
			terminal.press(key);
			expect(await conn.closed).toMatchObject({ code: 1000, wasClean: true });
			await terminal.shows(/^\* connected\n\* closed: 1000\nexit code 0$/m);
		});

		test("the peer's end is told, also in the middle of a line", async () => {
			const [terminal, conn] = await connect();
			terminal.press("half a li");
			await terminal.shows(/> half a li$/);
			conn.close(1011, "broken");
			await terminal.shows(
				/^> half a li\n\* closed: 1011 broken\nexit code 1$/m,
			);
		});

		test("a server ends with Ctrl-C", async () => {
			terminal = new Terminal([process.execPath, mainFile, "listen", "0"]);
			await terminal.shows(
				/^listening on ws:\/\/127\.0\.0\.1:\d+, mode echo$/m,
			);
			terminal.press("C-c");
			await terminal.shows(/exit code 0$/);
		});
	},
);

/** `nodejs-websocket listen`: a server to try clients with. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { type Connection, createServer } from "../index.js";
import { type Command, ExitCode, onlyArgument, UsageError } from "./command.js";
import { hexDump, visible } from "./visible.js";

const usage = `Usage: nodejs-websocket listen PORT [options]

A WebSocket server, until Ctrl-C. Port 0 is any that is free; the first line printed says which.

  --mode MODE   echo     sends every message back (default)
                scream   sends text back in capitals, and binary as it is
                log      prints messages: text, and behind << binary in hexadecimal
  --host HOST   where to listen; default 127.0.0.1, which only this machine reaches

Exit codes: 0 ended by Ctrl-C, 1 the port cannot be had, 2 the arguments are wrong.
`;

/** More bytes than this of a binary message are not printed. */
const SHOWN_BYTES = 1024;

type Handler = (conn: Connection, data: string | Buffer, id: number) => void;

const modes: Record<string, Handler> = {
	echo: answer,
	scream: (conn, data) =>
		answer(conn, typeof data === "string" ? `${data.toUpperCase()}!!!` : data),
	log: (_conn, data, id) =>
		print(
			typeof data === "string"
				? `${id} < ${visible(data)}`
				: `${id} << ${hexDump(data, SHOWN_BYTES)}`,
		),
};

/** Sends it; a peer that is slow to read is not read either. */
function answer(conn: Connection, data: string | Buffer): void {
	if (conn.send(data) !== false) return;
	conn.pause();
	conn.once("drain", () => conn.resume());
}

function print(line: string): void {
	process.stdout.write(`${line}\n`);
}

function parsePort(text: string): number {
	const port = Number(text);
	if (!/^\d+$/.test(text) || port > 65_535)
		throw new UsageError(`PORT should be from 0 to 65535, it is ${text}.`);
	return port;
}

function serve(handle: Handler): ReturnType<typeof createServer> {
	let count = 0;
	return createServer((conn) => {
		const id = ++count;
		const { remoteAddress, remotePort } = conn.socket;
		print(
			`${id} open: ${remoteAddress} port ${remotePort}, ${visible(conn.path ?? "")}`,
		);
		conn.on("message", (data) => handle(conn, data, id));
		conn.on("error", (error) => print(`${id} ${visible(error.message)}`));
		conn.on("close", (code, reason) =>
			print(`${id} closed: ${code} ${visible(reason ?? "")}`.trimEnd()),
		);
	});
}

export const listenCommand: Command = {
	usage,
	async run(args) {
		const { values, positionals } = parseArgs({
			args,
			allowPositionals: true,
			options: {
				mode: { type: "string", default: "echo" },
				host: { type: "string", default: "127.0.0.1" },
			},
		});
		const port = parsePort(onlyArgument(positionals, "PORT"));
		if (!Object.hasOwn(modes, values.mode)) {
			const allowed = Object.keys(modes).join(", ");
			throw new UsageError(
				`MODE should be one of ${allowed}, it is ${values.mode}.`,
			);
		}
		const server = serve(modes[values.mode]);
		try {
			await once(server.listen(port, values.host), "listening");
		} catch (error) {
			process.stderr.write(`${(error as Error).message}\n`);
			return ExitCode.FAILED;
		}
		const {
			address,
			port: actual,
			family,
		} = server.socket.address() as AddressInfo;
		const host = family === "IPv6" ? `[${address}]` : address;
		print(`listening on ws://${host}:${actual}, mode ${values.mode}`);
		await Promise.race(
			["SIGINT", "SIGTERM"].map((name) => once(process, name)),
		);
		const closed = once(server, "close");
		server.close();
		for (const conn of [...server.connections]) conn.close(1001);
		await closed;
		return ExitCode.OK;
	},
};

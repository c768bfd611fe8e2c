/** The arguments of `nodejs-websocket connect`. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { ConnectOptions } from "../index.js";
import { onlyArgument, UsageError } from "./command.js";

export const connectUsage = `Usage: nodejs-websocket connect URL [options]

Sends each line that is typed as a text message, and prints the messages that come: text, with
control characters spelled out (\\n, \\x1b, \\u202e), and behind << binary in hexadecimal.

  --header 'NAME: VALUE'   adds a header to the request; may be given several times
  --protocol NAME          offers a subprotocol; likewise
  --ca FILE                wss: trusts the certificates in FILE (PEM) instead of the system's
  --insecure               wss: takes any certificate
  --servername NAME        wss: the name to ask for, and to expect in the certificate
  --wait SECONDS           how long to go on listening when the input has ended; without it, until
                           the peer has answered a ping that is sent last (10 seconds at most)

In a terminal, lines that begin with / are commands:

  /ping [TEXT]             sends a ping
  /close [CODE [REASON]]   starts the closing handshake; Ctrl-D and Ctrl-C do so with 1000
  //…                      sends a text that begins with /

From a pipe all lines are sent as they are, what is said about the connection goes to stderr, and
the connection is closed when the input ends:  echo hi | nodejs-websocket connect ws://…

Exit codes: 0 the connection was closed as it should be, 1 it failed, was lost, or the peer closed
it with another code than 1000 or 1001, 2 the arguments are wrong.
`;

const MAX_WAIT_SECONDS = 86_400;

/** What they ask for. */
export interface ConnectArguments {
	url: string;
	options: ConnectOptions;
	/** How long to listen when the input has ended; undefined where the answer to a ping ends that. */
	waitMs?: number;
}

/** @throws UsageError, and what `parseArgs` throws */
export function parseConnect(args: string[]): ConnectArguments {
	const { values, positionals } = parseArgs({
		args,
		allowPositionals: true,
		options: {
			header: { type: "string", multiple: true, default: [] },
			protocol: { type: "string", multiple: true, default: [] },
			ca: { type: "string" },
			insecure: { type: "boolean", default: false },
			servername: { type: "string" },
			wait: { type: "string" },
		},
	});
	const options: ConnectOptions = {
		extraHeaders: parseHeaders(values.header),
		protocols: values.protocol,
	};
	if (values.ca !== undefined) options.ca = readCertificates(values.ca);
	if (values.insecure) options.rejectUnauthorized = false;
	if (values.servername !== undefined) options.servername = values.servername;
	const url = onlyArgument(positionals, "URL");
	return { url, options, waitMs: parseWait(values.wait) };
}

function parseHeaders(lines: string[]): Record<string, string> {
	const headers: Record<string, string> = {};
	for (const line of lines) {
		const colon = line.indexOf(":");
		if (colon < 1)
			throw new UsageError(`A header is "NAME: VALUE", this is ${line}.`);
		const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
		const before = headers[name];
		headers[name] = before === undefined ? value : `${before}, ${value}`;
	}
	return headers;
}

function readCertificates(file: string): Buffer {
	try {
		return readFileSync(file);
	} catch (error) {
		throw new UsageError(`--ca: ${(error as Error).message}.`);
	}
}

function parseWait(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	const seconds = Number(text);
	if (!(text !== "" && seconds >= 0 && seconds <= MAX_WAIT_SECONDS))
		throw new UsageError(
			`--wait is a number of seconds, ${MAX_WAIT_SECONDS} at most, it is ${text}.`,
		);
	return seconds * 1000;
}

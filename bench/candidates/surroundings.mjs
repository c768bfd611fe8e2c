/**
 * What every program here is told from outside: the port in PORT, key and certificate for TLS as files in BENCH_TLS_KEY and
 * BENCH_TLS_CERT. A server echoes each message as it came, text as text and binary as binary; what comes in on the path
 * /publish goes to every connection on /subscribe instead. With BENCH_DEFLATE it compresses all it sends, at the settings below.
 */
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createRequire } from "node:module";

/** Loads a peer from bench/node_modules, untyped: they are installed only when something is measured. */
export const peer = createRequire(import.meta.url);

/** Loads a module of this project, as built. @param {"index" | "engine"} name */
export const own = (name) => peer(`../../dist/${name}.js`);

/** The longest message every server takes, where its default is less or more. */
export const maxMessageBytes = 2 * 1024 * 1024;

export const host = "127.0.0.1";
export const port = Number(process.env.PORT);

const { BENCH_TLS_KEY, BENCH_TLS_CERT } = process.env;

/** Key and certificate, where TLS is asked for. */
export const tls =
	BENCH_TLS_KEY && BENCH_TLS_CERT
		? { key: readFileSync(BENCH_TLS_KEY), cert: readFileSync(BENCH_TLS_CERT) }
		: undefined;

const { BENCH_DEFLATE } = process.env;

/** The settings of compression, the same for all, where it is asked for. */
export const deflate = BENCH_DEFLATE
	? {
			level: 6,
			windowBits: 15,
			memoryLevel: 8,
			contextTakeover: BENCH_DEFLATE === "takeover",
			threshold: 0,
		}
	: undefined;

/** Listens with the server of HTTP that most peers are attached to. */
export function listenHttp() {
	const server = tls ? https.createServer(tls) : http.createServer();
	return server.listen(port, host);
}

/** Ends the program with the one that started it, whatever became of that: its end of stdin closes then. */
export function endWithParent() {
	process.stdin.on("end", () => process.exit()).resume();
}

export const nop = () => {};

/**
 * What a program may do beside its WebSocket server, in the same process, where BENCH_PAGES_PORT asks for it: an HTTP server on
 * that port with a page for everybody, and a timer for each millisecond. `/timer` tells how late the timer was between the first
 * page that was asked for and the last.
 */
import http from "node:http";
import { host } from "./surroundings.mjs";

const PAGE = Buffer.from(
	`<!doctype html><title>Beside</title>${"<p>A paragraph.".repeat(60)}`,
);

const INTERVAL_MS = 1;

/** How late each timer was, in microseconds. One that is two milliseconds late has held up the next: that counts, too. */
class Timer {
	/** @type {number[]} */
	#delays = [];
	#counted = 0;
	#due = 0;

	/** Counts those until now; begins to count the first time. */
	mark() {
		if (this.#due > 0) {
			this.#counted = this.#delays.length;
			return;
		}
		this.#due = performance.now() + INTERVAL_MS;
		setInterval(() => this.#fired(), INTERVAL_MS);
	}

	#fired() {
		const now = performance.now();
		for (; this.#due <= now; this.#due += INTERVAL_MS) {
			this.#delays.push((now - this.#due) * 1000);
		}
	}

	report() {
		const sorted = this.#delays.slice(0, this.#counted).sort((a, b) => a - b);
		/** @param {number} share */
		const percentile = (share) =>
			sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
		return { p50: percentile(0.5), p99: percentile(0.99), max: sorted.at(-1) };
	}
}

/** Begins the other work, where it is asked for. */
export function workBeside() {
	const port = Number(process.env.BENCH_PAGES_PORT);
	if (!port) return;
	const timer = new Timer();
	http
		.createServer((request, response) => {
			if (request.url === "/timer") {
				response.end(JSON.stringify(timer.report()));
				return;
			}
			timer.mark();
			response.writeHead(200, {
				"Content-Type": "text/html",
				"Content-Length": PAGE.length,
			});
			response.end(PAGE);
		})
		.listen(port, host);
}

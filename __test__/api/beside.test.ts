/** What else a program does goes on while its connections are under load. */
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { next, within } from "../support/compat-wait.js";
import { frame, request } from "../support/compat-wire.js";
import { behaves } from "./api-bench.js";

const PEERS = 8;
const IN_FLIGHT = 64;
const REQUESTS = 30;

/** The body of the answer. */
function ask(port: number): Promise<string> {
	return new Promise((resolve, reject) => {
		get({ port, host: "127.0.0.1", agent: false }, (response) => {
			let body = "";
			response.setEncoding("utf8");
			response.on("data", (text) => {
				body += text;
			});
			response.on("end", () => resolve(body));
		}).on("error", reject);
	});
}

behaves(
	"an HTTP server of the same process answers, and messages go on between its answers",
	async (bench) => {
		let messages = 0;
		const served = await bench.serve({}, (connection) => {
			connection.on("text", (text) => {
				messages++;
				connection.sendText(text);
			});
		});
		const http = createServer((_asked, answer) => answer.end(`${messages}`));
		bench.afterwards(() => http.close());
		http.listen(0, "127.0.0.1");
		await next(http, "listening");
		const { port } = http.address() as AddressInfo;

		const bytes = frame(1, "x".repeat(32), { mask: true });
		for (let i = 0; i < PEERS; i++) {
			const wire = await bench.dial(served.port);
			wire.write(request());
			await wire.head();
			// Each reply is answered with the next message: there is never nothing to do.
			let rest = 0;
			wire.socket.on("data", (chunk) => {
				rest += chunk.length;
				const replies = Math.floor(rest / 34);
				rest -= replies * 34;
				wire.socket.write(Buffer.concat(Array(replies).fill(bytes)));
			});
			wire.socket.write(Buffer.concat(Array(IN_FLIGHT).fill(bytes)));
		}
		let before = 0;
		for (let i = 0; i < REQUESTS; i++) {
			const now = Number(await within("the answer", ask(port)));
			if (i > 0) expect(now).toBeGreaterThan(before);
			before = now;
		}
		let ticks = 0;
		const timer = setInterval(() => ticks++, 1);
		bench.afterwards(() => clearInterval(timer));
		await within(
			"ticks",
			new Promise<void>((resolve) => {
				const look = () => (ticks >= 10 ? resolve() : setImmediate(look));
				look();
			}),
		);
		expect(messages).toBeGreaterThan(before);
	},
);

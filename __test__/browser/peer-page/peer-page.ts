/** A page as a peer: a server on 127.0.0.1 gives it its program and the commands, and takes its reports. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import type { Lacks } from "../../support/peer-endpoint.js";
import { Reports, serializeCommand } from "../../support/peer-frames.js";
import { Remote } from "../../support/peer-remote.js";

const read = (path: string) => readFileSync(new URL(path, import.meta.url));

const files: Record<string, { type: string; content: string | Buffer }> = {
	"/": {
		type: "text/html",
		content: `<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.mjs"></script>`,
	},
	"/page.mjs": { type: "text/javascript", content: read("page.mjs") },
	"/whatwg.mjs": {
		type: "text/javascript",
		content: read("../../interop/peers/whatwg.mjs"),
	},
};

export class PeerPage {
	readonly remote: Remote;
	readonly #server: Server;
	/** Commands that the page has not fetched yet. */
	#commands: Buffer[] = [];
	/** The page's request for more of them. */
	#asking: ServerResponse | null = null;

	constructor(lacks: Lacks) {
		this.remote = new Remote(lacks, (command, bytes) => {
			this.#commands.push(...serializeCommand(command, bytes));
			this.#answer();
		});
		const reports = new Reports((report, bytes) =>
			this.remote.receive(report, bytes),
		);
		this.#server = createServer((request, response) => {
			const { url = "" } = request;
			if (url === "/commands") {
				this.#asking = response;
				this.#answer();
			} else if (url === "/reports") {
				request.on("data", (piece: Buffer) => reports.feed(piece));
				request.on("end", () => response.end());
			} else {
				const { type, content } = files[url];
				response.setHeader("Content-Type", type).end(content);
			}
		});
	}

	#answer(): void {
		if (this.#asking === null || this.#commands.length === 0) return;
		this.#asking.end(Buffer.concat(this.#commands));
		this.#asking = null;
		this.#commands = [];
	}

	/** Loads the program into `page`. What goes wrong there fails what is waited for. */
	async start(page: Page): Promise<void> {
		page.on("pageerror", (error) => this.remote.fail(error));
		page.on("crash", () => this.remote.fail(new Error("the page crashed")));
		this.#server.listen(0, "127.0.0.1");
		await once(this.#server, "listening");
		const { port } = this.#server.address() as AddressInfo;
		await page.goto(`http://127.0.0.1:${port}/`);
	}

	stop(): void {
		this.#server.close();
		this.#server.closeAllConnections();
	}
}

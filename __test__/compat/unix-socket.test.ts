import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { kept } from "../support/both.js";
import { next } from "../support/compat-wait.js";

describe("a unix socket", () => {
	kept(
		"is listened on by its path, and connected to by options.path",
		async (bench) => {
			const path = join(bench.folder(), "ws.sock");
			const server = bench.track(bench.ws.createServer({}));
			const listening = next(server, "listening");
			expect(server.listen(path)).toBe(server);
			await listening;
			expect(server.socket.address()).toBe(path);
			const accepted = next(server, "connection");
			const far = bench.connect("ws://localhost/over?unix", { path });
			await next(far, "connect");
			await accepted;
			const [near] = server.connections;
			expect(near.path).toBe("/over?unix");
			near.on("text", (text: string) => near.sendText(`${text}!`));
			const text = next(far, "text");
			far.sendText("hi");
			expect(await text).toEqual(["hi!"]);
			const closed = next(near, "close");
			far.close(1000);
			expect((await closed)[0]).toBe(1000);
		},
	);

	kept("is removed when the server is closed", async (bench) => {
		const path = join(bench.folder(), "ws.sock");
		const server = bench.track(bench.ws.createServer({}));
		const listening = next(server, "listening");
		server.listen(path);
		await listening;
		const closed = next(server, "close");
		server.close();
		await closed;
		expect(existsSync(path)).toBe(false);
	});
});

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fixed } from "../support/both.js";
import { certificate } from "../support/certificate.js";
import type { Bench } from "../support/compat-bench.js";
import { type Program, root, startFile } from "../support/compat-program.js";
import { next, until } from "../support/compat-wait.js";
import { request } from "../support/compat-wire.js";

const samples = join(root, "samples");

/** A sample running with PORT=0, and the URL it prints. */
async function serving(
	bench: Bench,
	name: string,
): Promise<{ program: Program; url: string }> {
	const program = startFile(bench, join(samples, name), [], { PORT: "0" });
	const [url] = await program.printed(/wss?:\/\/[\w.]+:\d+/);
	return { program, url };
}

async function stops(program: Program): Promise<void> {
	program.child.kill("SIGTERM");
	expect(await program.ended()).toMatchObject({ stderr: "" });
}

describe("the samples", () => {
	test("are each told in samples/README.md", () => {
		const readme = readFileSync(join(samples, "README.md"), "utf8");
		for (const file of readdirSync(samples)) {
			if (file !== "README.md") expect(readme).toContain(file);
		}
	});

	fixed("scream.js screams, and client.js talks to it", async (bench) => {
		const { program, url } = await serving(bench, "scream.js");
		const client = startFile(bench, join(samples, "client.js"), [url]);
		await client.printed(/connected/i);
		client.send("hi");
		await client.printed(/HI!!!/);
		client.child.stdin?.end();
		expect(await client.ended()).toMatchObject({ code: 0, stderr: "" });
		await stops(program);
	});

	fixed("client.js says so when nobody answers", async (bench) => {
		const { server, url } = await bench.serve();
		const free = next(server, "close");
		server.close();
		await free;
		const client = startFile(bench, join(samples, "client.js"), [url]);
		const { code, stderr } = await client.ended();
		expect(code).toBe(1);
		expect(stderr).toMatch(/ECONNREFUSED/);
		expect(stderr).not.toMatch(/\n\s+at /);
	});

	fixed(
		"chat-server.js tells every client what one says, by name",
		async (bench) => {
			const { program, url } = await serving(bench, "chat-server.js");
			const [ann, bob] = ["ann", "bob"].map((name) =>
				startFile(bench, join(samples, "chat-client.js"), [name, url]),
			);
			await bob.printed(/bob joined/);
			await ann.printed(/ann joined/);
			ann.send("hello, bob");
			await bob.printed(/ann: hello, bob/);
			bob.send("hello, ann");
			await ann.printed(/bob: hello, ann/);
			ann.child.stdin?.end();
			expect(await ann.ended()).toMatchObject({ code: 0, stderr: "" });
			await bob.printed(/ann left/);
			bob.child.stdin?.end();
			await bob.ended();
			await stops(program);
		},
	);

	fixed("binary-upload.js sends a file byte-exact", async (bench) => {
		const { program, url } = await serving(bench, "binary-upload.js");
		const file = join(bench.folder(), "upload.bin");
		const data = Buffer.alloc(3_000_000);
		for (let i = 0; i < data.length; i++) data[i] = (i * 7) ^ (i >> 8);
		writeFileSync(file, data);
		const upload = startFile(bench, join(samples, "binary-upload.js"), [
			file,
			url,
		]);
		const { code, stdout, stderr } = await upload.ended();
		expect([code, stderr]).toEqual([0, ""]);
		expect(stdout).toContain("3000000 bytes");
		expect(stdout).toContain(createHash("sha256").update(data).digest("hex"));
		await stops(program);
	});

	fixed(
		"service.js closes who does not answer pings, and tells the others when it stops",
		async (bench) => {
			const program = startFile(bench, join(samples, "service.js"), [], {
				PORT: "0",
				PING_MS: "200",
			});
			const [url] = await program.printed(/ws:\/\/[\w.]+:\d+/);
			const silent = await bench.dial(Number(new URL(url).port));
			silent.write(request());
			await silent.head();
			const client = bench.connect(url);
			await next(client, "connect");
			// Pings come before the close frame.
			let last = await silent.frame();
			while (last.opcode === 9) last = await silent.frame();
			expect([last.opcode, last.payload.readUInt16BE(0)]).toEqual([8, 1001]);
			silent.socket.destroy();
			expect(client.readyState).toBe(client.OPEN);
			const end = next(client, "close");
			program.child.kill("SIGTERM");
			expect(await end).toEqual([1001, "the server goes down"]);
			const { code, stdout, stderr } = await program.ended();
			expect([code, stderr]).toEqual([0, ""]);
			expect(stdout).toContain("stopped");
		},
	);

	fixed(
		"workers.js tells the clients of all processes what one says",
		async (bench) => {
			const program = startFile(bench, join(samples, "workers.js"), [], {
				PORT: "0",
				WORKERS: "2",
			});
			const [url] = await program.printed(/ws:\/\/[\w.]+:\d+/);
			// The processes begin to listen one after the other.
			const texts: string[][] = [];
			const clients: ReturnType<Bench["connect"]>[] = [];
			const workers = () => new Set(texts.map(([first]) => first)).size;
			while (clients.length < 4 || (workers() < 2 && clients.length < 200)) {
				const told: string[] = [];
				texts.push(told);
				clients.push(bench.connect(url).on("text", (text) => told.push(text)));
				await until("one to be served", () => told.length > 0);
			}
			expect(workers()).toBe(2);
			clients[0].sendText("hi");
			await until("all to be told", () =>
				texts.every((each) => each.some((text) => /^\d+: hi$/.test(text))),
			);
			await stops(program);
		},
	);

	fixed("secure.js serves wss with a certificate of its own", async (bench) => {
		const identity = certificate();
		if ("reason" in identity) return bench.skip(identity.reason);
		const { program, url } = await serving(bench, "secure.js");
		expect(url).toMatch(/^wss:/);
		const client = bench.connect(url, { rejectUnauthorized: false });
		await next(client, "connect");
		const answer = next(client, "text");
		client.sendText("hi");
		expect(await answer).toEqual(["HI!!!"]);
		client.close();
		await stops(program);
	});
});

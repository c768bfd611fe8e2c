/** The playground's servers, without a browser: what they serve, what they refuse, how they leave. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { PlaygroundProcess, WITHOUT_ADDONS } from "./playground-process.js";

let playground: PlaygroundProcess;

beforeAll(async () => {
	playground = await PlaygroundProcess.start();
});

afterAll(() => playground?.stop());

async function openSocket(
	path: string,
	headers: Record<string, string> = {},
): Promise<WebSocket> {
	const [{ port }] = (await playground.config()).engines;
	const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
	await once(socket, "open");
	return socket;
}

async function closing(socket: WebSocket): Promise<[number, string]> {
	const [code, reason] = await once(socket, "close");
	return [code, String(reason)];
}

/** Sends a request line as it is: clients tidy paths up. Returns the status. */
async function requestRaw(line: string): Promise<number> {
	const socket = connect(Number(new URL(playground.url).port), "127.0.0.1");
	socket.end(`${line}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
	let answer = "";
	for await (const piece of socket.setEncoding("utf8")) answer += piece;
	return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

describe("the page", () => {
	test("may connect to the engines' ports only, and to nothing else", async () => {
		const response = await fetch(playground.url);
		const { engines } = await playground.config();
		const policy = response.headers.get("content-security-policy") ?? "";
		expect(response.status).toBe(200);
		expect(policy).toContain("default-src 'none'");
		expect(/connect-src ([^;]+)/.exec(policy)?.[1].split(" ")).toEqual([
			"'self'",
			...engines.map(({ port }) => `ws://127.0.0.1:${port}`),
		]);
		expect(response.headers.get("x-content-type-options")).toBe("nosniff");
	});

	test.each([
		"/../package.json",
		"/..%2fpackage.json",
		"/%2e%2e/server.mjs",
		"/./../server.mjs",
		"//etc/passwd",
		"/constructor",
		"/index.html/",
		"/missing.mjs",
	])("answers 404 to %s", async (path) => {
		expect(await requestRaw(`GET ${path} HTTP/1.1`)).toBe(404);
	});

	test("answers 405 to a POST", async () => {
		const response = await fetch(playground.url, { method: "POST", body: "x" });
		expect(response.status).toBe(405);
		expect(response.headers.get("allow")).toBe("GET, HEAD");
	});

	test("a Host header cannot add to the policy", async () => {
		const socket = connect(Number(new URL(playground.url).port), "127.0.0.1");
		socket.end(
			"GET / HTTP/1.1\r\nHost: x; script-src *\r\nConnection: close\r\n\r\n",
		);
		let answer = "";
		for await (const piece of socket.setEncoding("utf8")) answer += piece;
		expect(answer).not.toContain("script-src *");
	});
});

describe("bad input", () => {
	test.each([
		["/nowhere", "", "No such endpoint"],
		["/constructor", "", "No such endpoint"],
		["/chat", "no JSON", "Not a chat message"],
		["/chat", "null", "Not a chat message"],
		["/chat", '{"type":"say","text":"too early"}', "Not a chat message"],
		["/chat", '{"type":"join","name":"  "}', "Not a chat message"],
		["/upload", "[]", "Expected a file's start or end"],
		["/upload", '{"type":"end"}', "Expected a file's start or end"],
		[
			"/upload",
			'{"type":"start","name":"x","size":-1}',
			"Not a file's name and size",
		],
		[
			"/upload",
			'{"type":"start","name":"x","size":1e99}',
			"Not a file's name and size",
		],
		["/ping", "pong", 'Expected the text "ping"'],
	])("on %s, %j closes that connection only", async (path, text, reason) => {
		const bystander = await openSocket("/scream");
		const socket = await openSocket(path);
		const end = closing(socket);
		if (text !== "") socket.send(text);
		expect(await end).toEqual([1008, reason]);

		bystander.send("still here");
		const [answer] = await once(bystander, "message");
		expect(String(answer)).toBe("STILL HERE!!!");
		bystander.close();
	});

	test("a slice without a file ends the upload", async () => {
		const socket = await openSocket("/upload");
		const end = closing(socket);
		socket.send(Buffer.from("slice"));
		expect(await end).toEqual([1008, "A slice without a file"]);
	});

	test.each([
		[3, "Fewer bytes than the file has"],
		[5, "More bytes than the file has"],
	])("%i bytes for a file of 4 end the upload", async (bytes, reason) => {
		const socket = await openSocket("/upload");
		const end = closing(socket);
		socket.send(JSON.stringify({ type: "start", name: "x", size: 4 }));
		socket.send(Buffer.alloc(bytes));
		socket.send(JSON.stringify({ type: "end" }));
		expect(await end).toEqual([1008, reason]);
	});

	test("a connection lost in the middle of an upload leaves the server as it was", async () => {
		const socket = await openSocket("/upload");
		socket.send(JSON.stringify({ type: "start", name: "x", size: 1_000_000 }));
		socket.send(Buffer.alloc(1000), { fin: false });
		await new Promise((resolve) =>
			socket.send(Buffer.alloc(1000), { fin: false }, resolve),
		);
		socket.terminate();
		const next = await openSocket("/scream");
		next.send("alive");
		const [answer] = await once(next, "message");
		expect(String(answer)).toBe("ALIVE!!!");
		next.close();
	});

	test("pages of other origins are refused", async () => {
		for (const origin of [
			"http://evil.example",
			"http://127.0.0.1:1",
			"null",
		]) {
			const socket = await openSocket("/echo", { Origin: origin });
			expect(await closing(socket)).toEqual([
				1008,
				"Only the playground's own page may connect",
			]);
		}
	});
});

describe("without a native engine", () => {
	test("the TypeScript engine serves alone, and the reason is told", async () => {
		const other = await PlaygroundProcess.start(undefined, WITHOUT_ADDONS);
		const config = await other.config();
		expect(config.defaultEngine).toBe("typescript");
		expect(config.engines.map(({ name }) => name)).toEqual(["typescript"]);
		expect(config.unavailable.map(({ name }) => name)).toEqual(["native"]);
		expect(config.unavailable[0].reason).toMatch(
			/^The native engine cannot be used here: ./,
		);
		expect(other.output).toContain(
			`Engine native (Rust): ${config.unavailable[0].reason}`,
		);
		expect(await other.stop()).toBe(0);
	});
});

describe("starting and leaving", () => {
	test.each(["SIGTERM", "SIGINT"] as const)(
		"on %s closes its connections with 1001 and ends with 0",
		async (signal) => {
			const other = await PlaygroundProcess.start();
			const ends: Promise<[number, string]>[] = [];
			for (const { port } of (await other.config()).engines) {
				const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`);
				await once(socket, "open");
				ends.push(closing(socket));
			}
			expect(await other.stop(signal)).toBe(0);
			for (const end of ends)
				expect(await end).toEqual([1001, "The server is going away"]);
		},
	);

	test("a start on a taken port takes the next free one", async () => {
		const taken = Number(new URL(playground.url).port);
		const second = await PlaygroundProcess.start(taken);
		const { engines } = await playground.config();
		const lastTaken = Math.max(...engines.map(({ port }) => port));
		expect(Number(new URL(second.url).port)).toBeGreaterThan(lastTaken);
		expect((await fetch(second.url)).status).toBe(200);
		await second.stop();
	});

	test("a PORT that is no number is told, with exit code 1", async () => {
		await expect(PlaygroundProcess.start("http")).rejects.toThrow(
			"ended with 1: PORT should be a number from 0 to 65535, not http",
		);
	});
});

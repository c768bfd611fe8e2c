/** How many peers a server lets in, and from where. */
import { connect, Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import type { Server, ServerOptions } from "nodejs-websocket";
import { describe, expect, vi } from "vitest";
import { certificate } from "../support/certificate.js";
import { next, record, until, within } from "../support/compat-wait.js";
import { request, Wire } from "../support/compat-wire.js";
import { type ApiBench, behaves } from "./api-bench.js";

/** A peer whose opening handshake is done. */
async function enter(bench: ApiBench, port: number): Promise<Wire> {
	const wire = await bench.dial(port);
	wire.write(request());
	expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
	return wire;
}

/** What a peer that sends nothing is told, whole. */
async function turnedAway(bench: ApiBench, port: number): Promise<string> {
	const wire = await bench.dial(port);
	const answer = (await wire.rest()).toString("latin1");
	wire.socket.end();
	return answer;
}

const statuses = (server: Server) => {
	const seen: (number | undefined)[] = [];
	server.on("handshakeError", ({ statusCode }) => seen.push(statusCode));
	return seen;
};

const unavailable =
	/^HTTP\/1\.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n/;

describe("a server", () => {
	behaves(
		"answers 503 beyond maxConnections, and lets in again when one has gone",
		async (bench) => {
			const { server, port } = await bench.serve({ maxConnections: 2 });
			const refused = statuses(server);
			const first = await enter(bench, port);
			// One that has not done its handshake counts, too.
			const silent = await bench.dial(port);
			await until("the handshake", () => server.pendingHandshakes === 1);
			expect(await turnedAway(bench, port)).toMatch(unavailable);
			expect(refused).toEqual([503]);
			expect(server.connections).toHaveLength(1);

			silent.write(request());
			expect(await silent.head()).toMatch(/^HTTP\/1\.1 101 /);
			first.reset();
			await until("the end", () => server.connections.length === 1);
			await enter(bench, port);
			expect(server.connections).toHaveLength(2);
		},
	);

	behaves(
		"answers 503 beyond maxPendingHandshakes, whatever is open",
		async (bench) => {
			const { server, port } = await bench.serve({ maxPendingHandshakes: 2 });
			for (let i = 0; i < 3; i++) await enter(bench, port);
			const silent = [await bench.dial(port), await bench.dial(port)];
			await until("two handshakes", () => server.pendingHandshakes === 2);
			expect(await turnedAway(bench, port)).toMatch(unavailable);
			silent[0].write(request());
			await silent[0].head();
			expect(server.pendingHandshakes).toBe(1);
			await enter(bench, port);
			silent[1].reset();
			await until("none", () => server.pendingHandshakes === 0);
		},
	);

	behaves(
		"does not count refused peers that do not leave as handshakes",
		async (bench) => {
			const { server, port } = await bench.serve({ maxPendingHandshakes: 2 });
			for (let i = 0; i < 4; i++) {
				const wire = await bench.dial(port);
				wire.write("nonsense\r\n\r\n");
				expect(await wire.head()).toMatch(/^HTTP\/1\.1 400 /);
			}
			expect(server.pendingHandshakes).toBe(0);
			await enter(bench, port);
		},
	);

	behaves(
		"drops peers without a word where too many are being turned away",
		async (bench) => {
			const { server, port } = await bench.serve({ maxPendingHandshakes: 1 });
			const silent = await bench.dial(port);
			await until("the handshake", () => server.pendingHandshakes === 1);
			// It has its answer, and does not leave.
			const lingering = await bench.dial(port);
			expect(await lingering.head()).toMatch(unavailable);
			const dropped = await bench.dial(port);
			expect(await dropped.rest()).toHaveLength(0);
			silent.socket.destroy();
			lingering.socket.destroy();
		},
	);

	behaves(
		"that is closed refuses at once whose handshake is not done, and nobody else",
		async (bench) => {
			const { server, port } = await bench.serve();
			const refused = statuses(server);
			const open = await enter(bench, port);
			const silent = await bench.dial(port);
			const slow = await bench.dial(port);
			slow.write(request().slice(0, 40));
			await until("both", () => server.pendingHandshakes === 2);
			// From within a handshake, which is done by then.
			server.on("connection", () => server.close());
			const last = await bench.dial(port);
			last.write(request());
			expect(await last.head()).toMatch(/^HTTP\/1\.1 101 /);
			for (const wire of [silent, slow])
				expect((await wire.rest()).toString("latin1")).toMatch(
					/^HTTP\/1\.1 503 .*The server is closing/s,
				);
			expect(refused).toEqual([503, 503]);
			expect(server.pendingHandshakes).toBe(0);
			expect(server.connections).toHaveLength(2);
			for (const wire of [silent, slow]) wire.socket.end();
			const closed = next(server, "close");
			for (const wire of [open, last]) wire.reset();
			await within("the end", closed);
		},
	);

	behaves("counts connections by address", async (bench) => {
		const { server, port } = await bench.serve({ maxConnectionsPerAddress: 1 });
		const first = await enter(bench, port);
		expect(await turnedAway(bench, port)).toMatch(unavailable);
		const elsewhere = new Wire(
			connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" }),
		);
		bench.afterwards(() => elsewhere.socket.destroy());
		elsewhere.write(request());
		expect(await elsewhere.head()).toMatch(/^HTTP\/1\.1 101 /);
		first.reset();
		await until("the end", () => server.connections.length === 1);
		await enter(bench, port);
	});

	behaves(
		"counts TLS handshakes, and drops those that are too many",
		async (bench) => {
			const identity = certificate();
			if ("reason" in identity) throw new Error(identity.reason);
			const { server, port } = await bench.serve({
				...identity,
				secure: true,
				maxPendingHandshakes: 2,
			});
			const refused = statuses(server);
			const silent: Socket[] = [];
			for (let i = 0; i < 2; i++) silent.push((await bench.dial(port)).socket);
			await until("two handshakes", () => server.pendingHandshakes === 2);
			const third = await bench.dial(port);
			expect(await third.rest()).toHaveLength(0);
			expect(refused).toEqual([503]);

			silent[0].destroy();
			await until("one handshake", () => server.pendingHandshakes === 1);
			const socket = tlsConnect({
				port,
				host: "127.0.0.1",
				ca: identity.cert,
			});
			bench.afterwards(() => socket.destroy());
			const wire = new Wire(socket);
			wire.write(request());
			expect(await wire.head()).toMatch(/^HTTP\/1\.1 101 /);
			expect(server.pendingHandshakes).toBe(1);
			socket.destroy();
			silent[1].destroy();
			await until("none", () => server.pendingHandshakes === 0);
		},
	);

	behaves("gives a TLS handshake its time, and no more", async (bench) => {
		const identity = certificate();
		if ("reason" in identity) throw new Error(identity.reason);
		const { server, port } = await bench.serve({
			...identity,
			secure: true,
			// Long enough for both to be there at the same time.
			handshakeTimeoutMs: 1000,
		});
		const [silent, partial] = await Promise.all([
			bench.dial(port),
			bench.dial(port),
		]);
		partial.write(Buffer.from("1603010200010001fc0303", "hex"));
		await until("two handshakes", () => server.pendingHandshakes === 2);
		for (const wire of [silent, partial]) {
			await within("the end", wire.ended);
			wire.socket.destroy();
		}
		await until("none", () => server.pendingHandshakes === 0);
	});

	behaves("tells its listener of each peer it turns away", async (bench) => {
		const { server, port } = await bench.serve({ maxConnections: 0 });
		const errors = record(server, "handshakeError");
		const told = next(server, "handshakeError");
		await turnedAway(bench, port);
		await within("the event", told);
		expect(errors[0][0]).toMatchObject({
			code: "WS_ERR_HANDSHAKE_REFUSED",
			statusCode: 503,
		});
	});

	behaves("keeps TCP connections alive unless told not to", async (bench) => {
		// Node cannot ask a socket; what its server does to each is written on it, in seconds.
		const delayOf = async (options: ServerOptions) => {
			const { server } = await bench.serve(options);
			const { keepAlive, keepAliveInitialDelay } = server.socket as unknown as {
				keepAlive: boolean;
				keepAliveInitialDelay: number;
			};
			return keepAlive && keepAliveInitialDelay;
		};
		expect(await delayOf({})).toBe(60);
		expect(await delayOf({ keepAliveInitialDelay: 5000 })).toBe(5);
		expect(await delayOf({ keepAlive: false })).toBe(false);
	});

	behaves("sends short messages at once unless told not to", async (bench) => {
		// Node cannot ask a socket whether TCP_NODELAY is set; what is asked of it can be seen.
		const served = await bench.serve({});
		const delaying = await bench.serve({ noDelay: false });
		const noDelay = ({ server }: { server: Server }) =>
			(server.socket as unknown as { noDelay: boolean }).noDelay;
		expect([noDelay(served), noDelay(delaying)]).toEqual([true, false]);
		const asked = vi.spyOn(Socket.prototype, "setNoDelay");
		try {
			bench.connect(served.url);
			expect(asked).toHaveBeenLastCalledWith(true);
			bench.connect(served.url, { noDelay: false });
			expect(asked).toHaveBeenLastCalledWith(false);
		} finally {
			asked.mockRestore();
		}
	});
});

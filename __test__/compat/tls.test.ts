import { readFileSync } from "node:fs";
import { TLSSocket, Server as TlsServer } from "node:tls";
import { describe, expect } from "vitest";
import { kept } from "../support/both.js";
import { type Certificate, certificate } from "../support/certificate.js";
import type { Bench, Served } from "../support/compat-bench.js";
import type { ConnectionLike } from "../support/compat-types.js";
import { next, nextValue, record, within } from "../support/compat-wait.js";

/** A wss server, or undefined after the test was skipped for want of a certificate. */
async function serveSecure(
	bench: Bench,
	options: Record<string, unknown> = {},
): Promise<(Served & { identity: Certificate }) | undefined> {
	const identity = certificate();
	if ("reason" in identity) {
		bench.skip(identity.reason);
		return undefined;
	}
	const served = await bench.serve({ secure: true, ...identity, ...options });
	return { ...served, url: served.url.replace("ws:", "wss:"), identity };
}

describe("wss", () => {
	kept("serves on a tls.Server and connects through TLS", async (bench) => {
		const secure = await serveSecure(bench);
		if (!secure) return;
		const accepted = secure.accepted();
		const far = bench.connect(secure.url, { ca: secure.identity.cert });
		await next(far, "connect");
		const near = await accepted;
		expect(secure.server.socket).toBeInstanceOf(TlsServer);
		expect(near.socket).toBeInstanceOf(TLSSocket);
		expect(far.socket).toBeInstanceOf(TLSSocket);
		expect((far.socket as TLSSocket).authorized).toBe(true);
	});

	kept("carries texts and binaries both ways", async (bench) => {
		const secure = await serveSecure(bench);
		if (!secure) return;
		const accepted = secure.accepted();
		const far = bench.connect(secure.url, { rejectUnauthorized: false });
		await next(far, "connect");
		const near = await accepted;
		const data = readFileSync(import.meta.filename);
		for (const [from, to] of [
			[near, far],
			[far, near],
		]) {
			const text = next(to, "text");
			from.sendText("héllo");
			expect(await text).toEqual(["héllo"]);
			const binary = nextValue<import("node:stream").Readable>(to, "binary");
			from.sendBinary(data);
			const pieces = await within("the data", (await binary).toArray());
			expect(Buffer.concat(pieces).equals(data)).toBe(true);
		}
	});

	kept("ends with a closing handshake", async (bench) => {
		const secure = await serveSecure(bench);
		if (!secure) return;
		const accepted = secure.accepted();
		const far = bench.connect(secure.url, { rejectUnauthorized: false });
		await next(far, "connect");
		const closed = next(await accepted, "close");
		far.close(1001, "done");
		expect(await closed).toEqual([1001, "done"]);
	});

	kept(
		"refuses a certificate it does not trust: 'error', then 1006",
		async (bench) => {
			const secure = await serveSecure(bench);
			if (!secure) return;
			const connections = record(secure.server, "connection");
			const far = bench.connect(secure.url);
			const order: unknown[] = [];
			far.on("error", (error: NodeJS.ErrnoException) => order.push(error.code));
			far.on("close", (...args) => order.push(args));
			await next(far, "close");
			expect(order).toEqual(["DEPTH_ZERO_SELF_SIGNED_CERT", [1006, ""]]);
			expect(connections).toEqual([]);
		},
	);

	kept("asks for a client's certificate when told to", async (bench) => {
		const client = certificate("a client");
		if ("reason" in client) return bench.skip(client.reason);
		const secure = await serveSecure(bench, {
			requestCert: true,
			rejectUnauthorized: true,
			ca: client.cert,
		});
		if (!secure) return;
		const accepted = secure.accepted();
		const far = bench.connect(secure.url, {
			...client,
			ca: secure.identity.cert,
		});
		await next(far, "connect");
		const near: ConnectionLike = await accepted;
		const peer = (near.socket as TLSSocket).getPeerCertificate();
		expect(peer.subject.CN).toBe("a client");
	});

	kept("survives a client that speaks no TLS", async (bench) => {
		const secure = await serveSecure(bench);
		if (!secure) return;
		const errors = record(secure.server, "error");
		const wire = await bench.dial(secure.port);
		wire.write("GET / HTTP/1.1\r\n\r\n");
		await within("the end", wire.ended);
		const far = bench.connect(secure.url, { rejectUnauthorized: false });
		await next(far, "connect");
		expect(errors).toEqual([]);
	});
});

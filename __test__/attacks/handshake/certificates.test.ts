/** Servers that are not whom they say: with the options at their defaults, a client sends no request to them. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { describe } from "vitest";
import { certificate } from "../../support/certificate.js";
import type { Bench } from "../../support/compat-bench.js";
import { within } from "../../support/compat-wait.js";
import { onClient } from "../support/attack.js";
import type { ClientTarget } from "../support/target.js";

interface Impostor {
	port: number;
	/** The certificate, for who trusts it. */
	cert: string;
	/** Bytes it was sent inside TLS, by the time its first connection has ended. */
	told: Promise<number>;
}

/** A TLS server whose certificate is for `names`; undefined where no certificate can be made, and the test was skipped. */
async function impersonate(
	bench: Bench,
	names?: string,
): Promise<Impostor | undefined> {
	const identity = certificate("impostor", names);
	if ("reason" in identity) {
		bench.skip(identity.reason);
		return undefined;
	}
	let bytes = 0;
	const server = createServer(identity, (socket) => {
		socket.on("error", () => {});
		socket.on("data", ({ length }) => {
			bytes += length;
		});
	});
	const told = new Promise<number>((resolve) => {
		server.on("connection", (socket) =>
			socket.once("close", () => resolve(bytes)),
		);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	bench.afterwards(() => server.close());
	const { port } = server.address() as AddressInfo;
	return { port, cert: identity.cert.toString(), told };
}

async function connectTo(
	client: ClientTarget,
	host: string,
	names?: string,
	trust = false,
): Promise<object> {
	const impostor = await impersonate(client.bench, names);
	if (impostor === undefined) return { bytes: 0 };
	const { port, cert, told } = impostor;
	const options = trust ? { ca: cert } : {};
	await client.victim.connect(`wss://${host}:${port}/`, options);
	return { bytes: await within("the end", told) };
}

const refused = (code: string) => ({
	connections: [
		{
			isOpen: false,
			errors: [{ code }],
			closes: [[1006, ""]],
			result: { code: 1006, reason: "", wasClean: false },
		},
	],
});

describe("a client tells nothing to a server with", () => {
	onClient({
		name: "a certificate that nobody vouches for",
		run: (client) => connectTo(client, "127.0.0.1"),
		sees: { bytes: 0 },
		told: refused("DEPTH_ZERO_SELF_SIGNED_CERT"),
	});

	onClient({
		name: "a trusted certificate for another name",
		run: (client) => connectTo(client, "localhost", "DNS:other.example", true),
		sees: { bytes: 0 },
		told: refused("ERR_TLS_CERT_ALTNAME_INVALID"),
	});

	onClient({
		name: "a trusted certificate for a name, where an address was asked for",
		run: (client) => connectTo(client, "127.0.0.1", "DNS:localhost", true),
		sees: { bytes: 0 },
		told: refused("ERR_TLS_CERT_ALTNAME_INVALID"),
	});

	onClient({
		name: "a trusted certificate whose name only begins as it should",
		run: (client) =>
			connectTo(client, "localhost", "DNS:localhost.evil.example", true),
		sees: { bytes: 0 },
		told: refused("ERR_TLS_CERT_ALTNAME_INVALID"),
	});
});

onClient({
	name: "a client that wants TLS tells nothing to a server that speaks none",
	async run(client) {
		const came = client.next();
		await client.victim.connect(client.url.replace("ws:", "wss:"));
		const wire = await came;
		wire.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
		const hello = await wire.take(1);
		wire.socket.end();
		await wire.gone;
		// 22 is a TLS handshake record.
		return { type: hello[0] };
	},
	sees: { type: 22 },
	told: { connections: [{ isOpen: false, closes: [[1006, ""]] }] },
});

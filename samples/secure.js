// Scream server over TLS (wss), with a certificate made at the start by the openssl command.
//
//   node samples/secure.js
"use strict";

const { execFileSync } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const ws = require("nodejs-websocket");

/** A self-signed certificate for this machine: good for trying, not for serving the public. */
function makeCertificate() {
	const folder = mkdtempSync(join(tmpdir(), "secure-sample-"));
	const key = join(folder, "key.pem");
	const cert = join(folder, "cert.pem");
	try {
		const names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
		const kind =
			"-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
		execFileSync(
			"openssl",
			[
				"req",
				...kind.split(" "),
				"-days",
				"30",
				"-subj",
				"/CN=localhost",
			].concat(["-addext", names, "-keyout", key, "-out", cert]),
			{ stdio: ["ignore", "ignore", "pipe"] },
		);
		return { key: readFileSync(key), cert: readFileSync(cert) };
	} finally {
		rmSync(folder, { recursive: true });
	}
}

const identity = makeCertificate();
const server = ws.createServer({ secure: true, ...identity }, (conn) => {
	conn.on("text", (text) => conn.sendText(`${text.toUpperCase()}!!!`));
});

server.listen(process.env.PORT ?? 8004, "127.0.0.1", () => {
	const url = `wss://127.0.0.1:${server.socket.address().port}`;
	console.log(`Screaming at ${url}`);

	// A client has to be told to trust a certificate that nobody else signed.
	const conn = ws.connect(url, { ca: identity.cert }, () => {
		console.log(`Connected with ${conn.socket.getProtocol()}: sending "hi"`);
		conn.sendText("hi");
	});
	conn.on("text", (text) => {
		console.log(`The answer is ${text}`);
		conn.close(1000);
		console.log("The server goes on; Ctrl+C ends it.");
	});
});

/** Self-signed certificates, made once per run by the openssl command. */
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
	key: Buffer;
	cert: Buffer;
}

/**
 * Not that of the machine's openssl, which would make it the certificate of an authority: some TLS libraries refuse a
 * server that shows one of those.
 */
const configuration = (subject: string, names: string) => `
[req]
prompt = no
distinguished_name = subject
x509_extensions = extensions
[subject]
CN = ${subject}
[extensions]
basicConstraints = critical, CA:FALSE
subjectKeyIdentifier = hash
subjectAltName = ${names}
`;

/** Makes a certificate with `subject` as its common name, for `names`; throws where there is no openssl. */
function make(subject: string, names: string): Certificate {
	const folder = mkdtempSync(join(tmpdir(), "certificate-"));
	const config = join(folder, "openssl.cnf");
	const key = join(folder, "key.pem");
	const cert = join(folder, "cert.pem");
	try {
		writeFileSync(config, configuration(subject, names));
		execFileSync(
			"openssl",
			[
				"req",
				"-x509",
				"-config",
				config,
				"-newkey",
				"ec",
				"-pkeyopt",
				"ec_paramgen_curve:prime256v1",
				"-nodes",
				"-days",
				"2",
				"-keyout",
				key,
				"-out",
				cert,
			],
			{ stdio: ["ignore", "ignore", "pipe"] },
		);
		return { key: readFileSync(key), cert: readFileSync(cert) };
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

const made = new Map<string, Certificate>();

/**
 * The certificate for `subject`, or why there is none. On a CI machine there has to be one.
 *
 * @param names what it is valid for, as openssl writes it
 */
export function certificate(
	subject = "localhost",
	names = "DNS:localhost, IP:127.0.0.1",
): Certificate | { reason: string } {
	const key = `${subject} ${names}`;
	let found = made.get(key);
	try {
		found ??= make(subject, names);
	} catch (error) {
		const reason = `no certificate can be made: ${(error as Error).message}`;
		if (process.env.CI === "true") throw new Error(reason);
		return { reason };
	}
	made.set(key, found);
	return found;
}

/** SHA-256 of a certificate's public key in base64: what Chromium knows the certificates by that it is to trust. */
export function publicKeyHash(cert: Buffer): string {
	const { publicKey } = new X509Certificate(cert);
	return createHash("sha256")
		.update(publicKey.export({ type: "spki", format: "der" }))
		.digest("base64");
}

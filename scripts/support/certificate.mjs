/** Self-signed certificates for this machine, made by the openssl command. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Not that of the machine's openssl, which would make it the certificate of an authority: some TLS libraries refuse a
 * server that shows one of those.
 *
 * @param {string} subject
 * @param {string} names
 */
const configuration = (subject, names) => `
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

/** What certificates are valid for unless it is said otherwise. */
export const LOCAL_NAMES = "DNS:localhost, IP:127.0.0.1";

/**
 * Makes a certificate that is valid for two days.
 *
 * @param {string} subject Its common name.
 * @param {string} [names] What it is valid for, as openssl writes it.
 * @returns {{ key: Buffer, cert: Buffer }} In PEM.
 * @throws where there is no openssl
 */
export function makeCertificate(subject, names = LOCAL_NAMES) {
	const folder = mkdtempSync(join(tmpdir(), "certificate-"));
	const config = join(folder, "openssl.cnf");
	const key = join(folder, "key.pem");
	const cert = join(folder, "cert.pem");
	try {
		writeFileSync(config, configuration(subject, names));
		execFileSync(
			"openssl",
			[
				...["req", "-x509", "-config", config, "-nodes", "-days", "2"],
				...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
				...["-keyout", key, "-out", cert],
			],
			{ stdio: ["ignore", "ignore", "pipe"] },
		);
		return { key: readFileSync(key), cert: readFileSync(cert) };
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** A self-signed certificate for 127.0.0.1 and localhost, made once per run by the openssl command. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
	key: Buffer;
	cert: Buffer;
}

/** Makes a certificate with `subject` as its common name; throws where there is no openssl. */
function make(subject: string): Certificate {
	const folder = mkdtempSync(join(tmpdir(), "certificate-"));
	const key = join(folder, "key.pem");
	const cert = join(folder, "cert.pem");
	try {
		execFileSync(
			"openssl",
			[
				"req",
				"-x509",
				"-newkey",
				"ec",
				"-pkeyopt",
				"ec_paramgen_curve:prime256v1",
				"-nodes",
				"-days",
				"2",
				"-subj",
				`/CN=${subject}`,
				"-addext",
				"subjectAltName=DNS:localhost,IP:127.0.0.1",
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

/** The certificate for `subject`, or why there is none. */
export function certificate(
	subject = "localhost",
): Certificate | { reason: string } {
	let found = made.get(subject);
	try {
		found ??= make(subject);
	} catch (error) {
		return {
			reason: `no certificate can be made: ${(error as Error).message}`,
		};
	}
	made.set(subject, found);
	return found;
}

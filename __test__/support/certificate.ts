/** Certificates for tests, each made once per run. */
import { createHash, X509Certificate } from "node:crypto";
import {
	LOCAL_NAMES,
	makeCertificate,
} from "../../scripts/support/certificate.mjs";

export interface Certificate {
	key: Buffer;
	cert: Buffer;
}

const made = new Map<string, Certificate>();

/**
 * The certificate for `subject`, or why there is none. On a CI machine there has to be one.
 *
 * @param names what it is valid for, as openssl writes it
 */
export function certificate(
	subject = "localhost",
	names = LOCAL_NAMES,
): Certificate | { reason: string } {
	const key = `${subject} ${names}`;
	let found = made.get(key);
	try {
		found ??= makeCertificate(subject, names);
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

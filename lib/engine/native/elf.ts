/** ELF, the format of addons on Linux and FreeBSD: as much as it takes to see that a file is not whole. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const HEADER_BYTES = 64;
const MAGIC = 0x7f45_4c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;

/**
 * Whether an ELF file ends before the table of its sections, which linkers write last. The dynamic loader maps such a file
 * unseen, and the process dies of SIGBUS at the first byte that is missing. False for anything that is not ELF: the loaders
 * of other systems look for themselves.
 *
 * @throws what opening and reading the file throws
 */
export function isCutOff(path: string): boolean {
	const file = openSync(path, "r");
	try {
		const header = Buffer.alloc(HEADER_BYTES);
		const bytes = readSync(file, header, 0, HEADER_BYTES, 0);
		// The loader refuses by itself what has not even a header.
		if (bytes < HEADER_BYTES || header.readUInt32BE(0) !== MAGIC) return false;
		if (header[5] !== LITTLE_ENDIAN) return false;
		return fstatSync(file).size < endOfSections(header);
	} finally {
		closeSync(file);
	}
}

/** Where the section header table ends: e_shoff + e_shentsize * e_shnum. */
function endOfSections(header: Buffer): number {
	if (header[4] === CLASS_64) {
		return (
			Number(header.readBigUInt64LE(0x28)) +
			header.readUInt16LE(0x3a) * header.readUInt16LE(0x3c)
		);
	}
	return (
		header.readUInt32LE(0x20) +
		header.readUInt16LE(0x2e) * header.readUInt16LE(0x30)
	);
}

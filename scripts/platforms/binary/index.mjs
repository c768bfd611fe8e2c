/**
 * What a shared library says of itself: enough to tell which machine it is for and what it needs there. Read from its
 * bytes, so that every platform's addon can be checked on any.
 */
import { readElf } from "./elf.mjs";
import { readMachO } from "./mach-o.mjs";
import { readPe } from "./pe.mjs";

/**
 * @typedef {object} Binary
 * @property {"elf" | "mach-o" | "pe"} format
 * @property {string} architecture x86-64, aarch64, arm, or a number in hexadecimal.
 * @property {string[]} libraries Those that must be there to load it.
 * @property {string[]} exports Symbols that it offers. A leading underscore of Mach-O is left out.
 * @property {string[]} imports Symbols that it cannot do without; not read from PE.
 * @property {string[]} versions ELF: versions of symbols that it wants, as GLIBC_2.14.
 * @property {string} [minimumOs] Mach-O: the oldest macOS it is for.
 * @property {boolean} [signed] Mach-O: whether it is signed, if only ad hoc.
 */

/**
 * @param {Buffer} file
 * @returns {Binary}
 * @throws {RangeError} where it is none of the three formats, or cut short
 */
export function readBinary(file) {
	if (file.length < 64) throw new RangeError("it is too short to be a library");
	if (file.readUInt32BE(0) === 0x7f454c46) return readElf(file);
	if (file.readUInt32LE(0) === 0xfeedfacf) return readMachO(file);
	if (file.toString("latin1", 0, 2) === "MZ") return readPe(file);
	throw new RangeError("it is neither ELF, Mach-O nor PE");
}

/** Shared libraries of macOS: Mach-O of 64 bits for one architecture, read by its load commands. */
import { nameOf, textAt } from "./strings.mjs";

const machines = { 16777223: "x86-64", 16777228: "aarch64" };

const HEADER_BYTES = 32;
const LC_SYMTAB = 0x2;
const LC_LOAD_DYLIB = 0xc;
const LC_LOAD_WEAK_DYLIB = 0x80000018;
const LC_CODE_SIGNATURE = 0x1d;
const LC_VERSION_MIN_MACOSX = 0x24;
const LC_BUILD_VERSION = 0x32;

const NLIST_BYTES = 16;
const N_EXT = 0x01;
const N_TYPE = 0x0e;
const N_STAB = 0xe0;
const N_UNDF = 0;

/** 0x000b0000 → 11.0 @param {number} packed */
const versionOf = (packed) => `${packed >>> 16}.${(packed >>> 8) & 0xff}`;

/** @param {Buffer} file */
function* loadCommands(file) {
	let at = HEADER_BYTES;
	for (let count = file.readUInt32LE(16); count > 0; count -= 1) {
		yield { command: file.readUInt32LE(at), at };
		at += file.readUInt32LE(at + 4);
	}
}

/** @param {Buffer} file @param {number} at Of the command. */
function symbolsOf(file, at) {
	const symbols = file.readUInt32LE(at + 8);
	const strings = file.readUInt32LE(at + 16);
	/** @type {{ exports: string[], imports: string[] }} */
	const found = { exports: [], imports: [] };
	for (let index = 0; index < file.readUInt32LE(at + 12); index += 1) {
		const symbol = symbols + index * NLIST_BYTES;
		const type = file[symbol + 4];
		if ((type & N_STAB) !== 0 || (type & N_EXT) === 0) continue;
		const name = textAt(file, strings + file.readUInt32LE(symbol));
		const list = (type & N_TYPE) === N_UNDF ? found.imports : found.exports;
		list.push(name.replace(/^_/, ""));
	}
	return found;
}

/** @param {Buffer} file @returns {import("./index.mjs").Binary} */
export function readMachO(file) {
	/** @type {import("./index.mjs").Binary} */
	const binary = {
		format: "mach-o",
		architecture: nameOf(machines, file.readUInt32LE(4)),
		libraries: [],
		exports: [],
		imports: [],
		versions: [],
		signed: false,
	};
	for (const { command, at } of loadCommands(file)) {
		if (command === LC_LOAD_DYLIB || command === LC_LOAD_WEAK_DYLIB)
			binary.libraries.push(textAt(file, at + file.readUInt32LE(at + 8)));
		if (command === LC_SYMTAB) Object.assign(binary, symbolsOf(file, at));
		if (command === LC_CODE_SIGNATURE) binary.signed = true;
		if (command === LC_VERSION_MIN_MACOSX)
			binary.minimumOs = versionOf(file.readUInt32LE(at + 8));
		if (command === LC_BUILD_VERSION)
			binary.minimumOs = versionOf(file.readUInt32LE(at + 12));
	}
	return binary;
}

/** DLLs of Windows: PE32+, read by its tables of exports and imports. */
import { nameOf, textAt } from "./strings.mjs";

const machines = { 34404: "x86-64", 43620: "aarch64" };

const PE32_PLUS = 0x20b;
const FILE_HEADER_BYTES = 24;
const DIRECTORIES = 112;
const SECTION_BYTES = 40;
const IMPORT_BYTES = 20;

/**
 * Where an address of the loaded library is in the file, by the table of sections.
 *
 * @param {Buffer} file
 * @param {number} header
 * @returns {(address: number) => number}
 */
function addressing(file, header) {
	const table = header + FILE_HEADER_BYTES + file.readUInt16LE(header + 20);
	const count = file.readUInt16LE(header + 6);
	return (address) => {
		for (let index = 0; index < count; index += 1) {
			const at = table + index * SECTION_BYTES;
			const start = file.readUInt32LE(at + 12);
			if (address >= start && address < start + file.readUInt32LE(at + 8))
				return address - start + file.readUInt32LE(at + 20);
		}
		throw new RangeError("an address is in no section");
	};
}

/** @param {Buffer} file @param {number} table @param {(address: number) => number} place */
function exportsOf(file, table, place) {
	if (table === 0) return [];
	const directory = place(table);
	const names = place(file.readUInt32LE(directory + 32));
	return Array.from({ length: file.readUInt32LE(directory + 24) }, (_, index) =>
		textAt(file, place(file.readUInt32LE(names + index * 4))),
	);
}

/** @param {Buffer} file @param {number} table @param {(address: number) => number} place */
function librariesOf(file, table, place) {
	/** @type {string[]} */
	const libraries = [];
	if (table === 0) return libraries;
	for (let at = place(table); ; at += IMPORT_BYTES) {
		const name = file.readUInt32LE(at + 12);
		if (name === 0) return libraries;
		libraries.push(textAt(file, place(name)));
	}
}

/** @param {Buffer} file @returns {import("./index.mjs").Binary} */
export function readPe(file) {
	const header = file.readUInt32LE(0x3c);
	const optional = header + FILE_HEADER_BYTES;
	if (file.readUInt16LE(optional) !== PE32_PLUS)
		throw new RangeError("it is a PE of 32 bits");
	const place = addressing(file, header);
	const directories = optional + DIRECTORIES;
	return {
		format: "pe",
		architecture: nameOf(machines, file.readUInt16LE(header + 4)),
		libraries: librariesOf(file, file.readUInt32LE(directories + 8), place),
		exports: exportsOf(file, file.readUInt32LE(directories), place),
		imports: [],
		versions: [],
	};
}

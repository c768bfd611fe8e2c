/** Shared libraries of Linux and FreeBSD: ELF, little-endian, of 32 or 64 bits, read by their section headers. */
import { nameOf, textAt } from "./strings.mjs";

const machines = { 40: "arm", 62: "x86-64", 183: "aarch64" };

const SHT_DYNAMIC = 6;
const SHT_DYNSYM = 11;
const SHT_GNU_VERNEED = 0x6ffffffe;
const DT_NEEDED = 1;
const STB_LOCAL = 0;
const STB_WEAK = 2;

/** @typedef {{ type: number, offset: number, size: number, link: number, entries: number }} Section */

/** @param {Buffer} file */
function layoutOf(file) {
	const is64 = file[4] === 2;
	if (file[5] !== 1) throw new RangeError("it is big-endian");
	/** A field as wide as an address. @param {number} at */
	const word = (at) =>
		is64 ? Number(file.readBigUInt64LE(at)) : file.readUInt32LE(at);
	return { is64, word };
}

/** @param {Buffer} file @returns {Section[]} */
function sectionsOf(file) {
	const { is64, word } = layoutOf(file);
	const table = word(is64 ? 0x28 : 0x20);
	const size = file.readUInt16LE(is64 ? 0x3a : 0x2e);
	const count = file.readUInt16LE(is64 ? 0x3c : 0x30);
	return Array.from({ length: count }, (_, index) => {
		const at = table + index * size;
		return {
			type: file.readUInt32LE(at + 4),
			offset: word(at + (is64 ? 0x18 : 0x10)),
			size: word(at + (is64 ? 0x20 : 0x14)),
			link: file.readUInt32LE(at + (is64 ? 0x28 : 0x18)),
			entries: file.readUInt32LE(at + (is64 ? 0x2c : 0x1c)),
		};
	});
}

/** @param {Buffer} file @param {Section} section @param {number} strings */
function librariesOf(file, section, strings) {
	const { is64, word } = layoutOf(file);
	const width = is64 ? 8 : 4;
	const libraries = [];
	for (let at = section.offset; at < section.offset + section.size; ) {
		if (word(at) === DT_NEEDED)
			libraries.push(textAt(file, strings + word(at + width)));
		at += 2 * width;
	}
	return libraries;
}

/** @param {Buffer} file @param {Section} section @param {number} strings */
function symbolsOf(file, section, strings) {
	const { is64 } = layoutOf(file);
	const size = is64 ? 24 : 16;
	/** @type {{ exports: string[], imports: string[] }} */
	const found = { exports: [], imports: [] };
	for (
		let at = section.offset;
		at < section.offset + section.size;
		at += size
	) {
		const name = textAt(file, strings + file.readUInt32LE(at));
		const binding = file[at + (is64 ? 4 : 12)] >> 4;
		const isDefined = file.readUInt16LE(at + (is64 ? 6 : 14)) !== 0;
		if (name === "" || binding === STB_LOCAL) continue;
		if (isDefined) found.exports.push(name);
		// What is weak may be missing: newer functions are asked for so.
		else if (binding !== STB_WEAK) found.imports.push(name);
	}
	return found;
}

/** Each library needed has a list of versions of its symbols. @param {Buffer} file @param {Section} section @param {number} strings */
function versionsOf(file, section, strings) {
	/** @type {Set<string>} */
	const versions = new Set();
	let at = section.offset;
	for (let library = 0; library < section.entries; library += 1) {
		let entry = at + file.readUInt32LE(at + 8);
		for (let count = file.readUInt16LE(at + 2); count > 0; count -= 1) {
			versions.add(textAt(file, strings + file.readUInt32LE(entry + 8)));
			entry += file.readUInt32LE(entry + 12);
		}
		at += file.readUInt32LE(at + 12);
	}
	return [...versions];
}

/** @param {Buffer} file @returns {import("./index.mjs").Binary} */
export function readElf(file) {
	const sections = sectionsOf(file);
	/**
	 * @template T
	 * @param {number} type
	 * @param {(file: Buffer, section: Section, strings: number) => T} read
	 * @param {T} nothing
	 */
	const from = (type, read, nothing) => {
		const section = sections.find((each) => each.type === type);
		return section
			? read(file, section, sections[section.link].offset)
			: nothing;
	};
	return {
		format: "elf",
		architecture: nameOf(machines, file.readUInt16LE(0x12)),
		libraries: from(SHT_DYNAMIC, librariesOf, []),
		...from(SHT_DYNSYM, symbolsOf, { exports: [], imports: [] }),
		versions: from(SHT_GNU_VERNEED, versionsOf, []),
	};
}

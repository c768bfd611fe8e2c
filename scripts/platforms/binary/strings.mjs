/** The text at an offset, up to a zero byte. @param {Buffer} file @param {number} offset */
export function textAt(file, offset) {
	const end = file.indexOf(0, offset);
	if (end < 0) throw new RangeError("a name has no end");
	return file.toString("latin1", offset, end);
}

/** The name of a number in a table, else the number. @param {Record<number, string>} names @param {number} value */
export const nameOf = (names, value) =>
	names[value] ?? `0x${value.toString(16)}`;

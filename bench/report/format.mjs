/** Figures as text: three digits, and a unit. */

/** @typedef {import("../metrics.mjs").Metric["unit"]} Unit */

/** Three significant digits, without an exponent. @param {number} number */
function digits(number) {
	if (number >= 99.95) return number.toFixed(0);
	return number.toFixed(number >= 9.995 ? 1 : 2);
}

/**
 * The largest scale that leaves at least 1.
 *
 * @param {number} number
 * @param {readonly (readonly [number, string])[]} scales Largest first.
 */
function scaled(number, scales) {
	const [size, name] = scales.find(([size]) => number >= size * 0.9995) ??
		scales.at(-1) ?? [1, ""];
	return `${digits(number / size)}${name && ` ${name}`}`;
}

const scales = /** @type {const} */ ({
	count: [
		[1e9, "G"],
		[1e6, "M"],
		[1e3, "k"],
		[1, ""],
	],
	bytes: [
		[2 ** 20, "MiB"],
		[2 ** 10, "KiB"],
		[1, "B"],
	],
	micros: [
		[1e6, "s"],
		[1e3, "ms"],
		[1, "µs"],
	],
	millis: [[1, "ms"]],
	gigabytes: [[1, "GB/s"]],
});

/** @param {number} value @param {Unit} unit */
export function short(value, unit) {
	return scaled(value, scales[unit]);
}

/** "0.97×", "1.24×", "7.6×", "14×". @param {number} ratio */
export function ratioText(ratio) {
	const places = ratio >= 9.95 ? 0 : ratio >= 1.995 ? 1 : 2;
	return `${ratio.toFixed(places)}×`;
}

/** A size as it is named in titles: 16 B, 1 KiB. @param {number} bytes */
export function size(bytes) {
	if (bytes >= 2 ** 20 && bytes % 2 ** 20 === 0)
		return `${bytes / 2 ** 20} MiB`;
	return bytes >= 1024 && bytes % 1024 === 0
		? `${bytes / 1024} KiB`
		: `${bytes} B`;
}

/** How far the rounds lie apart: half of it, in percent of the median. @param {{ median: number, min: number, max: number }} figure */
export function spreadText({ median, min, max }) {
	const percent = ((max - min) / 2 / median) * 100;
	return `±${percent < 9.5 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

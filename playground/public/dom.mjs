/** The element with this id. */
export function byId(id) {
	const element = document.getElementById(id);
	if (element === null) throw new Error(`No element #${id}`);
	return element;
}

/** Makes an element. `content` is always text or nodes, never markup. */
export function make(tag, { className = "", ...properties } = {}, ...content) {
	const element = document.createElement(tag);
	if (className !== "") element.className = className;
	Object.assign(element, properties);
	element.append(...content);
	return element;
}

/** Appends a line to a log, keeps the last `limit`, and stays at the end unless the reader has scrolled away from it. */
export function appendLine(log, line, limit = 100) {
	const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
	log.append(line);
	while (log.childElementCount > limit) log.firstElementChild.remove();
	if (atEnd) log.scrollTop = log.scrollHeight;
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 1234567 → "1,234,567" */
export function formatCount(number) {
	return whole.format(number);
}

const compact = new Intl.NumberFormat("en", {
	notation: "compact",
	maximumSignificantDigits: 3,
});

/** 1234567 → "1.23M" */
export function formatCompact(number) {
	return compact.format(number);
}

/** 52428800 → "50.0 MiB" */
export function formatBytes(bytes) {
	if (bytes < 1024) return `${Math.round(bytes)} B`;
	const units = ["KiB", "MiB", "GiB"];
	let value = bytes / 1024;
	let unit = 0;
	while (value >= 1024 && unit < units.length - 1) {
		value /= 1024;
		unit++;
	}
	return `${value.toFixed(1)} ${units[unit]}`;
}

/** 0.4 → "0.40 ms", 123.4 → "123 ms" */
export function formatMilliseconds(value) {
	return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
}

export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 === 1
		? sorted[middle]
		: (sorted[middle - 1] + sorted[middle]) / 2;
}

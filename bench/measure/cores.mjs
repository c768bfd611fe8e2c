/** Which core what is measured runs on, and which one its load comes from: never the same where there are two. */
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The numbers in a list as Linux writes it: "0-2,5" is 0, 1, 2, 5.
 *
 * @param {string} text
 */
export function parseCpuList(text) {
	return text
		.trim()
		.split(",")
		.filter(Boolean)
		.flatMap((range) => {
			const [first, last = first] = range.split("-").map(Number);
			return Array.from({ length: last - first + 1 }, (_, i) => first + i);
		});
}

/** @param {string} file */
function read(file) {
	return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function allowedCpus() {
	const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(read("/proc/self/status"));
	return list ? parseCpuList(list[1]) : [];
}

/** The threads of the same core, itself included. @param {number} cpu */
function siblings(cpu) {
	return parseCpuList(
		read(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`),
	);
}

function hasTaskset() {
	return (process.env.PATH ?? "")
		.split(delimiter)
		.some((folder) => existsSync(join(folder, "taskset")));
}

/** @typedef {{ measured: number, load: number }} Cores */

/** The two cores, or nothing where programs cannot be pinned. @returns {Cores | undefined} */
export function findCores() {
	const [measured, ...others] = allowedCpus();
	if (others.length === 0 || !hasTaskset()) return undefined;
	const ofSameCore = siblings(measured);
	const load = others.find((cpu) => !ofSameCore.includes(cpu)) ?? others[0];
	return { measured, load };
}

/** @param {number | undefined} cpu @param {string[]} command */
export function pinned(cpu, command) {
	return cpu === undefined ? command : ["taskset", "-c", `${cpu}`, ...command];
}

import { readFileSync } from "node:fs";

/** The most descriptors a process may have open; Node raises its own limit to that. Infinity where the system does not say. */
export function mostDescriptors() {
	try {
		const limits = readFileSync("/proc/self/limits", "utf8");
		const match = /^Max open files\s+\d+\s+(\d+)/m.exec(limits);
		return Number(match?.[1] ?? Number.POSITIVE_INFINITY);
	} catch {
		return Number.POSITIVE_INFINITY;
	}
}

/** Where it was measured: what a reader needs to judge the figures, and to compare them with others. */
import os from "node:os";

/**
 * @typedef {object} Machine
 * @property {string} cpu
 * @property {number} cores
 * @property {number} memoryBytes
 * @property {string} system
 * @property {string} node
 * @property {number} busyBefore Average of processes that ran in the minute before.
 * @property {boolean} isPinned Whether what is measured and its load ran on a core each.
 */

/**
 * @param {import("./measure/cores.mjs").Cores | undefined} cores
 * @returns {Machine}
 */
export function describeMachine(cores) {
	return {
		cpu: os.cpus()[0]?.model.trim() ?? "unknown",
		cores: os.availableParallelism(),
		memoryBytes: os.totalmem(),
		system: `${os.type()} ${os.release()}, ${process.arch}`,
		node: process.versions.node,
		busyBefore: os.loadavg()[0],
		isPinned: cores !== undefined,
	};
}

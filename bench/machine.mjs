/** Where it was measured: what a reader needs to judge the figures, and to compare them with others. */
import { execFileSync } from "node:child_process";
import os from "node:os";

/**
 * @typedef {object} Machine
 * @property {string} cpu
 * @property {number} cores
 * @property {number} memoryBytes
 * @property {string} system
 * @property {string} node Version of the Node.js that was measured.
 * @property {number} busyBefore Average of processes that ran in the minute before.
 * @property {boolean} isPinned Whether what is measured and its load ran on a core each.
 */

/**
 * The version of a Node.js.
 *
 * @param {string} program
 * @throws where it is none
 */
export function nodeVersion(program) {
	return execFileSync(program, ["-p", "process.versions.node"], {
		encoding: "utf8",
	}).trim();
}

/**
 * @param {import("./measure/server.mjs").Surroundings} surroundings
 * @returns {Machine}
 */
export function describeMachine({ cores, node }) {
	return {
		cpu: os.cpus()[0]?.model.trim() ?? "unknown",
		cores: os.availableParallelism(),
		memoryBytes: os.totalmem(),
		system: `${os.type()} ${os.release()}, ${process.arch}`,
		node: nodeVersion(node),
		busyBefore: os.loadavg()[0],
		isPinned: cores !== undefined,
	};
}

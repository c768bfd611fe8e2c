/** What an installation costs: packages, bytes on the disk, and the time until the package has been loaded. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/child.mjs";
import { filesUnder } from "../support/stamp.mjs";
import { StepError } from "../support/step.mjs";

const ROUNDS = 21;

/** @typedef {{ label: string, folder: string, main: string }} Candidate */
/** @typedef {Candidate & { packages: number, bytes: number, importMs: number }} Cost */

/** The packages in node_modules. None here is nested deeper. @param {string} folder */
function packagesIn(folder) {
	const modules = join(folder, "node_modules");
	return readdirSync(modules)
		.filter((name) => !name.startsWith("."))
		.flatMap((name) =>
			name.startsWith("@")
				? readdirSync(join(modules, name)).map((part) => join(name, part))
				: name,
		)
		.filter((name) => existsSync(join(modules, name, "package.json")));
}

/** Bytes of all files of these packages. @param {string} folder */
const bytesIn = (folder) =>
	packagesIn(folder)
		.flatMap((name) => filesUnder(join(folder, "node_modules", name)))
		.reduce((sum, file) => sum + statSync(file).size, 0);

/** One process, which loads the package first of all. @param {Candidate} candidate */
async function importMs({ folder, main }) {
	const program = `const began = performance.now(); require(${JSON.stringify(main)}); console.log(performance.now() - began);`;
	const { code, output } = await run(process.execPath, ["-e", program], {
		cwd: folder,
	});
	if (code !== 0) throw new StepError(`${main} could not be loaded`, output);
	return Number(output);
}

/** @param {number[]} numbers */
const median = (numbers) =>
	numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/**
 * Measures candidates in turns.
 *
 * @param {Candidate[]} candidates
 * @returns {Promise<Cost[]>}
 */
export async function costsOf(candidates) {
	/** @type {number[][]} */
	const times = candidates.map(() => []);
	// The first round warms the caches of the system.
	for (let round = 0; round <= ROUNDS; round += 1)
		for (const [index, candidate] of candidates.entries()) {
			const time = await importMs(candidate);
			if (round > 0) times[index].push(time);
		}
	return candidates.map((candidate, index) => ({
		...candidate,
		packages: packagesIn(candidate.folder).length,
		bytes: bytesIn(candidate.folder),
		importMs: median(times[index]),
	}));
}

/** @param {Cost[]} costs */
export function footprintTable(costs) {
	const rows = costs.map(
		({ label, packages, bytes, importMs: ms }) =>
			`| ${label} | ${packages} | ${Math.round(bytes / 1024).toLocaleString("en")} KiB | ${ms.toFixed(1)} ms |`,
	);
	return [
		"| | packages | on the disk | `require` |",
		"|---|--:|--:|--:|",
		...rows,
		"",
		`On ${process.platform} ${process.arch}, Node.js ${process.versions.node}; the time is the median of ${ROUNDS} processes.`,
	].join("\n");
}

/** Virtual environments of Python, for programs that are installed by pip. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../support/child.mjs";
import { StepError } from "../support/step.mjs";

const isWindows = process.platform === "win32";

/** The folder of its programs. @param {string} folder */
export const venvPrograms = (folder) =>
	join(folder, isWindows ? "Scripts" : "bin");

/** Its Python. @param {string} folder */
export const venvPython = (folder) =>
	join(venvPrograms(folder), isWindows ? "python.exe" : "python3");

/**
 * The command of a Python that is new enough.
 *
 * @param {readonly [number, number]} version The oldest that will do.
 * @throws {StepError}
 */
async function findPython([major, minor]) {
	let found = "Python is not installed";
	for (const command of ["python3", "python"]) {
		const { code, output } = await run(command, [
			"-c",
			"import sys; print('%d.%d' % sys.version_info[:2])",
		]);
		const version = code === 0 ? output.trim().split(".").map(Number) : [];
		if (version[0] === major && version[1] >= minor) return command;
		if (version.length > 0)
			found = `Python ${major}.${minor} or newer is needed, this is ${output.trim()}`;
	}
	throw new StepError(found);
}

/**
 * Makes one anew, with what a list of requirements pins.
 *
 * @param {object} wanted
 * @param {string} wanted.folder
 * @param {string} wanted.requirements
 * @param {readonly [number, number]} wanted.minPython
 * @param {import("../support/step.mjs").Step} step
 * @throws {StepError}
 */
export async function installVenv({ folder, requirements, minPython }, step) {
	const python = await findPython(minPython);
	step.start("installing");
	rmSync(folder, { recursive: true, force: true });
	const venv = await run(python, ["-m", "venv", folder]);
	if (venv.code !== 0) {
		throw new StepError(
			/ensurepip/.test(venv.output)
				? "this Python has no venv (on Debian: the package python3-venv)"
				: "a venv could not be made",
			venv.output,
		);
	}
	const pip = await run(
		venvPython(folder),
		[
			"-m",
			"pip",
			"install",
			"--disable-pip-version-check",
			"--no-input",
			"--only-binary=:all:",
			"--requirement",
			requirements,
		],
		{ onLine: step.progress },
	);
	if (pip.code !== 0) throw new StepError("pip did not succeed", pip.output);
}

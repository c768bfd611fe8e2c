/** The Autobahn testsuite, in the versions that requirements.txt pins, installed into the checkout's own cache. */
import {
	existsSync,
	mkdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../support/child.mjs";
import { withLock } from "../support/lock.mjs";
import { cache, inRoot } from "../support/paths.mjs";
import {
	hashOf,
	isStamped,
	removeStamp,
	writeStamp,
} from "../support/stamp.mjs";
import { StepError } from "../support/step.mjs";
import { isUsable, preparePython27 } from "./python27.mjs";

/** @typedef {import("../support/step.mjs").Step} Step */
/** @typedef {import("./python27.mjs").Python} Python */

/** @param {string} name */
const source = (name) => inRoot("scripts", "autobahn", name);

const requirements = source("requirements.txt");
const accelerator = source("accelerator.txt");
export const launcher = source("wstest.py");

/** Where the suite is, and what it reports. */
export const folder = join(cache, "autobahn");
export const packages = join(folder, "packages");
/** Notes which Python was found or unpacked. */
const pythonFile = join(folder, "python.json");

/** The last pip for Python 2.7, so that it does not matter whether the interpreter has one, and which. */
const pip = { version: "20.3.4", file: "pip-20.3.4-py2.py3-none-any.whl" };
const setuptools = "setuptools==44.0.0";

export const suiteVersion =
	/^autobahntestsuite==(\S+)$/m.exec(readFileSync(requirements, "utf8"))?.[1] ??
	"unknown";

/** @returns {Python} */
export const installedPython = () =>
	JSON.parse(readFileSync(pythonFile, "utf8"));

const inputHash = () =>
	hashOf([requirements, accelerator], [pip.version, folder]);

/** An interpreter that was found may be gone. */
const suiteIsInstalled = async () =>
	isStamped("autobahn", inputHash()) &&
	existsSync(pythonFile) &&
	(await isUsable(installedPython()));

/**
 * pip comes as a wheel, which any Python 3's pip can download; Python 2.7 runs it from there.
 *
 * @param {string} downloads
 */
async function downloadPip(downloads) {
	const { code, output } = await run("python3", [
		...["-m", "pip", "download", "--quiet", "--disable-pip-version-check"],
		...["--no-deps", "--dest", downloads, `pip==${pip.version}`],
	]);
	if (code === 127) throw new StepError("python3 is not installed");
	if (/No module named pip/.test(output))
		throw new StepError(
			"python3 has no pip (on Debian: the package python3-pip)",
		);
	if (code !== 0)
		throw new StepError(`pip ${pip.version} could not be downloaded`, output);
	return join(downloads, pip.file);
}

/**
 * @param {Python} python
 * @param {string} program A pip: its package, with what it imports beside it.
 * @param {string[]} words
 * @param {Step} step
 */
function pipInstall(python, program, words, step) {
	const env = { PYTHONPATH: dirname(program), PYTHONWARNINGS: "ignore" };
	return run(
		python.command,
		[
			...[program, "install", "--disable-pip-version-check", "--no-input"],
			...["--no-deps", "--no-compile", "--no-warn-script-location"],
			...words,
		],
		{ env: { ...python.env, ...env }, onLine: step.progress },
	);
}

/**
 * Run from its wheel, pip can install wheels only. Unpacked, with setuptools beside it, it builds the others.
 *
 * @param {Python} python
 * @param {string} downloads
 * @param {Step} step
 */
async function unpackPip(python, downloads, step) {
	const wheel = await downloadPip(downloads);
	const home = join(downloads, "pip");
	const words = ["--target", home, wheel, setuptools];
	const { code, output } = await pipInstall(
		python,
		join(wheel, "pip"),
		words,
		step,
	);
	if (code !== 0) throw new StepError("pip does not run on Python 2.7", output);
	return join(home, "pip");
}

/** @param {Step} step */
async function install(step) {
	const downloads = join(folder, "downloads");
	for (const part of [downloads, packages])
		rmSync(part, { recursive: true, force: true });
	mkdirSync(downloads, { recursive: true });
	const python = await preparePython27(join(folder, "python2.7"), step);
	step.start("installing");
	const program = await unpackPip(python, downloads, step);
	/** @param {string} list */
	const installList = (list) =>
		pipInstall(
			python,
			program,
			["--target", packages, "--requirement", list],
			step,
		);
	const suite = await installList(requirements);
	if (suite.code !== 0)
		throw new StepError("pip did not succeed", suite.output);
	const accelerated = (await installList(accelerator)).code === 0;
	rmSync(downloads, { recursive: true, force: true });
	writeFileSync(pythonFile, JSON.stringify(python));
	return accelerated
		? "installed"
		: "installed, slow: its accelerator could not be compiled";
}

/**
 * Installs the suite if it is not there.
 *
 * @param {Step} step
 * @throws {StepError} whose message is the reason in one sentence.
 */
export async function installSuite(step) {
	if (await suiteIsInstalled()) return "up to date";
	mkdirSync(folder, { recursive: true });
	return await withLock("autobahn", async () => {
		if (await suiteIsInstalled()) return "installed by another process";
		removeStamp("autobahn");
		const done = await install(step);
		writeStamp("autobahn", inputHash());
		return done;
	});
}

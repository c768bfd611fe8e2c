/**
 * The package as it would be published: packed by npm into a temporary folder, and installed from there into an empty
 * project. No registry takes part: the package has no dependencies.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Packed {
	/** Temporary folder that holds everything. */
	readonly folder: string;
	/** Path of the .tgz. */
	readonly tarball: string;
	/** Names of the packed files, sorted. */
	readonly files: readonly string[];
	/** An empty project that has the package installed. */
	readonly project: string;
	remove(): Promise<void>;
}

/** Runs npm without scripts, colours or anything the surrounding `npm test` says in the environment. */
async function npm(args: string[], cwd: string): Promise<string> {
	const env = Object.fromEntries(
		Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)),
	);
	const { stdout } = await run("npm", [...args, "--ignore-scripts"], {
		cwd,
		env,
		shell: process.platform === "win32",
	});
	return stdout;
}

/** Runs a program with this Node and returns what it printed. Rejects when it fails. */
export async function node(args: string[], cwd: string): Promise<string> {
	return (await run(process.execPath, args, { cwd })).stdout;
}

export async function pack(): Promise<Packed> {
	const folder = await mkdtemp(join(tmpdir(), "nodejs-websocket-pack-"));
	const listed = await npm(
		["pack", "--json", "--pack-destination", folder],
		root,
	);
	// npm 12 lists the packages by name, npm 11 and older in an array.
	const [entry] = Object.values(JSON.parse(listed)) as {
		filename: string;
		files: { path: string }[];
	}[];
	const tarball = join(folder, entry.filename);
	const project = join(folder, "project");
	await mkdir(project);
	await writeFile(
		join(project, "package.json"),
		JSON.stringify({ name: "project", private: true }),
	);
	await npm(
		["install", tarball, "--offline", "--no-audit", "--no-fund"],
		project,
	);
	return {
		folder,
		tarball,
		files: entry.files.map(({ path }) => path).sort(),
		project,
		remove: () => rm(folder, { recursive: true, force: true }),
	};
}

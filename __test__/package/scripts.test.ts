/** What the scripts of package.json say of themselves. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../support/compat-program.js";

const { scripts } = JSON.parse(
	readFileSync(join(root, "package.json"), "utf8"),
) as { scripts: Record<string, string> };

const run = (path: string, word: string) =>
	spawnSync(process.execPath, [path, word], { cwd: root, encoding: "utf8" });

const readers = Object.entries(scripts).flatMap(([name, command]) => {
	const path = /^node (\S+\.mjs)$/.exec(command)?.[1];
	return path !== undefined &&
		readFileSync(join(root, path), "utf8").includes("readCommandLine(")
		? [{ name, path }]
		: [];
});

describe("a script that has options", () => {
	test("is one of those that are tried here", () => {
		expect(readers.length).toBeGreaterThan(7);
	});

	test.each(readers)("$name says with --help what they are", ({ path }) => {
		const { status, stdout, stderr } = run(path, "--help");
		expect([status, stderr]).toEqual([0, ""]);
		expect(stdout).toMatch(/^`npm (run )?[a-z:]+`: .*\n$/s);
		expect(stdout).not.toMatch(/\*\/|^import/m);
	});

	test.each(readers)(
		"$name does nothing where it is given another",
		({ path }) => {
			const { status, stdout, stderr } = run(path, "--nonsense");
			expect([status, stdout]).toEqual([2, ""]);
			expect(stderr).toMatch(/^Unknown option '--nonsense'.*\n\n`npm /);
			expect(stderr).not.toContain("    at ");
		},
	);
});

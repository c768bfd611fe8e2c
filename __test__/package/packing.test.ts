/** The tarballs of a release: exactly what should ship, no matter what else lies in the checkout. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { packMain, packPlatform } from "../../scripts/packages/pack.mjs";
import { platforms } from "../../scripts/platforms/table.mjs";
import { root } from "../support/packed.js";

const folder = mkdtempSync(join(tmpdir(), "nodejs-websocket-packing-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the tarball of a platform's package", () => {
	test.each(platforms.map((platform) => ({ ...platform })))(
		"holds the addon, its papers and nothing else: $name",
		async (platform) => {
			const addon = join(folder, "addon");
			writeFileSync(addon, "not really one");
			const packed = await packPlatform(platform, folder, addon);
			expect(packed.name).toBe(`@nodejs-websocket/${platform.name}`);
			expect(packed.files.sort()).toEqual([
				"LICENSE",
				"README.md",
				"THIRD-PARTY-NOTICES",
				`nodejs-websocket.${platform.name}.node`,
				"package.json",
			]);
		},
	);
});

test("the main package's tarball is what npm pack --dry-run lists for the checkout, with another manifest", async () => {
	const packed = await packMain(platforms, folder);
	const { stdout } = await promisify(execFile)(
		"npm",
		["pack", "--dry-run", "--json", "--ignore-scripts"],
		{ cwd: root, shell: process.platform === "win32" },
	);
	const [listed] = Object.values(JSON.parse(stdout)) as {
		files: { path: string }[];
	}[];
	const wanted = listed.files.map(({ path }) => path).sort();
	expect(packed.files.sort()).toEqual(wanted);
	expect(wanted.filter((name) => !name.startsWith("dist/"))).toEqual([
		"CHANGELOG.md",
		"LICENSE",
		"README.md",
		"package.json",
	]);
});

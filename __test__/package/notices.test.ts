/** THIRD-PARTY-NOTICES: that it is what cargo says of the crates of today. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
	linkedCrates,
	notices,
	noticesFile,
} from "../../scripts/packages/notices.mjs";
import { cargoIsMissing } from "../../scripts/setup/native.mjs";
import { nativeRequired } from "../support/engines.js";

const noCargo = await cargoIsMissing();

// A renewed dependency: npm run notices.
test.skipIf(noCargo !== undefined && !nativeRequired)(
	"the notices are those of the crates that are linked",
	async () => {
		expect(readFileSync(noticesFile, "utf8")).toBe(await notices());
	},
);

test("a crate is named when it is linked: not what builds, tests or expands macros", () => {
	const crate = (name: string, kind = "lib") => ({
		id: name,
		name,
		version: "1.0.0",
		license: "MIT",
		authors: [],
		manifest_path: "",
		targets: [{ kind: [kind] }],
	});
	const dep = (pkg: string, kind: string | null = null) => ({
		pkg,
		dep_kinds: [{ kind }],
	});
	const linked = linkedCrates({
		packages: [
			crate("own"),
			crate("direct"),
			crate("through"),
			crate("builds"),
			crate("tests"),
			crate("macro", "proc-macro"),
			crate("of-the-macro"),
		],
		resolve: {
			root: "own",
			nodes: [
				{
					id: "own",
					deps: [
						dep("direct"),
						dep("builds", "build"),
						dep("tests", "dev"),
						dep("macro"),
					],
				},
				{ id: "direct", deps: [dep("through"), dep("direct")] },
				{ id: "macro", deps: [dep("of-the-macro")] },
			],
		},
	});
	expect(linked.map(({ name }) => name)).toEqual(["direct", "through"]);
});

/** Faults and load, a short run on each engine and transport; `npm run test:faults` is the long one. */
import { describe, expect, test, vi } from "vitest";
import { cache } from "../../scripts/support/paths.mjs";
import { nativeMissing, nativeRequired } from "../support/engines.js";
import { seedOfRun } from "../support/random.js";
import { problemsOf, tableOf } from "./report.mjs";
import { runFaults } from "./run.mjs";
import { variants } from "./variants.mjs";

vi.setConfig({ testTimeout: 600_000 });

const seed = seedOfRun();

describe(`connections under faults and load, with the seed ${seed}`, () => {
	for (const { name, options } of variants) {
		const isMissing =
			(options.engine === "native" &&
				nativeMissing !== null &&
				!nativeRequired) ||
			(options.transport === "native" && process.platform !== "linux");
		test.skipIf(isMissing)(
			`lose, double and alter nothing (${name})`,
			async () => {
				const run = {
					variant: name,
					connections: 300,
					seconds: 6,
					seed,
					folder: `${cache}/faults-test-${name}`,
				};
				const result = await runFaults(run);
				expect(problemsOf(result, run), tableOf(result, run)).toEqual([]);
				for (const [fault, count] of Object.entries(result.findings.faults))
					expect(count, fault).toBeGreaterThan(0);
			},
		);
	}
});

/**
 * `npm run test:asan`: the tests of the native engine, with the addon built for AddressSanitizer.
 *
 *   npm run test:asan                      the tests below
 *   npm run test:asan -- <filter> …        the vitest files whose names contain a filter
 *
 * Needs Linux, gcc and a nightly toolchain. Memory that JavaScript hands to the addon is watched, too: the sanitizer's
 * allocator serves the whole process. Not part of `npm test`.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { copy, findRuntime, layAsanCopy } from "./setup/asan.mjs";
import { nightlyIsMissing } from "./setup/cargo-fuzz.mjs";
import {
	orExit,
	prepareDependencies,
	prepareTypescript,
} from "./setup/index.mjs";
import { runInherited } from "./support/child.mjs";
import { cache, packageCommand } from "./support/paths.mjs";
import { StepError, step } from "./support/step.mjs";

/** Everything that meets the addon directly, and the ways bytes take from a socket to it and back, over either transport. */
const filters = [
	"__test__/engine",
	"__test__/interop/echo-stress",
	"__test__/interop/out-stream-frames",
	"__test__/attacks/frames/arguments",
	"__test__/attacks/frames/bad-frames",
	"__test__/api/in-stream",
	"__test__/api/sending",
	"__test__/api/auto-transport",
	"__test__/api/blocking-handlers",
	"__test__/api/native",
	"__test__/api/pause",
	"__test__/api/taken-memory",
	"__test__/attacks/ends",
	"__test__/transport",
];

/** The sanitizer makes everything some times slower. */
const STREAMS = "20000";

const reports = join(cache, "asan", "reports");

const asanOptions = [
	// Node frees little when it ends.
	"detect_leaks=0",
	// Node has a handler of its own, which would end the process without a report.
	"handle_segv=2",
	// What a worker writes to its terminal before it is ended is lost.
	`log_path=${join(reports, "asan")}`,
];

const runtime = await orExit(async () => {
	if (process.platform !== "linux") throw new StepError("it needs Linux");
	const reason = await nightlyIsMissing();
	if (reason) throw new StepError(reason);
	const path = await findRuntime();
	await prepareDependencies();
	await prepareTypescript();
	await step("addon with ASan", layAsanCopy);
	return path;
});

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const wanted = process.argv.slice(2);
const code = await runInherited(
	process.execPath,
	[
		packageCommand("vitest", "vitest"),
		"run",
		...["--root", copy],
		...["--project", "node", "--project", "native-transport"],
		...(wanted.length > 0 ? wanted : filters),
	],
	{
		LD_PRELOAD: runtime,
		ASAN_OPTIONS: asanOptions.join(":"),
		NODEJS_WEBSOCKET_TEST_REQUIRE_NATIVE: "1",
		NODEJS_WEBSOCKET_TEST_STREAMS:
			process.env.NODEJS_WEBSOCKET_TEST_STREAMS ?? STREAMS,
	},
);
const found = readdirSync(reports);
for (const name of found)
	process.stdout.write(`\n${readFileSync(join(reports, name), "utf8")}\n`);
process.stdout.write(`AddressSanitizer reports: ${found.length}\n`);
process.exitCode = code === 0 && found.length === 0 ? 0 : 1;

/**
 * `npm run build:platforms`: builds the addons of all platforms on this machine, checks each and places it in
 * npm/<platform>/, for `npm run pack`.
 *
 *   npm run build:platforms                          all that scripts/platforms/table.mjs lists
 *   npm run build:platforms -- linux-x64-gnu …       some
 *   npm run build:platforms -- --reproduce NAME …    builds again in a copy of the checkout, and compares the bytes
 *
 * zig and cargo-zigbuild are installed into .cache/. Rust needs the standard library of each target (rustup target add), or
 * its sources; `--apt` installs Debian's Rust, which has them (as root).
 */

import { buildPlatform } from "./platforms/build.mjs";
import { reproduce } from "./platforms/reproduce.mjs";
import { platformsNamed } from "./platforms/table.mjs";
import { installDebianRust, installZig } from "./platforms/tools.mjs";
import { orExit } from "./setup/index.mjs";
import { cargoIsMissing } from "./setup/native.mjs";
import { readCommandLine } from "./support/command-line.mjs";
import { StepError, step } from "./support/step.mjs";

const { values, positionals } = readCommandLine(import.meta.url, {
	options: { apt: { type: "boolean" }, reproduce: { type: "boolean" } },
	allowPositionals: true,
});

await orExit(async () => {
	const wanted = wantedPlatforms();
	if (values.apt) await step("Debian's Rust", installDebianRust);
	const noCargo = await cargoIsMissing();
	if (noCargo) throw new StepError(noCargo);
	await step("zig", installZig);
	/** @type {string[]} */
	const failed = [];
	for (const platform of wanted) {
		try {
			await step(platform.name, (line) => buildPlatform(platform, line));
			if (values.reproduce)
				await step("  once more", (line) => reproduce(platform, line));
		} catch (error) {
			if (!(error instanceof StepError)) throw error;
			if (error.details) process.stdout.write(`\n${error.details.trim()}\n`);
			failed.push(platform.name);
		}
	}
	if (failed.length > 0) throw new StepError(`not built: ${failed.join(", ")}`);
});

function wantedPlatforms() {
	try {
		return platformsNamed(positionals);
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		throw new StepError(error.message.replace(/\.$/, ""));
	}
}

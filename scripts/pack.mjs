/**
 * `npm run pack`: packs all packages of a release into artifacts/, in the order in which they are to be published.
 *
 *   npm run pack                 every platform's addon must have been built (npm run build:platforms)
 *   npm run pack -- --partial    with those that have been built, to try them out
 */

import { basename } from "node:path";
import { artifacts, packAll } from "./packages/pack.mjs";
import {
	orExit,
	prepareDependencies,
	prepareTypescript,
} from "./setup/index.mjs";
import { readCommandLine } from "./support/command-line.mjs";
import { StepError } from "./support/step.mjs";

const { values } = readCommandLine(import.meta.url, {
	options: { partial: { type: "boolean" } },
});

/** @param {number} bytes */
const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;

await orExit(async () => {
	await prepareDependencies();
	await prepareTypescript();
	const { tarballs, missing } = await packAll();
	for (const { file, size, unpackedSize, files } of tarballs)
		process.stdout.write(
			`${basename(file)}: ${files.length} files, ${kib(size)}, unpacked ${kib(unpackedSize)}\n`,
		);
	process.stdout.write(`They are in ${artifacts}.\n`);
	if (missing.length === 0) return;
	const text = `not built, or not from these sources: ${missing.join(", ")}`;
	if (!values.partial) throw new StepError(text);
	process.stdout.write(
		`Left out: ${text}. Addons to ship are built by \`npm run build:platforms -- <name>\`; those of \`npm run build\` are for this machine only.\n`,
	);
});

/** `npm run build [ts | native]`: builds both engines, or one of them, where they are not up to date. */
import {
	orExit,
	prepareDependencies,
	prepareNative,
	prepareTypescript,
} from "./setup/index.mjs";
import { removeStamp } from "./support/stamp.mjs";
import { StepError } from "./support/step.mjs";

const words = process.argv.slice(2);
const force = words.includes("--force");
const wanted = words.filter((word) => word !== "--force");
const unknown = wanted.find((word) => word !== "ts" && word !== "native");

if (unknown !== undefined) {
	process.stderr.write(`Usage: build.mjs [ts] [native] [--force]\n`);
	process.exit(2);
}

/** @param {string} name */
const isWanted = (name) => wanted.length === 0 || wanted.includes(name);

await orExit(async () => {
	await prepareDependencies();
	if (isWanted("ts")) {
		if (force) removeStamp("typescript");
		await prepareTypescript();
	}
	if (isWanted("native")) {
		if (force) removeStamp("native");
		const noCargo = await prepareNative({ strict: true });
		if (noCargo && wanted.includes("native")) throw new StepError(noCargo);
	}
});

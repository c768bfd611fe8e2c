/**
 * `npm run test:autobahn`: runs the Autobahn testsuite against the built package, as a server and as a client, on both
 * engines and transports. Installs the suite first, if it is not there.
 *
 *   npm run test:autobahn                              what `npm test` runs: the sections of the protocol, and of limits
 *   npm run test:autobahn -- --full                    every case: with those of compression, which take half an hour
 *   npm run test:autobahn -- --full --write            and, if all pass, keeps the result in CONFORMANCE.md
 *   npm run test:autobahn -- --full --resume           leaves out the parts that have passed with the same build
 *   npm run test:autobahn -- --only=server/native      some combinations: of server, client; native, typescript,
 *                                                      native-transport (the native engine over it); and collected,
 *                                                      streamed (how binary messages are received)
 *   npm run test:autobahn -- --cases=6.4.*,7.1.6,core  some cases, or sets of them: core, fast, full
 */

import { select, sets } from "./autobahn/cases.mjs";
import { combinations, filterCombinations } from "./autobahn/combinations.mjs";
import { writeConformance } from "./autobahn/conformance.mjs";
import { prepareSuite, testCombinations } from "./autobahn/index.mjs";
import { countResult } from "./autobahn/results.mjs";
import {
	orExit,
	prepareDependencies,
	prepareNative,
	prepareTypescript,
} from "./setup/index.mjs";
import { readCommandLine } from "./support/command-line.mjs";
import { StepError } from "./support/step.mjs";

const { values } = readCommandLine(import.meta.url, {
	options: {
		full: { type: "boolean", default: false },
		write: { type: "boolean", default: false },
		resume: { type: "boolean", default: false },
		only: { type: "string" },
		cases: { type: "string" },
	},
});

/**
 * Reads words of the command line: one that makes no sense ends the process.
 *
 * @template T
 * @param {() => T} read
 */
function understood(read) {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof StepError)) throw error;
		process.stderr.write(`${error.message}\n`);
		process.exit(2);
	}
}

/** A set's name stands for its patterns. @param {string} word */
const patternsOf = (word) =>
	word in sets ? sets[/** @type {keyof typeof sets} */ (word)] : [word];

const patterns = (values.cases ?? (values.full ? "full" : "fast"))
	.split(",")
	.flatMap(patternsOf);

const wanted = understood(() => {
	if (values.write && (!values.full || values.only || values.cases))
		throw new StepError("only the result of all, --full by itself, is kept");
	return values.only ? filterCombinations(values.only) : combinations;
});

const suite = await orExit(async () => {
	await prepareDependencies();
	await prepareTypescript();
	await prepareNative({ strict: true });
	const prepared = await prepareSuite();
	if ("reason" in prepared) throw new StepError(prepared.reason);
	return prepared;
});

const ids = understood(() => select(suite.ids, patterns));
const results = await testCombinations(wanted, ids, values.resume);
const passed = results.map(countResult).every(({ failed }) => failed === 0);
if (values.write && passed && results.length === combinations.length)
	writeConformance(results);
else if (values.write)
	process.stdout.write("CONFORMANCE.md stays as it was: not all passed.\n");
if (!passed) process.exitCode = 1;

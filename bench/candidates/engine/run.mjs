/**
 * Measures one operation of one frame engine at several sizes, in a process of its own so that nothing else has shaped the
 * compiled code. Prints one JSON object.
 *
 *   run.mjs <implementation> <operation> <JSON of { sizes, warmup, seconds }>
 *
 * Time is the CPU time of the process, garbage collection included: what else the machine does is left out.
 */
import { endWithParent } from "../surroundings.mjs";
import { implementations } from "./implementations.mjs";
import { operations } from "./operations.mjs";

const [implementation, name, settings] = process.argv.slice(2);
const { sizes, warmup, seconds } = JSON.parse(settings);

function cpuSeconds() {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1e6;
}

/**
 * Calls for so many CPU seconds, and looks at the clock every so many calls.
 *
 * @param {() => void} call
 * @param {number} duration
 * @param {number} batch
 */
function repeat(call, duration, batch) {
	const began = cpuSeconds();
	let calls = 0;
	let spent = 0;
	do {
		for (let i = 0; i < batch; i++) call();
		calls += batch;
		spent = cpuSeconds() - began;
	} while (spent < duration);
	return { calls, spent };
}

/** @param {number} size */
function measure(size) {
	const library = implementations[implementation]();
	const { call, check, messages, bytes } = operations[name](library, size);
	const warm = repeat(call, warmup, 1);
	// About a hundred looks at the clock.
	const batch = Math.ceil(((warm.calls / warm.spent) * seconds) / 100);
	const { calls, spent } = repeat(call, seconds, batch);
	check?.();
	return {
		bytes: size,
		operationsPerCpuSecond: (calls * messages) / spent,
		gigabytesPerCpuSecond: (calls * bytes) / spent / 1e9,
	};
}

endWithParent();
process.stdout.write(
	`${JSON.stringify({ mode: "engine", points: sizes.map(measure) })}\n`,
	() => process.exit(0),
);

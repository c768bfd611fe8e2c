/** How it was measured, in words: for the page and the README. */
import { duration } from "../countdown.mjs";
import { short } from "./format.mjs";

/** @typedef {import("../results.mjs").Results} Results */

/** @param {import("../machine.mjs").Machine} machine */
export function machineText({ cpu, cores, memoryBytes, system, node }) {
	const gigabytes = Math.round(memoryBytes / 2 ** 30);
	return `${cpu}, ${cores} ${cores === 1 ? "core" : "cores"}, ${gigabytes} GiB, ${system}, Node.js ${node}.`;
}

/** From so many other processes on, on average, readers are warned. */
const BUSY = 0.5;

/** A warning where the machine had other things to do. @param {import("../machine.mjs").Machine} machine */
export function busyText({ busyBefore, cores }) {
	return busyBefore > BUSY
		? `The machine was busy with other things (${busyBefore.toFixed(1)} processes on ${cores} cores before the start). What is counted per second of CPU time suffers least from that, latencies most.`
		: undefined;
}

/** @param {Results} results */
export function versionsText({ candidates }) {
	const known = candidates.flatMap(({ versions }) =>
		Object.entries(versions).map(([name, version]) => `${name} ${version}`),
	);
	return `Versions: ${[...new Set(known)].join(", ")}.`;
}

/** @param {Results} results @param {import("./people.mjs").People} people @returns {string[]} */
export function methodText({ pace, machine, scenarios }, people) {
	const rate = scenarios.find(({ load }) => load.rate)?.load.rate;
	const reference = scenarios[0] && people.label(scenarios[0].reference);
	return [
		`Each run has a fresh server process. The load comes from a program written in Rust that waits for nothing but the server, and checks the length of all and the content of some of what comes back: a server that answers wrongly is shown as failed.`,
		machine.isPinned
			? "The server runs on one core of its own, the load generator on another."
			: "Server and load generator share the cores of the machine as its system sees fit.",
		`A run warms up for ${secondsText(pace.warmup)} and is measured for ${secondsText(pace.seconds)}. There are ${pace.rounds} rounds, and in each round all candidates take their turn: figures are medians over the rounds, and the thin lines in the bars reach from the least to the most.`,
		"Per second of CPU time: messages, divided by the CPU time that the server's process (with its threads and children) took meanwhile. It shows what a message costs, and how many a core can carry; what else the machine does hardly changes it. The figures beside it are per second by the clock.",
		`How many times better: the ratio of two medians, turned so that more is better. Differences below 5 % count as level.`,
		"All take messages of up to 2 MiB; compression is off where a scenario is not about it, and there at zlib's level 6, window 15, memory level 8 for all; everything else is as each library has it by default. Each server is a program of 20 to 60 lines in bench/candidates, in the words of its library's own documentation.",
		...(rate
			? [
					`Latency is measured at ${short(rate, "count")} messages per second, half of what ${reference} carried in a run before. Time runs from when a message should have been sent, so that a server that stalls is not spared.`,
				]
			: []),
	];
}

/** @param {number} seconds */
const secondsText = (seconds) =>
	seconds < 10 ? `${seconds} s` : duration(seconds);

/** Figures over rounds: what a benchmark says must follow from what it measured. */
import { describe, expect, test } from "vitest";
import { Countdown, duration } from "../../bench/countdown.mjs";
import { parseCpuList } from "../../bench/measure/cores.mjs";
import { geometricMean } from "../../bench/report/verdict.mjs";
import { median, ratio, spread } from "../../bench/statistics.mjs";

describe("the median", () => {
	test("is the middle one, whatever the order", () => {
		expect(median([9, 1, 5])).toBe(5);
		expect(median([100, 9, 20])).toBe(20);
	});

	test("lies between the middle two of an even number", () => {
		expect(median([4, 1, 3, 2])).toBe(2.5);
	});
});

describe("the spread", () => {
	test("reaches from the least to the most", () => {
		expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
	});

	test("is nothing where there is no figure, or one that is no number", () => {
		expect(spread([])).toBeNull();
		expect(spread([1, Number.NaN])).toBeNull();
	});
});

describe("the ratio to the reference", () => {
	test("is above 1 for more of what is wanted, and for less of what is not", () => {
		expect(ratio([200], [100], "more")?.median).toBe(2);
		expect(ratio([50], [100], "less")?.median).toBe(2);
		expect(ratio([50], [100], "more")?.median).toBe(0.5);
	});

	test("is that of the medians, and spreads as the rounds do", () => {
		expect(ratio([100, 300, 200], [100, 100, 100], "more")).toEqual({
			median: 2,
			min: 1,
			max: 3,
		});
		// Both met a slow second round: their ratio did not change.
		expect(ratio([200, 100, 200], [100, 50, 100], "more")).toEqual({
			median: 2,
			min: 2,
			max: 2,
		});
	});

	test("is nothing where one of both has no figures", () => {
		expect(ratio([], [100], "more")).toBeNull();
		expect(ratio([100], [], "more")).toBeNull();
		expect(ratio([100], [0], "more")).toBeNull();
		expect(ratio([-3], [100], "less")).toBeNull();
	});
});

test("the average of ratios takes twice and half as good for level", () => {
	expect(geometricMean([2, 0.5])).toBeCloseTo(1);
	expect(geometricMean([2, 8])).toBeCloseTo(4);
	expect(geometricMean([])).toBeNull();
});

describe("the countdown", () => {
	test("starts with the plan, and follows what is done and skipped", async () => {
		const countdown = new Countdown([{ runs: 3, runSeconds: 2 }]);
		expect(countdown.seconds).toBe(6);
		await countdown.during(2, async () => {});
		expect(countdown.seconds).toBe(4);
		countdown.skip(2);
		expect(countdown.seconds).toBe(2);
	});

	test("corrects the plan by the time that was really taken", async () => {
		const countdown = new Countdown([{ runs: 2, runSeconds: 1000 }]);
		await countdown.during(1000, async () => {});
		expect(countdown.seconds).toBeLessThan(1000);
	});

	test.each([
		[9.6, "10 s"],
		[59.6, "1 min 00 s"],
		[125, "2 min 05 s"],
		[3600, "1 h 00 min"],
		[4260, "1 h 11 min"],
	])("is said in words: %d seconds", (seconds, words) => {
		expect(duration(seconds)).toBe(words);
	});
});

test("a list of CPUs is read as Linux writes it", () => {
	expect(parseCpuList("0-2,5\n")).toEqual([0, 1, 2, 5]);
	expect(parseCpuList("3")).toEqual([3]);
	expect(parseCpuList("")).toEqual([]);
});

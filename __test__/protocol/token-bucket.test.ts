import { describe, expect, test } from "vitest";
import { TokenBucket } from "../../lib/protocol/token-bucket.js";

describe("a token bucket", () => {
	test("has a second's worth at once, and then what time brings", () => {
		const bucket = new TokenBucket(10, 1000);
		for (let i = 0; i < 10; i++) expect(bucket.take(1, 1000)).toBe(0);
		expect(bucket.take(1, 1000)).toBe(100);
		// The debt was one token, which these 100 ms pay; the next one is owed again.
		expect(bucket.take(1, 1100)).toBe(100);
		expect(bucket.take(1, 1300)).toBe(0);
	});

	test("never holds more than a second's worth", () => {
		const bucket = new TokenBucket(5, 0);
		expect(bucket.take(5, 60_000)).toBe(0);
		expect(bucket.take(1, 60_000)).toBe(200);
	});

	test("counts many at once as a debt that takes its time", () => {
		const bucket = new TokenBucket(100, 0);
		expect(bucket.take(350, 0)).toBe(2500);
		expect(bucket.take(0, 2499)).toBeCloseTo(1);
		expect(bucket.take(0, 2500)).toBe(0);
	});

	test("lets one through at a time below one a second", () => {
		const bucket = new TokenBucket(0.5, 0);
		expect(bucket.take(1, 0)).toBe(0);
		expect(bucket.take(1, 1000)).toBe(1000);
		expect(bucket.take(0, 2000)).toBe(0);
	});
});

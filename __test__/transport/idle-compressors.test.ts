import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
	forgetIdler,
	watchIdler,
} from "../../lib/transport/idle-compressors.js";

beforeEach(() => {
	vi.useFakeTimers();
});

afterEach(() => {
	vi.useRealTimers();
});

function idler() {
	const it = { isInUse: true, rests: 0, rest: () => void it.rests++ };
	watchIdler(it);
	return it;
}

test("what is not used for long is given back, once", () => {
	const first = idler();
	const second = idler();
	vi.advanceTimersByTime(20_000);
	second.isInUse = true;
	expect([first.rests, second.rests]).toEqual([0, 0]);
	vi.advanceTimersByTime(20_000);
	expect([first.rests, second.rests]).toEqual([1, 0]);
	vi.advanceTimersByTime(60_000);
	expect([first.rests, second.rests]).toEqual([1, 1]);
	expect(vi.getTimerCount()).toBe(0);
});

test("what is gone is left alone, and what comes later is looked after", () => {
	const gone = idler();
	forgetIdler(gone);
	vi.advanceTimersByTime(60_000);
	expect(gone.rests).toBe(0);
	expect(vi.getTimerCount()).toBe(0);
	const later = idler();
	vi.advanceTimersByTime(60_000);
	expect(later.rests).toBe(1);
});

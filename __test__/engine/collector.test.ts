import { constants, PerformanceObserver } from "node:perf_hooks";
import { expect, test } from "vitest";
import { Assembly } from "../../lib/engine/assembly.js";
import { turns } from "../support/compat-wait.js";

test("the memory of messages is collected by the scavenger", async () => {
	let scavenges = 0;
	let others = 0;
	const observer = new PerformanceObserver((list) => {
		for (const entry of list.getEntries()) {
			const { kind } = (entry as unknown as { detail: { kind: number } })
				.detail;
			if (kind === constants.NODE_PERFORMANCE_GC_MINOR) scavenges++;
			else others++;
		}
	});
	observer.observe({ entryTypes: ["gc"] });
	// Whole messages of a size that has memory of its own, and of one that shares it: 2 GiB of each, none of which is kept.
	for (const [bytes, count] of [
		[1024 * 1024, 2048],
		[64 * 1024, 32 * 1024],
	]) {
		const half = Buffer.alloc(bytes / 2);
		for (let i = 0; i < count; i++) {
			const assembly = new Assembly();
			assembly.append(half);
			assembly.append(half);
			expect(assembly.take()?.length).toBe(bytes);
			if (i % 64 === 0) await turns(1);
		}
	}
	await turns(20);
	observer.disconnect();
	expect(scavenges).toBeGreaterThan(others);
});

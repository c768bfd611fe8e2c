/** Tests of what only the native transport has: they run where it can be had, and say why where not. */
import { readdirSync } from "node:fs";
import { test } from "vitest";
import library from "../support/library.js";
import { ApiBench } from "./api-bench.js";

function missing(): string | undefined {
	try {
		library.createServer({ transport: "native" });
		return undefined;
	} catch (error) {
		const isRequired =
			process.env.NODEJS_WEBSOCKET_TEST_REQUIRE_NATIVE === "1" &&
			process.platform === "linux";
		if (isRequired) throw error;
		return (error as Error).message;
	}
}

/** Why the native transport cannot be had; undefined where it can. */
export const nativeTransportMissing = missing();

if (nativeTransportMissing !== undefined)
	test.skip(nativeTransportMissing, () => {});

/** A behaviour of connections over the native transport. */
export function behavesNatively(
	title: string,
	body: (bench: ApiBench) => void | Promise<void>,
): void {
	if (nativeTransportMissing !== undefined) return;
	test(title, async () => {
		const bench = new ApiBench("native");
		try {
			await body(bench);
		} finally {
			await bench.cleanUp();
		}
	});
}

export const native = { transport: "native" } as const;

/** How many descriptors this process has open. */
export function descriptors(): number {
	return readdirSync("/proc/self/fd").length;
}

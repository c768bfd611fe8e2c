import { expect, test } from "vitest";
import {
	nativeEngine,
	nativeMissing,
	nativeRequired,
} from "../support/engines.js";
import { describeContract } from "./contract/contract.js";

if (nativeEngine !== null) describeContract(nativeEngine);

test.skipIf(nativeMissing !== null && !nativeRequired)(
	`the native engine can be loaded${nativeMissing === null ? "" : ` (${nativeMissing})`}`,
	() => {
		expect(nativeMissing).toBeNull();
	},
);

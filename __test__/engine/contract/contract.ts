/** What every engine must do. Each engine runs all of it. */
import { describe } from "vitest";
import type { Engine } from "../../../lib/engine/engine.js";
import { testBinary } from "./binary.js";
import { testCompression } from "./compression.js";
import { testControl } from "./control.js";
import { testEncoder } from "./encoder.js";
import { testFlow } from "./flow.js";
import { testFunctions } from "./functions.js";
import { testHeaders } from "./headers.js";
import { testLimits } from "./limits.js";
import { testMemory } from "./memory.js";
import { testText } from "./text.js";

export function describeContract(engine: Engine): void {
	describe(`the ${engine.name} engine`, () => {
		describe("headers", () => testHeaders(engine));
		describe("text messages", () => testText(engine));
		describe("binary messages", () => testBinary(engine));
		describe("compressed messages", () => testCompression(engine));
		describe("control frames", () => testControl(engine));
		describe("limits", () => testLimits(engine));
		describe("flow", () => testFlow(engine));
		describe("encoder", () => testEncoder(engine));
		describe("memory", () => testMemory(engine));
		describe("functions", () => testFunctions(engine));
	});
}

import { describe } from "vitest";
import { typeScriptEngine } from "../support/engines.js";
import { testCompression } from "./contract/compression.js";
import { describeContract } from "./contract/contract.js";

describeContract(typeScriptEngine);

describe("compression in the typescript engine", () =>
	testCompression(typeScriptEngine));

import { typeScriptEngine } from "../support/engines.js";
import { describeContract } from "./contract/contract.js";

describeContract(typeScriptEngine);

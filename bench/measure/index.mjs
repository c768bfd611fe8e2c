/** One run, of whatever role a scenario measures. */
import { measureClient } from "./client.mjs";
import { measureEngine, measureImport } from "./program.mjs";
import { measureServer } from "./server.mjs";

/** @type {Record<import("../scenarios.mjs").Scenario["role"], typeof measureServer>} */
const byRole = {
	server: measureServer,
	client: measureClient,
	engine: measureEngine,
	import: measureImport,
};

/** Resolves to the JSON object of the run. @throws {import("./process.mjs").RunError} @type {typeof measureServer} */
export const measure = (scenario, ...rest) =>
	byRole[scenario.role](scenario, ...rest);

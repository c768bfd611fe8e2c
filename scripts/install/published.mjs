/** A registry in which everything is published that has been built. */
import { join } from "node:path";
import { packAll } from "../packages/pack.mjs";
import { step } from "../support/step.mjs";
import { startRegistry } from "./registry.mjs";

/**
 * @param {string} place An empty folder, for everything.
 * @returns {Promise<{ registry: import("./registry.mjs").Registry, missing: string[] }>} `missing` names the platforms whose
 *   addons are not among it.
 * @throws {import("../support/step.mjs").StepError}
 */
export async function publishAll(place) {
	const { tarballs, missing } = await packAll(join(place, "tarballs"));
	const registry = await startRegistry(place);
	try {
		await step("registry", async (line) => {
			line.start("publishing");
			for (const { file } of tarballs) await registry.publish(file);
			const left =
				missing.length > 0 ? `; not built: ${missing.join(", ")}` : "";
			return `${tarballs.length} packages published${left}`;
		});
	} catch (error) {
		await registry.stop();
		throw error;
	}
	return { registry, missing };
}

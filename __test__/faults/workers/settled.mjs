import { until } from "../../attacks/programs/measure.cjs";

/** Far more than anything here takes, in milliseconds: what runs into it hangs. */
export const TIMEOUT_MS = 120_000;

/**
 * Waits until `condition` holds, or it is clear that it never will.
 *
 * @param {() => boolean} condition
 */
export async function settled(condition) {
	try {
		await until("the end", condition, TIMEOUT_MS);
	} catch {
		// What did not end is told by the figures.
	}
}

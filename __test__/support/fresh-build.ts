/** Before any test runs: dist/ is what lib/ says, since tests of the public API load it. */
import { buildTypescript } from "../../scripts/setup/typescript.mjs";
import { StepError } from "../../scripts/support/step.mjs";

export default async function setup(): Promise<void> {
	try {
		await buildTypescript({ start() {}, progress() {} });
	} catch (error) {
		if (!(error instanceof StepError)) throw error;
		// The JavaScript is written all the same. Types are a check of their own in `npm test`.
		console.warn(`${error.message}:\n${error.details}`);
	}
}

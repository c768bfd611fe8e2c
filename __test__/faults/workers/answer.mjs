/**
 * A worker's side of its conversation with the runner: it answers requests, and complains of its own accord. `stop` is
 * answered by the end of the process: nothing here keeps it alive then, what still does is a leak.
 */

/** Complaints that are told; beyond that they are all alike. */
const MOST_COMPLAINTS = 50;

let complaints = 0;

/**
 * What a worker sends: the answer to a request, or something else that has happened.
 *
 * @typedef {object} Told
 * @property {string} [answered] The request's name.
 * @property {unknown} [result]
 * @property {string} [complaint]
 * @property {{ attempts: number, open: number }} [progress]
 */

/** @param {Told} told */
export function tell(told) {
	process.send?.(told);
}

/**
 * Tells the runner what should not have happened.
 *
 * @param {string} complaint
 */
export function complain(complaint) {
	if (complaints++ < MOST_COMPLAINTS) tell({ complaint });
}

/**
 * Ends the process where connections are left that have not ended in time. They have been reported.
 *
 * @param {number} busy How many.
 */
export function exitIfBusy(busy) {
	if (busy > 0) process.exit();
}

/** The runner is gone. */
function orphaned() {
	process.exit(1);
}

/**
 * Answers each request by the function of its name.
 *
 * @param {Record<string, (argument: any) => unknown>} functions
 */
export function answer(functions) {
	process.on("disconnect", orphaned);
	process.on(
		"message",
		async (/** @type {{ name: string, argument: unknown }} */ request) => {
			const result = await functions[request.name](request.argument);
			if (request.name === "stop") {
				process.off("disconnect", orphaned);
				process.disconnect();
			} else tell({ answered: request.name, result });
		},
	);
}

/**
 * The process-wide budget for incomplete messages: what all connections of this thread together hold of messages whose end
 * has not arrived. It bounds what many slow peers can make a server keep, where each stays below its own limit.
 */
import { createError } from "../errors.js";
import { DEFAULT_MAX_PENDING_BYTES } from "../rfc6455/limits.js";

let limit = DEFAULT_MAX_PENDING_BYTES;
let total = 0;

/** Sets the budget, in bytes. Throws a RangeError for what is not a positive number. */
export function setMaxPendingBytes(bytes: number): void {
	if (typeof bytes !== "number" || !(bytes > 0)) {
		throw createError("WS_ERR_OPTION_RANGE", {
			detail: "maxPendingBytes should be a positive number of bytes",
		});
	}
	limit = bytes;
}

/** Bytes held now. */
export function pendingBytes(): number {
	return total;
}

/** Books a change of what one link holds. Returns false when the budget is exceeded. */
export function bookPendingBytes(change: number): boolean {
	total += change;
	return change <= 0 || total <= limit;
}

/**
 * The jobs of compression that this thread has in libuv's pool: few at a time, because files and names are looked up there,
 * too, and the others in the order they came. Each does a slice, so that one peer's messages do not delay all others.
 */
const MAX_JOBS = 2;

let running = 0;
const waiting: (() => void)[] = [];

/** Calls `start` when there is a place; it is kept until `leaveJob`. */
export function enterJob(start: () => void): void {
	if (running === MAX_JOBS) {
		waiting.push(start);
		return;
	}
	running++;
	start();
}

/** Gives the place to the one that has waited longest. */
export function leaveJob(): void {
	const next = waiting.shift();
	if (next === undefined) running--;
	else next();
}

/**
 * Gives back what compressors keep for connections that send nothing: a message may always refer to none before it, whatever was
 * agreed on. One timer for all of a thread, and none while nothing is kept.
 */

/** A compressor is idle after this time at least, and after twice as long at most, in milliseconds. */
const IDLE_MS = 20_000;

export interface Idler {
	/** It was used since the last look. */
	isInUse: boolean;
	/** Gives its memory back. */
	rest(): void;
}

const idlers = new Set<Idler>();
let timer: NodeJS.Timeout | null = null;

/** `idler` keeps something from now on. */
export function watchIdler(idler: Idler): void {
	idlers.add(idler);
	timer ??= setInterval(look, IDLE_MS).unref();
}

/** It is gone. */
export function forgetIdler(idler: Idler): void {
	idlers.delete(idler);
}

function look(): void {
	for (const idler of idlers) {
		if (idler.isInUse) {
			idler.isInUse = false;
		} else {
			idlers.delete(idler);
			idler.rest();
		}
	}
	if (idlers.size > 0 || timer === null) return;
	clearInterval(timer);
	timer = null;
}

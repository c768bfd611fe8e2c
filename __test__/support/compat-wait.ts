/** Bounded waiting: every promise here settles, with a sentence that says what did not come. */
import type { EventEmitter } from "node:events";

/**
 * How long any single thing may take before the test fails. It bounds a failure and measures nothing: a program that is
 * started on a busy machine with cold caches takes seconds.
 */
const BOUND_MS = 30_000;

/** `promise`, or a rejection that names `what` when it does not settle. */
export function within<T>(what: string, promise: Promise<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const bound = new Promise<never>((_, reject) => {
		timer = setTimeout(
			() => reject(new Error(`${what} did not come`)),
			BOUND_MS,
		);
	});
	return Promise.race([promise, bound]).finally(() => clearTimeout(timer));
}

/** The arguments of the next `name` event. Unlike `events.once`, it does not listen for 'error'. */
export function next(
	emitter: EventEmitter,
	name: string,
): Promise<readonly unknown[]> {
	return within(
		`the event '${name}'`,
		new Promise((resolve) => {
			emitter.once(name, (...args: unknown[]) => resolve(args));
		}),
	);
}

/** The first argument of the next `name` event. */
export async function nextValue<T>(
	emitter: EventEmitter,
	name: string,
): Promise<T> {
	return (await next(emitter, name))[0] as T;
}

/** Every later `name` event's arguments, in an array that grows. */
export function record(emitter: EventEmitter, name: string): unknown[][] {
	const seen: unknown[][] = [];
	emitter.on(name, (...args: unknown[]) => seen.push(args));
	return seen;
}

/** The names of the events among `names` in the order they come. */
export function recordOrder(emitter: EventEmitter, names: string[]): string[] {
	const order: string[] = [];
	for (const name of names) emitter.on(name, () => order.push(name));
	return order;
}

/** Resolves when `condition` holds, looking again after each turn of the event loop. */
export function until(what: string, condition: () => boolean): Promise<void> {
	let stopped = false;
	const polling = new Promise<void>((resolve) => {
		const look = () => {
			if (condition()) resolve();
			else if (!stopped) setImmediate(look);
		};
		look();
	});
	return within(what, polling).finally(() => {
		stopped = true;
	});
}

/** Whole turns of the event loop: what was to come out of what already happened has come. */
export async function turns(count = 3): Promise<void> {
	for (let i = 0; i < count; i++) {
		await new Promise((resolve) => setImmediate(resolve));
	}
}

/** Settles with the error passed to a send callback (undefined or null when it went well). */
export function called(
	start: (callback: (error?: Error | null) => void) => void,
): Promise<Error | null | undefined> {
	return within("the callback", new Promise((resolve) => start(resolve)));
}

/** A promise with its `resolve` in hand. */
export function deferred<T>(): {
	promise: Promise<T>;
	resolve: (value: T) => void;
} {
	let resolve: (value: T) => void = () => {};
	const promise = new Promise<T>((settle) => {
		resolve = settle;
	});
	return { promise, resolve };
}

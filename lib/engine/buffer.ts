import { Buffer } from "node:buffer";
import { isSharedArrayBuffer, isUint8Array } from "node:util/types";
import { markAsUntransferable } from "node:worker_threads";
import { createError } from "../errors.js";

/** A Buffer with the conversions that `toString` and `write` choose between: calling them directly saves the choice. */
export interface RawBuffer extends Buffer {
	latin1Slice(start: number, end: number): string;
	utf8Slice(start: number, end: number): string;
	ucs2Slice(start: number, end: number): string;
	utf8Write(text: string, offset: number): number;
}

type BufferView = new (
	buffer: ArrayBufferLike,
	byteOffset: number,
	length: number,
) => RawBuffer;

/**
 * Node's own class of buffers, which `Buffer.from` and `subarray` construct behind their checks. Constructing it directly
 * halves the cost of a view. A runtime that does not name it there gets the slower way.
 */
const species = (Buffer as unknown as { [Symbol.species]: BufferView })[
	Symbol.species
];

function constructsBuffers(candidate: unknown): candidate is BufferView {
	if (typeof candidate !== "function") return false;
	try {
		const view = Reflect.construct(candidate, [new ArrayBuffer(2), 1, 1]);
		return (
			Object.getPrototypeOf(view) === Buffer.prototype &&
			view.byteOffset === 1 &&
			view.length === 1
		);
	} catch {
		return false;
	}
}

/** `new FastBuffer(buffer, byteOffset, length)`: a real Buffer over memory that exists, without copying it. */
export const FastBuffer: BufferView = constructsBuffers(species)
	? species
	: (((buffer: ArrayBuffer, byteOffset: number, length: number): Buffer =>
			Buffer.from(buffer, byteOffset, length)) as unknown as BufferView);

/** A getter that all typed arrays have. Called itself it says what is so; a property of its name may say anything. */
function getter<T>(name: string): (this: Uint8Array) => T {
	const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
	return Object.getOwnPropertyDescriptor(typedArray, name)?.get as () => T;
}

/** Kept here because the names are global: looking them up takes a call each. */
const bufferPrototype = Buffer.prototype;
const arrayPrototype = Uint8Array.prototype;
const bufferOf = getter<ArrayBufferLike>("buffer");
const byteOffsetOf = getter<number>("byteOffset");
const byteLengthOf = getter<number>("byteLength");

/**
 * `bytes`, or a view of the same memory where it is of a class of its own, or says to have another length than it has: in
 * what comes back, the properties are true. Else room would be made by the one length and filled by the other, and what is
 * between them is memory that was never written.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
	// Asked for first: compiled code then knows the class, and what follows is no call.
	const { length } = bytes;
	const prototype = Object.getPrototypeOf(bytes);
	return (prototype === bufferPrototype || prototype === arrayPrototype) &&
		byteLengthOf.call(bytes) === length
		? bytes
		: new FastBuffer(
				bufferOf.call(bytes),
				byteOffsetOf.call(bytes),
				byteLengthOf.call(bytes),
			);
}

/**
 * Checks that `value` is a Uint8Array over memory that this thread alone can touch, and that is still there.
 *
 * @throws TypeError (`WS_ERR_BUFFER`) where it is not; `name` is what the message calls it.
 */
export function checkBytes(
	value: unknown,
	name: string,
): asserts value is Uint8Array {
	if (!isUint8Array(value)) {
		throw createError("WS_ERR_BUFFER", {
			detail: `${name} should be a Buffer or a Uint8Array`,
		});
	}
	const memory = value.buffer;
	if (!(memory instanceof ArrayBuffer) && isSharedArrayBuffer(memory)) {
		throw createError("WS_ERR_BUFFER", {
			detail: `${name} is a view of a SharedArrayBuffer; pass a copy`,
		});
	}
	// A view of detached memory has no length, and neither has an empty one: constructing a second view tells them apart.
	if (value.length === 0 && isDetached(memory)) {
		throw createError("WS_ERR_BUFFER", {
			detail: `${name} is a view of a detached ArrayBuffer; its memory was transferred away`,
		});
	}
}

/** What happened where a receiver took away the memory of a chunk that more was in than its message. */
export const CHUNK_TAKEN =
	"the memory of a chunk was detached or resized that more was in than what was delivered; copy a payload before transferring it";

/** Whether the memory was transferred away. */
export function isDetached(memory: ArrayBufferLike): boolean {
	try {
		new Uint8Array(memory);
		return false;
	} catch {
		return true;
	}
}

/**
 * Messages of several connections share memory: whoever transfers the memory of one away must not take the others along.
 * Posting it to another thread is refused by Node.js, and what transfers it here gets a copy.
 */
export function keepHere(memory: ArrayBufferLike): void {
	markAsUntransferable(memory);
	if (!("transfer" in ArrayBuffer.prototype)) return;
	for (const name of ["transfer", "transferToFixedLength"])
		Object.defineProperty(memory, name, { value: copyInstead });
}

function copyInstead(this: ArrayBuffer, length = this.byteLength): ArrayBuffer {
	const copy = new ArrayBuffer(length);
	new Uint8Array(copy).set(
		new Uint8Array(this, 0, Math.min(length, this.byteLength)),
	);
	return copy;
}

/** The arguments behind the data of a send: options and callback, or the callback alone as in 1.7. */
import { AsyncResource } from "node:async_hooks";
import { createError } from "../errors.js";
import type { SendCallback } from "../transport/link.js";

/** Options of one message. */
export interface SendOptions {
	/**
	 * Whether the message is compressed, where the ends have agreed that messages may be. Keep secrets out of messages that
	 * also hold what others choose: `false`. Default: from `threshold` bytes on.
	 */
	compress?: boolean;
}

export interface SendArguments {
	compress: boolean | undefined;
	done: SendCallback | undefined;
}

const NOTHING: SendArguments = { compress: undefined, done: undefined };

/** @throws TypeError `WS_ERR_OPTION` for a `compress` that is no boolean */
export function readSendArguments(
	options: SendOptions | SendCallback | null | undefined,
	callback: SendCallback | undefined,
): SendArguments {
	if (options === undefined && callback === undefined) return NOTHING;
	if (typeof options === "function")
		return { compress: undefined, done: inItsScope(options) };
	// It sees the AsyncLocalStorage of the send, whoever has the data leave.
	const done =
		typeof callback === "function" ? inItsScope(callback) : undefined;
	// Compatibility: 1.7 takes anything that is no function for no callback.
	const compress =
		typeof options === "object" ? (options?.compress ?? undefined) : undefined;
	if (compress !== undefined && typeof compress !== "boolean") {
		throw createError("WS_ERR_OPTION", {
			detail: "compress should be a boolean",
		});
	}
	return { compress, done };
}

/** Whether `data` has at least so many bytes, as UTF-8 where it is text. */
export function hasBytes(data: string | Uint8Array, least: number): boolean {
	if (data.length >= least) return true;
	if (typeof data !== "string" || data.length * 3 < least) return false;
	return Buffer.byteLength(data) >= least;
}

/** `callback` as it would be called here. Making that by hand takes a twentieth of the time of `AsyncResource.bind`. */
function inItsScope(callback: SendCallback): SendCallback {
	const resource = new AsyncResource("NODEJS_WEBSOCKET_SEND");
	return (error) => resource.runInAsyncScope(callback, undefined, error);
}

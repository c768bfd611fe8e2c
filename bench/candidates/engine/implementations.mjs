/** The frame engines that are measured, and single functions of other packages. */
import { isUtf8 } from "node:buffer";
import { nop, own, peer } from "../surroundings.mjs";

/** @typedef {import("./operations.mjs").Implementation} Implementation */

/** @type {Record<string, () => Implementation>} */
export const implementations = {
	/** Which engine serves is chosen by its environment variable. */
	"nodejs-websocket"() {
		const { mask, unmask, isValidUTF8, Decoder } = own("engine");
		return { mask, unmask, isValidUTF8, decoder: () => ownDecoder(Decoder) };
	},

	bufferutil: () => peer("bufferutil"),

	"utf-8-validate": () => ({ isValidUTF8: peer("utf-8-validate") }),

	node: () => ({ isValidUTF8: isUtf8 }),

	/** What ws decodes with; no public class, but the package exports it. */
	ws() {
		const { Receiver } = peer("ws");
		return { decoder: () => receiver(Receiver) };
	},
};

/** @param {any} Decoder */
function ownDecoder(Decoder) {
	const sink = {
		text: () => void target.messages++,
		binary: () => void target.messages++,
		binaryBegin: () => "collect",
		binaryData: nop,
		binaryEnd: nop,
		ping: nop,
		pong: nop,
		close: nop,
		/** @param {string} code */
		failure(code) {
			throw new Error(code);
		},
	};
	const decoder = new Decoder({ role: "server" }, sink);
	const target = {
		messages: 0,
		/** @param {Buffer} chunk */
		feed(chunk) {
			let isDone = decoder.feed(chunk);
			while (!isDone) isDone = decoder.resume();
		},
	};
	return target;
}

/** @param {any} Receiver */
function receiver(Receiver) {
	const decoder = new Receiver({ isServer: true });
	const target = {
		messages: 0,
		/** @param {Buffer} chunk */
		feed: (chunk) => decoder.write(chunk),
	};
	decoder.on("message", () => void target.messages++);
	decoder.on("error", (/** @type {Error} */ error) => {
		throw error;
	});
	return target;
}

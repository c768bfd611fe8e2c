/** A request that was read natively, for a program that wants to have it as node:http does. */
import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { rawFieldsOf } from "../../protocol/handshake.js";
import type { TextRequest } from "./head-reader.js";

interface Internals {
	_addHeaderLines?(rawHeaders: string[], length: number): void;
}

/** Whether node:http has what a request is made with. */
export const canMakeRequests =
	typeof (IncomingMessage.prototype as Internals)._addHeaderLines ===
	"function";

/** @param source has the socket, which is made when somebody asks for it */
export function makeRequest(
	{ text, method, url }: TextRequest,
	source: { readonly socket: Socket },
): IncomingMessage {
	const request = new IncomingMessage(undefined as unknown as Socket);
	Object.defineProperty(request, "socket", {
		get: () => source.socket,
		configurable: true,
		enumerable: true,
	});
	request.httpVersionMajor = 1;
	request.httpVersionMinor = 1;
	request.httpVersion = "1.1";
	request.method = method;
	request.url = url;
	const fields = rawFieldsOf(text);
	(request as Internals)._addHeaderLines?.(fields, fields.length);
	// As Node's parser leaves it: it has no body.
	Object.assign(request, { upgrade: true, complete: true });
	request.push(null);
	return request;
}

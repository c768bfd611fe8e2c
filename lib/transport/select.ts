/** Chooses what carries the bytes of a connection. */
import type { Socket } from "node:net";
import { checkChoice, defaultChoice } from "../engine/choice.js";
import type { Engine, Role } from "../engine/engine.js";
import { NativeEngine } from "../engine/native/engine.js";
import { createError } from "../errors.js";
import type { DecoderLimits } from "../rfc6455/limits.js";
import type { LinkCompression } from "./compression-memory.js";
import type { Link } from "./link.js";
import { AcceptedSocket } from "./native/accepted-socket.js";
import { NativeLink } from "./native/native-link.js";
import { reactorOf } from "./native/reactor.js";
import { SocketLink } from "./socket/socket-link.js";

export type TransportName = "socket" | "native";
export type TransportChoice = "auto" | TransportName;

/** A link that can also send what is no frame: the answer to an opening handshake. */
export type OpeningLink = Link & { sendRaw(head: string): void };

/** Environment variable that sets the default choice. */
const VARIABLE = "NODEJS_WEBSOCKET_TRANSPORT";

const choices = [
	"auto",
	"native",
	"socket",
] as const satisfies TransportChoice[];

/**
 * Where "auto" takes the native transport. macOS and FreeBSD have it, too, over kqueue, but nobody has run it there yet: it has
 * to be asked for.
 */
const AUTO_PLATFORMS: string[] = ["linux"];

/** Why not, for `refuseNative`. */
export const NO_TLS = "it does not do TLS";

/**
 * The transport for `choice`, or for the default where it is undefined, over plain sockets: "auto" is the native one where
 * it can be had and has been run, and without a word the socket transport elsewhere. The variable speaks for all connections: those on the
 * TypeScript engine are left to the socket transport, whatever it says.
 *
 * @throws TypeError `WS_ERR_OPTION` for another word; Error `WS_ERR_TRANSPORT_UNAVAILABLE` where "native" cannot be had
 */
export function selectTransport(
	choice: TransportChoice | undefined,
	engine: Engine,
): TransportName {
	const wanted = checkChoice(
		choice ?? defaultChoice(VARIABLE, choices),
		choices,
		"transport",
	);
	if (wanted === "socket") return "socket";
	if (wanted === "auto" && !AUTO_PLATFORMS.includes(process.platform))
		return "socket";
	const detail = whyNotNative(engine);
	if (detail === undefined) return "native";
	if (wanted === "auto") return "socket";
	if (choice === undefined && engine.name !== "native") return "socket";
	throw createError("WS_ERR_TRANSPORT_UNAVAILABLE", { detail });
}

/** Why the native transport cannot be had on `engine`; undefined where it can. */
export function whyNotNative(engine: Engine): string | undefined {
	const reactor = reactorOf(engine);
	return "reason" in reactor ? reactor.reason : undefined;
}

/**
 * Holds `choice` against a socket that the native transport cannot carry.
 *
 * @throws Error `WS_ERR_TRANSPORT_UNAVAILABLE`
 */
export function refuseNative(choice: unknown, detail: string): void {
	if (choice === "native")
		throw createError("WS_ERR_TRANSPORT_UNAVAILABLE", { detail });
}

/**
 * Puts a link on `socket`, which has done its opening handshake: of the transport `name`, or the socket transport where the
 * native one cannot take over the socket: there is no descriptor left, it is of another kind, or read by somebody else.
 */
export function createLink(
	name: TransportName,
	source: Socket | AcceptedSocket,
	engine: Engine,
	role: Role,
	limits: DecoderLimits,
	compression: LinkCompression | null,
): OpeningLink {
	if (source instanceof AcceptedSocket && source.slot >= 0)
		return NativeLink.adopt(
			source,
			engine as NativeEngine,
			limits,
			compression,
		);
	const socket = source instanceof AcceptedSocket ? source.socket : source;
	const link =
		name === "native" && engine instanceof NativeEngine
			? NativeLink.create(socket, engine, role, limits, compression)
			: null;
	return link ?? new SocketLink(socket, engine, role, limits, compression);
}

/**
 * How many peers a server lets in, in all and from one address: judged when a socket is accepted, before anything is read
 * or made for it.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Refusal, refuse } from "../protocol/handshake.js";

export interface AdmissionLimits {
	maxConnections: number;
	maxConnectionsPerAddress: number;
	maxPendingHandshakes: number;
}

export class Admission {
	readonly #limits: AdmissionLimits;
	/** Sockets let in and not gone. */
	#admitted = 0;
	/** TLS sockets whose TLS handshake is done. */
	#secured = 0;
	readonly #byAddress = new Map<string, number>();
	/** A connection is gone. */
	// Listeners for 'close': one for all sockets, since an idle connection should hold little.
	readonly #left = () => {
		this.#admitted--;
	};
	readonly #securedLeft = () => {
		this.#secured--;
	};

	constructor(limits: AdmissionLimits) {
		this.#limits = limits;
	}

	/** Sockets in their TLS handshake; of a server with TLS. */
	get securing(): number {
		return Math.max(0, this.#admitted - this.#secured);
	}

	/**
	 * Judges a socket that was just accepted, and counts it until it closes if it may stay.
	 *
	 * @param pendingHandshakes how many opening handshakes are going on, TLS included
	 */
	admit(socket: Socket, pendingHandshakes: number): Refusal | null {
		const network = this.asksForNetworks
			? networkOf(socket.remoteAddress)
			: undefined;
		const refusal = this.admitFrom(network, pendingHandshakes);
		if (refusal !== null) return refusal;
		socket.on(
			"close",
			network === undefined ? this.#left : () => this.left(network),
		);
		return null;
	}

	/** Whether it matters from where somebody comes. Asking for that is a system call. */
	get asksForNetworks(): boolean {
		return this.#limits.maxConnectionsPerAddress !== Number.POSITIVE_INFINITY;
	}

	/**
	 * Judges a connection of which there is no net.Socket, and counts it until `left` is called if it may stay.
	 *
	 * @param network as of `networkOf`; undefined where it has none, or that does not matter
	 */
	admitFrom(
		network: string | undefined,
		pendingHandshakes: number,
	): Refusal | null {
		const limits = this.#limits;
		if (this.#admitted >= limits.maxConnections)
			return unavailable("The server has all the connections it takes");
		if (pendingHandshakes >= limits.maxPendingHandshakes)
			return unavailable("Too many opening handshakes are going on");
		if (network !== undefined) {
			const others = this.#byAddress.get(network) ?? 0;
			if (others >= limits.maxConnectionsPerAddress)
				return unavailable("There are too many connections from this address");
			this.#byAddress.set(network, others + 1);
		}
		this.#admitted++;
		return null;
	}

	/** A connection from `network` that was let in is gone. */
	left(network: string | undefined): void {
		this.#left();
		if (network === undefined) return;
		const others = (this.#byAddress.get(network) ?? 1) - 1;
		if (others > 0) this.#byAddress.set(network, others);
		else this.#byAddress.delete(network);
	}

	/** The TLS handshake of `socket` is done. */
	secured(socket: TLSSocket): void {
		this.#secured++;
		socket.on("close", this.#securedLeft);
	}
}

const unavailable = (message: string) =>
	refuse(503, message, { "Retry-After": "1" });

/**
 * What counts as one address: an IPv4 address, or the 64-bit network of an IPv6 one, since a single host commonly has a
 * network that large. Undefined for unix sockets.
 */
export function networkOf(address: string | undefined): string | undefined {
	if (address === undefined || address === "") return undefined;
	const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
	if (mapped) return mapped[1];
	if (!address.includes(":")) return address;
	const [left, right] = address.replace(/%.*$/, "").split("::");
	const head = left === "" ? [] : left.split(":");
	const tail = right === undefined || right === "" ? [] : right.split(":");
	const groups =
		right === undefined
			? head
			: [
					...head,
					...Array(Math.max(0, 8 - head.length - tail.length)).fill("0"),
					...tail,
				];
	return `${groups.slice(0, 4).join(":")}::/64`;
}

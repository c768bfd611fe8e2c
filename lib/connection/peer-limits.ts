import {
	createError,
	type ErrorCode,
	type WebSocketErrorFields,
} from "../errors.js";
import { TokenBucket } from "../protocol/token-bucket.js";
import { IdleWatch } from "./idle-watch.js";
import { MAX_DELAY_MS } from "./options.js";

/** What a peer may send per second; Infinity for no limit. */
export interface RateLimits {
	messages: number;
	/** Bytes as they come from the transport, headers included. */
	bytes: number;
	/** Pings and pongs. */
	controlFrames: number;
}

export interface PeerLimitsSettings {
	rates: RateLimits;
	/** What happens to a peer that sends more: the connection fails with 1008, or is not read for a while. */
	ratePolicy: "close" | "pause";
	/** How long a peer may be silent, in milliseconds; Infinity for no limit. */
	idleTimeoutMs: number;
}

/** What PeerLimits asks of its connection. */
export interface LimitedConnection {
	/** Whether the peer is being read: while it is not, it cannot be blamed for silence. */
	readonly isReading: boolean;
	setRatePause(isOn: boolean): void;
	fail(error: Error & WebSocketErrorFields): void;
}

const kinds = {
	messages: "messages",
	bytes: "bytes",
	controlFrames: "pings and pongs",
};

/** Whether something is to be counted or watched from the beginning on, rather than pings and pongs when they come. */
export function hasStandingLimits({
	rates,
	idleTimeoutMs,
}: PeerLimitsSettings): boolean {
	return (
		Math.min(rates.messages, rates.bytes, idleTimeoutMs) <
		Number.POSITIVE_INFINITY
	);
}

/** Holds the peer of one open connection to what it may send per second, and to sending something now and then. */
export class PeerLimits {
	readonly #settings: PeerLimitsSettings;
	readonly #connection: LimitedConnection;
	readonly #countsMessages: boolean;
	readonly #countsBytes: boolean;
	/** Made when first needed: an idle connection has none. */
	#buckets: Partial<Record<keyof RateLimits, TokenBucket>> | null = null;
	#idleWatch: IdleWatch | null = null;
	/** Ends a pause because of a rate. */
	#pauseTimer: NodeJS.Timeout | null = null;

	constructor(settings: PeerLimitsSettings, connection: LimitedConnection) {
		const { rates, idleTimeoutMs } = settings;
		this.#settings = settings;
		this.#connection = connection;
		this.#countsMessages = rates.messages !== Number.POSITIVE_INFINITY;
		this.#countsBytes = rates.bytes !== Number.POSITIVE_INFINITY;
		if (idleTimeoutMs !== Number.POSITIVE_INFINITY) {
			this.#idleWatch = new IdleWatch(
				idleTimeoutMs,
				() => connection.isReading,
				() => this.#fail("WS_ERR_IDLE_TIMEOUT", `${idleTimeoutMs} ms`),
			);
		}
	}

	/** So many bytes came. */
	received(byteLength: number): void {
		this.#idleWatch?.heard();
		if (this.#countsBytes) this.#take("bytes", byteLength);
	}

	/** Counts a message. Returns false where the connection has been failed for it. */
	admitMessage(): boolean {
		return !this.#countsMessages || this.#take("messages", 1);
	}

	/** Counts a ping or pong. Returns false where the connection has been failed for it. */
	admitControlFrame(): boolean {
		return this.#take("controlFrames", 1);
	}

	stop(): void {
		this.#idleWatch?.stop();
		if (this.#pauseTimer !== null) clearTimeout(this.#pauseTimer);
	}

	#take(kind: keyof RateLimits, count: number): boolean {
		const { rates, ratePolicy } = this.#settings;
		const limit = rates[kind];
		if (limit === Number.POSITIVE_INFINITY) return true;
		const now = performance.now();
		this.#buckets ??= {};
		this.#buckets[kind] ??= new TokenBucket(limit, now);
		const waitMs = this.#buckets[kind].take(count, now);
		if (waitMs === 0) return true;
		if (ratePolicy === "close") {
			this.#fail("WS_ERR_RATE", `${limit} ${kinds[kind]}`);
			return false;
		}
		this.#pause(waitMs);
		return true;
	}

	#pause(waitMs: number): void {
		// What comes now is the rest of a chunk or a message: its debt is the larger one.
		if (this.#pauseTimer !== null) clearTimeout(this.#pauseTimer);
		this.#pauseTimer = setTimeout(
			() => {
				this.#pauseTimer = null;
				this.#connection.setRatePause(false);
			},
			Math.min(waitMs, MAX_DELAY_MS),
		);
		this.#connection.setRatePause(true);
	}

	#fail(code: ErrorCode, detail: string): void {
		this.#connection.fail(createError(code, { detail }));
	}
}

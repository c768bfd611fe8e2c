import type { LinkSink } from "../../lib/transport/link.js";

/** A sink that writes down what it is told, one line an event, and runs what a test wants done at some of them. */
export class Recorder implements LinkSink {
	readonly events: string[] = [];
	/** The link has been opened with this sink. */
	isOpen = false;
	readonly #actions = new Map<string, () => void>();
	readonly #ignored = new Set<string>();

	/** Does not write down `event`. */
	ignore(event: string): void {
		this.#ignored.add(event);
	}

	/** Runs `action` when `event` is told. */
	on(event: string, action: () => void): void {
		this.#actions.set(event, action);
	}

	/** Bytes told of so far. */
	receivedBytes = 0;

	received = (byteLength: number) => {
		this.receivedBytes += byteLength;
	};
	text = (message: string) => this.#tell(`text ${message}`);
	binary = (message: Buffer) => this.#tell(`binary ${message}`);
	binaryBegin = (): "stream" => {
		this.#tell("binaryBegin");
		return "stream";
	};
	binaryData = (piece: Buffer) => this.#tell(`binaryData ${piece.length}`);
	binaryEnd = () => this.#tell("binaryEnd");
	ping = (payload: Buffer) => this.#tell(`ping ${payload}`);
	pong = (payload: Buffer) => this.#tell(`pong ${payload}`);
	close = (code: number, reason: string) =>
		this.#tell(`close ${code} ${reason}`);
	failure = (failure: string) => this.#tell(`failure ${failure}`);
	drain = () => this.#tell("drain");
	ended = () => this.#tell("ended");
	/** What the transport failed with differs between transports: that `closed` follows is what counts. */
	failed = () => {};
	closed = () => this.#tell("closed");

	#tell(event: string): void {
		if (this.#ignored.has(event)) return;
		this.events.push(event);
		this.#actions.get(event)?.();
	}
}

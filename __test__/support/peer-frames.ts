/** Commands and reports on their way: each a line of JSON, and as many bytes as its member `bytes` says. */
import type { Command, Report } from "./peer-remote.js";

const LF = 10;

export function serializeCommand(command: Command, bytes: Buffer): Buffer[] {
	const head = JSON.stringify({ ...command, bytes: bytes.length });
	return [Buffer.from(`${head}\n`), bytes];
}

/** Cuts a stream into reports, at whatever boundaries it comes. */
export class Reports {
	readonly #onReport: (report: Report, bytes: Buffer) => void;
	#pieces: Buffer[] = [];
	#held = 0;
	/** The report whose bytes are still to come. */
	#head: (Report & { bytes: number }) | null = null;

	constructor(onReport: (report: Report, bytes: Buffer) => void) {
		this.#onReport = onReport;
	}

	feed(piece: Buffer): void {
		this.#pieces.push(piece);
		this.#held += piece.length;
		// What is long is joined once, when it is all there.
		if (this.#head !== null && this.#held < this.#head.bytes) return;
		let rest = Buffer.concat(this.#pieces);
		for (;;) {
			if (this.#head === null) {
				const end = rest.indexOf(LF);
				if (end < 0) break;
				this.#head = JSON.parse(rest.toString("utf8", 0, end));
				rest = rest.subarray(end + 1);
			}
			const head = this.#head as Report & { bytes: number };
			if (rest.length < head.bytes) break;
			this.#head = null;
			this.#onReport(head, rest.subarray(0, head.bytes));
			rest = rest.subarray(head.bytes);
		}
		this.#pieces = [rest];
		this.#held = rest.length;
	}
}

/** Where a client's user is: lines of input, and lines of output that leave alone what is just being typed. */
import {
	clearScreenDown,
	createInterface,
	cursorTo,
	type Interface,
	moveCursor,
} from "node:readline";

export class Screen {
	/** Whether a person sits there; else programs read and write. */
	readonly isTerminal = Boolean(process.stdin.isTTY && process.stdout.isTTY);
	/** The lines of input, to their end or to `close`. */
	readonly lines: AsyncIterator<string>;
	readonly #readline: Interface;
	#isOpen = true;

	constructor() {
		this.#readline = createInterface({
			input: process.stdin,
			output: this.isTerminal ? process.stdout : undefined,
			prompt: "> ",
			crlfDelay: Infinity,
		});
		// Made at once: lines that come before anybody asks would be lost.
		this.lines = this.#readline[Symbol.asyncIterator]();
		this.#readline.once("close", () => {
			this.#isOpen = false;
			if (this.isTerminal) this.#leaveLine();
		});
		// Ctrl-C ends the input, as Ctrl-D does; the next one ends the process.
		this.#readline.on("SIGINT", () => this.close());
	}

	/** Asks for a line, on a terminal. */
	prompt(): void {
		if (this.isTerminal && this.#isOpen) this.#readline.prompt(true);
	}

	/** Prints what the peer sent. Returns false as `stream.write` does. */
	message(line: string): boolean {
		return this.#print(line, process.stdout);
	}

	/** Prints what is said about the connection: on a terminal in between, else beside. */
	note(line: string): void {
		this.#print(`* ${line}`, this.isTerminal ? process.stdout : process.stderr);
	}

	#print(line: string, stream: NodeJS.WriteStream): boolean {
		if (!this.isTerminal || !this.#isOpen) return stream.write(`${line}\n`);
		// The line that is being typed may take several rows: over all of them, and again below.
		moveCursor(stream, 0, -this.#readline.getCursorPos().rows);
		cursorTo(stream, 0);
		clearScreenDown(stream);
		const hasRoom = stream.write(`${line}\n`);
		this.#readline.prompt(true);
		return hasRoom;
	}

	/** Goes to the start of a line: over a prompt, below what was being typed. */
	#leaveLine(): void {
		if (this.#readline.line !== "") process.stdout.write("\n");
		cursorTo(process.stdout, 0);
		clearScreenDown(process.stdout);
	}

	/** Ends the input. */
	close(): void {
		if (!this.#isOpen) return;
		this.#readline.close();
		// A pipe that stays open would keep the process.
		if (!this.isTerminal) process.stdin.destroy();
	}
}

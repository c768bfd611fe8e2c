/** A real terminal to run programs in: tmux, with a server of its own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Why there is no terminal, or undefined where there is one. On a CI machine there has to be one. */
export function terminalMissing(): string | undefined {
	try {
		execFileSync("tmux", ["-V"], { stdio: "ignore" });
		return undefined;
	} catch {
		const reason = "tmux is not installed";
		if (process.env.CI === "true") throw new Error(reason);
		return reason;
	}
}

export class Terminal {
	readonly #folder = mkdtempSync(join(tmpdir(), "ws-tmux-"));

	/** Runs a command, and when it has ended prints its exit code. */
	constructor(command: string[], columns = 80) {
		const quoted = command.map((word) => `'${word}'`).join(" ");
		this.#tmux(
			...["-f", "/dev/null", "new-session", "-d"],
			...["-x", String(columns), "-y", "24"],
			// It stays until the test has read it.
			`${quoted}; echo "exit code $?"; exec cat`,
		);
	}

	#tmux(...args: string[]): string {
		const socket = join(this.#folder, "s");
		return execFileSync("tmux", ["-S", socket, ...args], { encoding: "utf8" });
	}

	/** What it shows, without the empty rest. */
	get screen(): string {
		return this.#tmux("capture-pane", "-p").trimEnd();
	}

	/** The title a program may set. */
	get title(): string {
		return this.#tmux("display-message", "-p", "#{pane_title}").trim();
	}

	/** Presses keys, each a letter, a word like Enter or C-c, or a text. */
	press(...keys: string[]): void {
		this.#tmux("send-keys", ...keys);
	}

	/** Waits until the screen matches. */
	async shows(pattern: RegExp): Promise<string> {
		for (let attempt = 0; attempt < 300; attempt++) {
			const { screen } = this;
			if (pattern.test(screen)) return screen;
			await delay(50);
		}
		throw new Error(`the terminal never showed ${pattern}:\n${this.screen}`);
	}

	close(): void {
		this.#tmux("kill-server");
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

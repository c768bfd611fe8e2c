import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";

/** Why no browser can be started, or null where one can. */
export const missingChromium: string | null = existsSync(executablePath)
	? null
	: `there is no Chromium at ${executablePath}; install it, or name one in CHROMIUM`;

/** The system's Chromium, headless, and quiet on the network. `args` are added to its command line. */
export function launchChromium(args: string[] = []): Promise<Browser> {
	return chromium.launch({
		executablePath,
		args: [
			"--no-sandbox",
			"--disable-gpu",
			"--disable-quic",
			"--no-first-run",
			"--disable-background-networking",
			"--disable-component-update",
			"--disable-sync",
			...args,
		],
	});
}

/** The Chromium that drives the browser tests: that of the system, never a download. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const names = [
	"chromium",
	"chromium-browser",
	"google-chrome",
	"google-chrome-stable",
	"chrome",
];

/** @returns {string[]} */
function candidates() {
	const folders = [
		"/usr/bin",
		...(process.env.PATH ?? "").split(delimiter).filter(Boolean),
	];
	const programs = process.env.PROGRAMFILES ?? "C:\\Program Files";
	return [
		...folders.flatMap((folder) => names.map((name) => join(folder, name))),
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
		"/Applications/Chromium.app/Contents/MacOS/Chromium",
		join(programs, "Google", "Chrome", "Application", "chrome.exe"),
	];
}

/**
 * The path of a Chromium: that of the environment variable CHROMIUM, else the first one found.
 *
 * @returns {string | undefined}
 */
export function findChromium() {
	if (process.env.CHROMIUM) {
		return existsSync(process.env.CHROMIUM) ? process.env.CHROMIUM : undefined;
	}
	return candidates().find((path) => existsSync(path));
}

/** The WebSocket of web pages, in a real Chromium, talks with our server as the libraries in ../interop do. */
import type { Browser } from "playwright-core";
import { talkWith } from "../interop/talk.js";
import { certificate, publicKeyHash } from "../support/certificate.js";
import { launchChromium, missingChromium } from "./chromium.js";
import { PeerPage } from "./peer-page/peer-page.js";

const lacks = {
	pings: "no API for pings",
	pingEvents: "no event for a ping",
	fragments: "no API for fragments",
	headers: "no API for headers",
	closeCodes: "no close codes but 1000 and 3000–4999",
};

const peer = new PeerPage(lacks);
let browser: Browser | undefined;
let version = "";

/** Command-line arguments that make Chromium trust the test's certificate and no other. */
function trust(): string[] {
	const made = certificate();
	return "reason" in made
		? []
		: [`--ignore-certificate-errors-spki-list=${publicKeyHash(made.cert)}`];
}

talkWith({
	name: "Chromium",
	version: () => version,
	roles: ["server"],
	lacks,
	missing: missingChromium,
	isRequired: process.env.CI === "true",
	async start() {
		browser = await launchChromium(trust());
		version = browser.version();
		await peer.start(await browser.newPage());
	},
	async stop() {
		await browser?.close();
		peer.stop();
	},
	library: (bench) => peer.remote.library(bench),
});

import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const TYPES = {
	html: "text/html; charset=utf-8",
	css: "text/css; charset=utf-8",
	mjs: "text/javascript; charset=utf-8",
	svg: "image/svg+xml",
};

/** All that is served from public/. The path of a request is looked up here and never reaches the file system. */
const FILES = new Map(
	[
		"index.html",
		"style.css",
		"favicon.svg",
		"main.mjs",
		"dom.mjs",
		"server.mjs",
		"channel.mjs",
		"status.mjs",
		"scream.mjs",
		"chat.mjs",
		"upload.mjs",
		"ping.mjs",
		"speed.mjs",
		"flood-worker.mjs",
		"plot.mjs",
		"inspector.mjs",
	].map((name) => [`/${name}`, loadFile(name)]),
);
FILES.set("/", FILES.get("/index.html"));

function loadFile(name) {
	return {
		type: TYPES[name.slice(name.lastIndexOf(".") + 1)],
		body: readFileSync(new URL(`../public/${name}`, import.meta.url)),
	};
}

/**
 * The HTTP server of the page: its files, /config.json (ports and engines) and /stats.json (what the echo endpoints and
 * the process have done so far).
 *
 * @param facts filled in while the playground starts, read at each request
 */
export function createPageServer(facts) {
	return createServer((request, response) => {
		request.resume();
		secure(response, request.headers.host, facts);
		if (request.method !== "GET" && request.method !== "HEAD") {
			response.setHeader("Allow", "GET, HEAD");
			return answer(response, 405, "text/plain", "Method not allowed\n");
		}
		const path = request.url.split("?", 1)[0];
		if (path === "/config.json") return answerJson(response, config(facts));
		if (path === "/stats.json") return answerJson(response, stats(facts));
		const file = FILES.get(path);
		if (file === undefined)
			return answer(response, 404, "text/plain", "Not found\n");
		return answer(response, 200, file.type, file.body);
	});
}

function config({ defaultEngine, engines, unavailable }) {
	return { defaultEngine, engines, unavailable };
}

function stats({ echoed }) {
	const { user, system } = process.cpuUsage();
	return { cpuMicroseconds: user + system, echoed };
}

function answerJson(response, value) {
	answer(response, 200, "application/json", JSON.stringify(value));
}

function answer(response, status, type, body) {
	response.writeHead(status, {
		"Content-Type": type,
		"Content-Length": Buffer.byteLength(body),
	});
	response.end(body);
}

function secure(response, host, { engines }) {
	const name = hostName(host);
	const sockets = engines.map(({ port }) => `ws://${name}:${port}`).join(" ");
	response.setHeader(
		"Content-Security-Policy",
		`default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; ` +
			`connect-src 'self' ${sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
	);
	response.setHeader("X-Content-Type-Options", "nosniff");
	response.setHeader("Referrer-Policy", "no-referrer");
	response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
	response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
	response.setHeader("Cache-Control", "no-store");
}

/** The name the visitor used, for connect-src. `*` where it cannot stand there: CSP has no form for IPv6 addresses. */
function hostName(host = "") {
	const match = /^([a-z0-9.-]+)(?::\d+)?$/i.exec(host);
	return match === null ? "*" : match[1];
}

// The playground: a page and the WebSocket servers it talks to. `npm start` runs this file.
//
//   PORT   port of the page, 8080 unless set; the next free one if it is taken, any free one for 0
//   HOST   address to listen on, 127.0.0.1 unless set
//
// The WebSocket servers (one for each engine) take the next free ports after the page's.
import { startPlayground } from "./server/playground.mjs";

function portFromEnvironment() {
	const text = process.env.PORT || "8080";
	const port = Number(text);
	if (!/^\d+$/.test(text) || port > 65535) {
		console.error(`PORT should be a number from 0 to 65535, not ${text}`);
		process.exit(1);
	}
	return port;
}

let playground;
try {
	playground = await startPlayground({
		port: portFromEnvironment(),
		host: process.env.HOST || "127.0.0.1",
	});
} catch (error) {
	console.error(`The playground could not start: ${error.message}`);
	process.exit(1);
}

const labels = { native: "native (Rust)", typescript: "typescript" };
for (const { name, port } of playground.engines)
	console.log(`Engine ${labels[name]}: serves on port ${port}`);
for (const { name, reason } of playground.unavailable)
	console.log(`Engine ${labels[name]}: ${reason}`);
console.log(`Playground: ${playground.url}`);

let leaving = false;
async function leave(signal) {
	if (leaving) return;
	leaving = true;
	console.log(`${signal}: closing`);
	await playground.close();
	process.exit(0);
}
for (const signal of ["SIGINT", "SIGTERM"])
	process.on(signal, () => leave(signal));

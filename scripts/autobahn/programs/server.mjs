/** An echo server for the suite's fuzzing client. Prints the port it listens on, and runs until it is stopped. */
import { createServer } from "nodejs-websocket";
import { echo, options } from "./echo.mjs";

const server = createServer(options, echo).listen(0, "127.0.0.1", () => {
	const { port } = /** @type {import("node:net").AddressInfo} */ (
		server.socket.address()
	);
	process.stdout.write(`Listening on port ${port}\n`);
});

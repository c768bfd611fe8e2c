/** How many ports are tried, one after the other. */
const ATTEMPTS = 50;

/**
 * Makes `server` listen on `port`, or on the next free port after it.
 *
 * @param server emits 'listening' and 'error', and has `listen(port, host)`
 * @param socket the net.Server underneath, asked for the port
 * @returns the port it listens on
 * @throws the error of `listen`, where it is not that the port is taken
 */
export async function listenOnFreePort(server, socket, port, host) {
	for (let candidate = port; ; candidate++) {
		const error = await attempt(server, candidate, host);
		if (error === null) return socket.address().port;
		const more = candidate < port + ATTEMPTS && candidate < 65535;
		if (error.code !== "EADDRINUSE" || !more) throw error;
	}
}

function attempt(server, port, host) {
	return new Promise((resolve) => {
		const settle = (outcome) => {
			server.off("listening", listening);
			server.off("error", failed);
			resolve(outcome);
		};
		const listening = () => settle(null);
		const failed = (error) => settle(error);
		server.on("listening", listening);
		server.on("error", failed);
		server.listen(port, host);
	});
}
